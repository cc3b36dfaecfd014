"""The report in a terminal: verdicts, and the tables that sum it up."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ..document import Document, Paragraph, Plot, Statements, Status, Table, plain

__all__ = ["show"]

_STYLES: dict[Status, str] = {"passed": "green", "failed": "bold red", "not enough evidence": "yellow", "note": "dim"}
_LEFT_OUT = frozenset({"provenance", "figures"})


def show(document: Document, console: Console | None = None) -> None:
    """Print the report: each verdict in a line, each table; environment and single figures are left to the files."""
    target = console or Console(highlight=False)
    if console is None and not target.is_terminal:
        # Nobody reads it on a screen: `grep` wants whole lines.
        target.width = 10_000
        target.soft_wrap = True
    target.print(Text(plain(document.title), style="bold"))
    target.print(Text(plain(document.subtitle), style="dim"))
    if document.status:
        target.print(Text(plain(document.outcome), style=_STYLES[document.status]))
    for section in document.sections:
        if section.name in _LEFT_OUT:
            continue
        for block in section.blocks:
            if isinstance(block, Statements):
                for item in block.items:
                    line = Text(f"{item.status}: ", style=_STYLES[item.status])
                    line.append(plain(item.title), style="default")
                    line.append(f"  {plain(item.reason)}", style="dim")
                    target.print(line, soft_wrap=True)
            elif isinstance(block, Paragraph):
                target.print(Text(plain(block.text)), soft_wrap=True)
            elif isinstance(block, Table | Plot):
                table = block.table if isinstance(block, Plot) else block
                if not table.folded:
                    target.print()
                    target.print(_grid(table))


def _grid(table: Table) -> Grid:
    grid = Grid(title=Text(plain(table.caption), style="bold"), title_justify="left")
    for column in table.columns:
        grid.add_column(Text(plain(column.heading)), justify="right" if column.numeric else "left")
    for row in table.rows:
        cells: list[Text] = []
        for cell in row:
            style = "bold green" if cell.best or cell.tone == "good" else "red" if cell.tone == "bad" else ""
            text = Text(plain(cell.text), style=style)
            if cell.detail:
                text.append(f" ({plain(cell.detail)})", style="dim")
            cells.append(text)
        grid.add_row(*cells)
    return grid

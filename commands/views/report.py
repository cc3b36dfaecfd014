"""A report in a terminal: the files that it was written to; else verdicts, and the tables that sum it up."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...reports import Document, Paragraph, Plot, ReportResult, Statements, Status, Table, plain
from .console import console_of, say
from .fitting import print_table

__all__ = ["print_document", "print_report"]

_STYLES: dict[Status, str] = {"passed": "green", "failed": "bold red", "not enough evidence": "yellow", "note": "dim"}
_LEFT_OUT = frozenset({"provenance", "figures"})


def print_report(result: ReportResult) -> None:
    """Print what was written, or the report where nothing was."""
    for path in result.paths:
        say(str(path))
    if not result.paths:
        print_document(result.document, console_of())


def print_document(document: Document, console: Console) -> None:
    """Print each verdict in a line, and each table; environment and single figures are left to the files."""
    console.print(Text(plain(document.title), style="bold"))
    console.print(Text(plain(document.subtitle), style="dim"))
    if document.status:
        console.print(Text(plain(document.outcome), style=_STYLES[document.status]))
    for section in document.sections:
        if section.name in _LEFT_OUT:
            continue
        for block in section.blocks:
            if isinstance(block, Statements):
                for item in block.items:
                    line = Text(f"{item.status}: ", style=_STYLES[item.status])
                    line.append(plain(item.title), style="default")
                    line.append(f"  {plain(item.reason)}", style="dim")
                    console.print(line)
            elif isinstance(block, Paragraph):
                console.print(Text(plain(block.text)))
            elif isinstance(block, Table | Plot):
                table = block.table if isinstance(block, Plot) else block
                if not table.folded:
                    console.print()
                    print_table(table, console)

"""A report in a terminal: the files that it was written to; else verdicts, and the tables that sum it up."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from ...reports import Block, Document, Paragraph, Plot, ReportResult, Statement, Statements, Status, Table, plain
from .compare import NAMING
from .console import console_of, say
from .fitting import print_banded, print_table

__all__ = ["print_document", "print_report"]

_STYLES: dict[Status, str] = {"passed": "green", "failed": "bold red", "not enough evidence": "yellow", "note": "dim"}
_LEFT_OUT = frozenset({"provenance", "figures"})
_HEAD = 5
"""Lines of a screen for the title, the outcome, what is left out, and the next prompt."""


def print_report(result: ReportResult) -> None:
    """Print what was written, or the report where nothing was."""
    for path in result.paths:
        say(str(path))
    if not result.paths:
        print_document(result.document, console_of())


def print_document(document: Document, console: Console) -> None:
    """Print each verdict in a line, and each table; environment and single figures are left to the files.

    On a terminal it fits one screen: what does not is counted in its last line.
    """
    console.print(Text(plain(document.title), style="bold"))
    console.print(Text(plain(document.subtitle), style="dim"))
    if document.status:
        console.print(Text(plain(document.outcome), style=_STYLES[document.status]))
    blocks = [block for section in document.sections if section.name not in _LEFT_OUT for block in section.blocks]
    left, more = console.height - _HEAD if console.is_terminal else math.inf, 0
    for block in blocks:
        for part in _parts(block):
            with console.capture() as captured:
                _print_part(part, console)
            text = captured.get()
            # Once something is left out, so is all behind it: what comes first matters most.
            if more or (lines := text.count("\n")) > left:
                more += 1
                continue
            left -= lines
            console.file.write(text)
    if more:
        console.print(Text(f"{more} more verdicts and tables: -o report.html", style="dim"))


def _parts(block: Block) -> Sequence[Statement | Paragraph | Table]:
    """Return what is printed of a block, each whole or not at all."""
    if isinstance(block, Statements):
        return block.items
    if isinstance(block, Paragraph):
        return [block]
    table = block.table if isinstance(block, Plot) else block if isinstance(block, Table) else None
    return [table] if table and not table.folded else []


def _print_part(part: Statement | Paragraph | Table, console: Console) -> None:
    if isinstance(part, Statement):
        line = Text(f"{part.status}: ", style=_STYLES[part.status])
        line.append(plain(part.title), style="default")
        line.append(f"  {plain(part.reason)}", style="dim")
        console.print(line)
    elif isinstance(part, Paragraph):
        console.print(Text(plain(part.text)))
    else:
        console.print()
        if any(column.title in NAMING for column in part.columns):
            print_banded(part, NAMING, console)
        else:
            print_table(part, console)

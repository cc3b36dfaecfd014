"""A comparison of what can be deployed on the terminal: the pick first, then the table, then where things lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from ...reports import Table, deployment_document
from .console import console_of
from .fitting import print_banded, print_lines

if TYPE_CHECKING:
    from ...core import BenchRecord
    from ...workflow import DeploymentResult

__all__ = ["NAMING", "print_candidates", "print_deployment"]

NAMING = ("stored as", "computed in", "device", "instructions")
"""Titles of columns that name a row, beside the first one."""


def print_candidates(records: Sequence[BenchRecord], console: Console) -> None:
    """Print the table of each record's candidates."""
    for section in deployment_document(records).sections:
        for block in section.blocks:
            if isinstance(block, Table):
                print_banded(block, NAMING, console)
                console.print()


def print_deployment(result: DeploymentResult, kept: Sequence[str], console: Console | None = None) -> None:
    """Print what to deploy and why, the tables, what was not shown, and last the folder of what was made."""
    out = console or console_of()
    print_candidates(result.records, out)
    for table in result.tables:
        for each in table.open:
            print_lines(each, out)
        for row in table.rows:
            for note in row.notes:
                print_lines(f"note: {row.name}: {note}", out)
    for note in result.notes:
        print_lines(f"note: {note}", out)
    for table in result.tables:
        print_lines(table.sentence, out)
    for sentence in kept:
        print_lines(sentence, out)
    print_lines(f"variants: {result.folder}", out)

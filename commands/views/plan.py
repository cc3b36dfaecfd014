"""A plan on the terminal: the finalists, what was given up and why, and last what to deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from .compare import print_candidates
from .console import console_of
from .fitting import print_lines

if TYPE_CHECKING:
    from ...workflow import PlanResult

__all__ = ["print_plan"]


def print_plan(result: PlanResult, console: Console | None = None) -> None:
    """Print the table of the finalists, why others are not among them, and the pick with its folder."""
    out = console or console_of()
    print_candidates(result.records, out)
    for each in result.tried:
        if each.given_up:
            print_lines(f"given up: {each.variant}: {each.given_up}", out)
    for each in result.table.open:
        print_lines(each, out)
    print_lines(result.sentence, out)
    if result.pick is not None:
        print_lines(f"deploy: {result.pick.folder}", out)
    print_lines(f"plan: {result.folder}", out)

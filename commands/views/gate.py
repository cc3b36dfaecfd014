"""Gates' verdicts on the terminal, a line each."""

from __future__ import annotations

from ...reports import GateResult, one_line
from .console import console_of
from .fitting import print_lines

__all__ = ["print_verdicts"]


def print_verdicts(result: GateResult) -> None:
    """Print what came of each limit, what it is about, and why."""
    for verdict in result.verdicts:
        print_lines(one_line(verdict), console_of())

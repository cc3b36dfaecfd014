"""A build as the command line prints it: a line for each stage, then how many ran."""

from __future__ import annotations

import sys

from ...workflow import BuildResult, StageOutcome
from .console import say

__all__ = ["print_build", "tell_stage"]


def tell_stage(what: object) -> None:
    """Print what became of a stage; on a terminal, on stderr, also that one begins."""
    if isinstance(what, StageOutcome):
        code = f", exit code {what.exit_code}" if what.exit_code else ""
        say(f"{what.state:7} {what.stage.name}: {what.reason}{code}", err=what.state == "failed")
    elif sys.stderr.isatty():
        say(f"{what} …", err=True)


def print_build(made: BuildResult) -> None:
    """Print how many stages ran, are due, or were kept."""
    counts = {state: sum(outcome.state == state for outcome in made.outcomes) for state in ("ran", "due", "kept")}
    say(", ".join(f"{count} {state}" for state, count in counts.items() if count))

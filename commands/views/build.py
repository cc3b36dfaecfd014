"""A build as the command line prints it: a line for each stage, then how many ran."""

from __future__ import annotations

from ...workflow import BuildResult, StageOutcome, StageStart
from .console import say

__all__ = ["print_build", "tell_stage"]


def tell_stage(what: object) -> None:
    """Print what became of a stage, and on stderr that one begins."""
    if isinstance(what, StageOutcome):
        code = f", exit code {what.exit_code}" if what.exit_code else ""
        say(f"{what.state:7} {what.stage.name}: {what.reason}{code}", err=what.state == "failed")
    elif isinstance(what, StageStart):
        say(f"{what.number} of {what.total}: {what.stage.name} …", err=True)


def print_build(made: BuildResult) -> None:
    """Print how many stages ran, are due, were kept or not done, and where the report is."""
    states = ("ran", "due", "kept", "failed", "skipped")
    counts = {state: sum(outcome.state == state for outcome in made.outcomes) for state in states}
    say(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    reports = [outcome for outcome in made.outcomes if outcome.stage.always and outcome.state in {"ran", "kept"}]
    for path in (path for outcome in reports for path in outcome.stage.outputs if path.is_file()):
        say(f"report: {path}")

"""A build as the command line prints it: a line for each stage, then how many ran."""

from __future__ import annotations

from ...core import GateRecord, load_records
from ...reports import print_annotations, print_error
from ...workflow import BuildResult, StageOutcome, StageStart
from .console import say

__all__ = ["print_build", "tell_stage"]


def tell_stage(what: object) -> None:
    """Print what became of a stage, and on stderr that one begins."""
    if isinstance(what, StageOutcome):
        code = f", exit code {what.exit_code}" if what.exit_code else ""
        _annotate(what)
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


def _annotate(outcome: StageOutcome) -> None:
    """Tell a workflow of GitHub what failed, each verdict at its gate."""
    if not outcome.exit_code:
        return
    records = [path for path in outcome.stage.outputs if path.suffix == ".json" and outcome.state != "failed"]
    verdicts = [v for record in load_records(records) if isinstance(record, GateRecord) for v in record.verdicts]
    if verdicts:
        print_annotations(verdicts)
    else:
        print_error(outcome.stage.name, outcome.reason)

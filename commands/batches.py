"""What the commands over images share: the plan, the run, and the options that its record keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pydantic import JsonValue

    from ..cluster import Summary
    from ..infer import Batch, Pipeline

__all__ = ["end_on_ray", "options_of", "plan", "run_planned"]


def plan(inputs: list[str], out: Path, extension: str, quality: int | None, *, only_mask: bool = False) -> Batch:
    """Find the inputs and name the results, before a model is opened."""
    from ..infer import OutputSettings, plan_batch

    settings = OutputSettings(extension=f".{extension.lstrip('.')}", only_mask=only_mask, quality=quality)
    return plan_batch(inputs, out, settings)


def run_planned(
    context: typer.Context,
    batch: Batch,
    pipeline: Pipeline,
    report: Path | None,
    jobs: int | None,
    *,
    resume: bool,
    verbose: bool = False,
    max_failures: int = 0,
) -> None:
    """Run what was planned, print and write what it took, and exit with the code for what became of it."""
    from ..infer import exit_code_of, open_manifest, record_of, run_batch, workers_for
    from .views.run import follow_run, print_run

    options = options_of(context)
    manifest = open_manifest(batch, pipeline, options) if resume else None
    outcomes = follow_run(run_batch(batch, pipeline, jobs=jobs, manifest=manifest), len(batch.inputs))
    # A record holds the models' hashes: of one image, most of the time would go there.
    if report or verbose or len(outcomes) > 1:
        record = record_of(outcomes, pipeline, options, workers_for(batch, pipeline, jobs))
        print_run(record, stages=verbose or report is not None)
        if report:
            record.write(report)
    raise typer.Exit(exit_code_of(outcomes, max_failures))


def options_of(context: typer.Context) -> dict[str, JsonValue]:
    """Return the running command and those of its options that results depend on; models count by their hashes."""
    without = {"context", "inputs", "out", "model", "sr", "record", "jobs", "resume", "offline", "verbose"}
    without |= {"engine", "address", "actor_cpus", "max_failures"}
    chosen = {name: value for name, value in sorted(context.params.items()) if name not in without}
    return {"command": context.command.name, **{name: _plain(value) for name, value in chosen.items()}}


def _plain(value: object) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def end_on_ray(
    context: typer.Context, summary: Summary, seconds: float, record: Path | None, *, address: str | None
) -> None:
    """Print what came of a run on many machines, and write its record where one is asked for."""
    from .views.run import print_cluster

    print_cluster(summary, seconds)
    if record:
        summary.record(seconds, address or "local", options_of(context)).write(record)

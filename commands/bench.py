"""The command `bench`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .. import bench
from .options import ModelArguments, Quiet
from .settings_options import takes_settings
from .views.console import say

__all__ = ["bench_app", "register"]

EXIT_HELP = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 a candidate did not execute what was asked for, 5 some candidates "
    "could not be measured."
)

MEASURE = "run"
"""The command that `mattekit bench MODEL…` means."""


class _MeasureUnlessNamed(TyperGroup):
    """A group whose first word may be left out: what is no command of the group is what `run` measures, or its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` in front, unless a command is named."""
        if args and args[0] not in self.commands:
            args = [MEASURE, *args]
        return super().parse_args(ctx, args)


bench_app = typer.Typer(
    cls=_MeasureUnlessNamed,
    no_args_is_help=True,
    help="Measure latency per device, interleaved, with evidence: mattekit bench MODEL… (run may be left out).",
)


def register(app: typer.Typer) -> None:
    """Add `bench` to the main application; other modules add their commands to `bench_app`."""
    app.add_typer(bench_app, name="bench", rich_help_panel="Evidence")


@bench_app.command(MEASURE, epilog=EXIT_HELP)
@takes_settings(bench.BenchmarkSettings)
def run(
    models: ModelArguments,
    *,
    settings: bench.BenchmarkSettings,
    record: Annotated[
        Path | None,
        typer.Option("--record", "-o", help="File for what was measured; else it is kept in the cache."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Measure models on devices, runtimes and settings, in interleaved rounds, each in a process of its own.

    Two records are compared by: mattekit bench compare BEFORE AFTER
    """
    from .views.bench import print_benchmark
    from .views.progress import ProgressBar

    with ProgressBar(show=not quiet) as bar:
        result = bench.run_benchmark(models, replace(settings, progress=bar.counts))
    # Written first: a table that cannot be printed must not lose the measurement.
    kept = bench.keep(result.record, record)
    print_benchmark(result.record)
    for verdict in result.verdicts:
        say(verdict.sentence)
    say(kept.sentence)
    if kept.error is not None:
        raise kept.error
    raise typer.Exit(result.exit_code)

"""The command `bench`."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .. import bench, reports
from .options import JunitOption, MarkdownOption, ModelArguments, Quiet
from .settings_options import takes_settings
from .views.console import say

__all__ = ["bench_app", "register"]

EXIT_HELP = (
    "Exit codes: 0 done, and gates passed, 1 error, 2 wrong usage, 3 a candidate executed something else than asked, "
    "or is slower than a gate allows, 4 not enough evidence for a gate, 5 some candidates could not be measured."
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
    gate: Annotated[Path | None, typer.Option(help="A TOML file of gates for what is measured.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="A record that the gates compare with, or a folder of them; repeatable.")
    ] = None,
    budget: Annotated[
        float, typer.Option(help="Seconds to go on with more rounds for, until every gate is decided.", min=0)
    ] = 0,
    allow: Annotated[str, typer.Option(help="What times may be that a gate judges: machine,noise; as gate's.")] = "",
    junit: JunitOption = None,
    markdown: MarkdownOption = None,
    quiet: Quiet = False,
) -> None:
    """Measure models on devices, runtimes and settings, in interleaved rounds, each in a process of its own.

    Two records are compared by: mattekit bench compare BEFORE AFTER
    """
    from .views.bench import print_benchmark
    from .views.gate import print_verdicts
    from .views.progress import ProgressBar

    judged = bench.GateSettings(baseline=tuple(against or ()), allow=allow)  # pyright: ignore[reportArgumentType]
    with reports.published_errors(junit=junit, markdown=markdown) if gate else nullcontext():
        gates = bench.read_gates(gate) if gate else ()
        with ProgressBar(show=not quiet) as bar:
            enough = reports.decided_by(gates, judged, budget)
            result = bench.benchmark_until(models, replace(settings, progress=bar.counts), enough)
    # Written first: a table that cannot be printed must not lose the measurement.
    kept = bench.keep(result.record, record)
    print_benchmark(result.record)
    for verdict in result.verdicts:
        say(verdict.sentence)
    say(kept.sentence)
    verdicts = reports.run_gates(result.record, gate, judged) if gate else None
    if verdicts is not None:
        print_verdicts(verdicts)
        verdicts.publish(junit=junit, markdown=markdown)
    if kept.error is not None:
        raise kept.error
    raise typer.Exit(result.exit_code or (verdicts.exit_code if verdicts else 0))

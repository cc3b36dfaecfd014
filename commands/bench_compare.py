"""The command `bench compare`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from .. import bench, reports
from .options import JunitOption, MarkdownOption
from .settings_options import takes_settings

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 done; gates passed, 1 the records cannot be compared, 2 wrong usage, 3 slower than a gate \
allows, 4 not enough evidence for a gate."


def register(app: typer.Typer) -> None:
    """Add `compare` to the group of benchmarks."""
    app.command(epilog=EXIT_HELP)(compare)


@takes_settings(bench.ComparisonSettings)
def compare(
    before: Annotated[Path, typer.Argument(help="A benchmark's record.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Another one, of the same candidates.", show_default=False)],
    *,
    settings: bench.ComparisonSettings,
    gate: Annotated[
        Path | None, typer.Option(help="A TOML file of gates with max_ratio; the first record is the baseline.")
    ] = None,
    record: Annotated[Path | None, typer.Option("--record", "-o", help="File for the comparison.")] = None,
    junit: JunitOption = None,
    markdown: MarkdownOption = None,
) -> None:
    """Compare two benchmarks: what became faster or slower, and what cannot be told."""
    from .views.bench_compare import print_comparison
    from .views.gate import print_verdicts

    with reports.published_errors(junit=junit, markdown=markdown) if gate else nullcontext():
        if gate:
            # A mistake in it is found before anything is compared.
            bench.read_gates(gate)
        result = bench.run_comparison(before, after, settings)
    if record:
        result.record.write(record)
    print_comparison(result.record)
    if gate:
        across = bench.GateSettings(baseline=(before,), allow=("machine",) if "machine" in settings.allow else ())
        judged = reports.run_gates(after, gate, across)
        print_verdicts(judged)
        judged.publish(junit=junit, markdown=markdown)
        raise typer.Exit(judged.exit_code)

"""The command `bench compare`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 done; gates passed, 1 the records cannot be compared, 2 wrong usage, 3 slower than a gate \
allows, 4 not enough evidence for a gate."


def register(app: typer.Typer) -> None:
    """Add `compare` to the group of benchmarks."""
    app.command(epilog=EXIT_HELP)(compare)


def compare(
    before: Annotated[Path, typer.Argument(help="A benchmark's record.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Another one, of the same candidates.", show_default=False)],
    *,
    gate: Annotated[
        Path | None, typer.Option(help="A TOML file of gates with max_ratio; the first record is the baseline.")
    ] = None,
    allow: Annotated[
        str | None, typer.Option(help="In what the two may differ: machine,software,settings, or some of them.")
    ] = None,
    record: Annotated[Path | None, typer.Option("--record", "-o", help="Write the comparison to this file.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the gates' verdicts as JUnit XML.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the gates' verdicts as Markdown.")] = None,
) -> None:
    """Compare two benchmarks: what became faster or slower, and what cannot be told."""
    from ..bench import compare_records, gates_exit_code, judge, parse_aspects, read_gates
    from ..core import BenchRecord, read_record
    from ..reports import one_line, publish
    from .views.bench_compare import print_comparison
    from .views.console import console_of
    from .views.fitting import print_lines

    gates = read_gates(gate) if gate else ()
    old, new = read_record(before, BenchRecord), read_record(after, BenchRecord)
    allowed = parse_aspects(allow)
    found = compare_records(old, new, allow=allowed, names=(str(before), str(after)))
    if record:
        found.write(record)
    print_comparison(found)
    if gates:
        verdicts = judge(gates, [new], [old], across_machines="machine" in allowed)
        for verdict in verdicts:
            print_lines(one_line(verdict), console_of())
        publish(verdicts, gates=gate, junit=junit, markdown_file=markdown)
        raise typer.Exit(gates_exit_code(verdicts))

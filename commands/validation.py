"""The command `gate`: parse → call functions → print → exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..bench import Gate
    from ..core import Record

__all__ = [
    "EXIT_HELP",
    "BaselineOption",
    "GateOption",
    "JsonOption",
    "JunitOption",
    "MarkdownOption",
    "gates_of",
    "judged",
    "register",
]

EXIT_HELP = "Exit codes: 0 passed, 1 error, 2 wrong usage, 3 a gate failed, 4 not enough evidence."

GateOption = Annotated[Path | None, typer.Option("--gate", "--gates", help="A TOML file of gates.")]
BaselineOption = Annotated[
    list[Path] | None, typer.Option(help="A record of an earlier validation, for drops; repeatable.")
]
JunitOption = Annotated[Path | None, typer.Option(help="Write the verdicts as JUnit XML.")]
MarkdownOption = Annotated[Path | None, typer.Option(help="Write the verdicts as Markdown.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the verdicts as a JSON record.")]


def register(app: typer.Typer) -> None:
    """Add `gate` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    def gate(
        records: Annotated[list[Path], typer.Argument(help="Records, or folders of them.", show_default=False)],
        *,
        gate: Annotated[Path, typer.Option("--gate", "--gates", help="A TOML file of gates.", show_default=False)],
        baseline: BaselineOption = None,
        junit: JunitOption = None,
        markdown: MarkdownOption = None,
        json_: JsonOption = None,
    ) -> None:
        """Judge saved records by gates, without running a model."""
        gates = gates_of(gate, baseline or [])
        from ..core import load_records

        raise typer.Exit(judged(gates, load_records(records), gate, (junit, markdown, json_)))


def gates_of(path: Path | None, baselines: list[Path]) -> tuple[tuple[Gate, ...], Sequence[Record]]:
    """Read gates, none where there is no file, and the records that they compare with."""
    from ..bench import read_gates
    from ..core import load_records

    return read_gates(path) if path else (), load_records(baselines)


def judged(
    gates: tuple[tuple[Gate, ...], Sequence[Record]],
    records: Sequence[Record],
    source: Path | None,
    targets: tuple[Path | None, Path | None, Path | None],
) -> int:
    """Judge records, print and write the verdicts, and return the exit code."""
    from ..bench import gates_exit_code, judge
    from ..reports import one_line, publish
    from .views.console import console_of
    from .views.fitting import print_lines

    verdicts = judge(gates[0], records, gates[1])
    for verdict in verdicts:
        print_lines(one_line(verdict), console_of())
    junit, markdown, json_ = targets
    publish(verdicts, gates=source, junit=junit, markdown_file=markdown, json_file=json_)
    return gates_exit_code(verdicts)

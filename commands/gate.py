"""The command `gate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import bench, reports
from .options import JsonOption, JunitOption, MarkdownOption
from .settings_options import takes_settings

__all__ = ["register"]

EXIT_HELP = (
    "Exit codes: 0 passed, 1 error, 2 wrong usage, also of the gates, 3 a gate failed or a model's file was changed, "
    "4 not enough evidence."
)


def register(app: typer.Typer) -> None:
    """Add `gate` to the main application."""
    app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)(gate)


@takes_settings(bench.GateSettings)
def gate(
    records: Annotated[list[Path], typer.Argument(help="Records, or folders of them.", show_default=False)],
    *,
    gate: Annotated[Path, typer.Option("--gate", "--gates", help="A TOML file of gates.", show_default=False)],
    settings: bench.GateSettings,
    junit: JunitOption = None,
    markdown: MarkdownOption = None,
    json_: JsonOption = None,
) -> None:
    """Judge saved records by gates, without running a model."""
    from .views.gate import print_verdicts

    with reports.published_errors(junit=junit, markdown=markdown, json=json_):
        result = reports.run_gates(records, gate, settings)
    print_verdicts(result)
    result.publish(junit=junit, markdown=markdown, json=json_)
    raise typer.Exit(result.exit_code)

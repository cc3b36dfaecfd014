"""The command `report`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..reports import ReportSettings
from .settings_options import Flag, takes_settings

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 done, whatever the verdicts, 1 error, 2 wrong usage."

_PATH = Flag(metavar="PATH")


def register(app: typer.Typer) -> None:
    """Add `report` to the main application."""
    app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)(report)


@takes_settings(ReportSettings, baseline=_PATH, gate=Flag(("--gate", "--gates"), metavar="PATH"), images=_PATH)
def report(
    records: Annotated[
        list[Path], typer.Argument(help="Records of any command, or folders of them.", show_default=False)
    ],
    *,
    out: Annotated[
        list[Path] | None,
        typer.Option("--out", "-o", help="An .html, .md, .csv, .json or .xlsx file; repeatable. Else the terminal."),
    ] = None,
    settings: ReportSettings,
) -> None:
    """Turn records into a report: one HTML file, Markdown, tables, or a summary here. Nothing is measured."""
    from ..reports import make_report
    from .views.report import print_report

    print_report(make_report(records, out or (), settings))

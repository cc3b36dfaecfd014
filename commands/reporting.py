"""The command `report`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .views.console import say

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 done, whatever the verdicts, 1 error, 2 wrong usage."


def register(app: typer.Typer) -> None:
    """Add `report` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    def report(
        records: Annotated[
            list[Path], typer.Argument(help="Records of any command, or folders of them.", show_default=False)
        ],
        *,
        out: Annotated[
            list[Path] | None,
            typer.Option(
                "--out", "-o", help="An .html, .md, .csv, .json or .xlsx file; repeatable. Else the terminal."
            ),
        ] = None,
        baseline: Annotated[
            list[Path] | None, typer.Option(help="An earlier record, to mark what changed; repeatable.")
        ] = None,
        gate: Annotated[
            Path | None, typer.Option("--gate", "--gates", help="A TOML file of gates, judged on the records.")
        ] = None,
        images: Annotated[
            list[Path] | None,
            typer.Option(help="A folder with results of a run, or its inputs, for the gallery; repeatable."),
        ] = None,
        title: Annotated[str, typer.Option(help="Of the report.")] = "Report",
    ) -> None:
        """Turn records into a report: one HTML file, Markdown, tables, or a summary here. Nothing is measured."""
        from ..reports import ReportRequest, check_format, make_report, write_report
        from .views.console import console_of
        from .views.report import show

        for path in out or []:
            check_format(path)
        made = make_report(
            ReportRequest(
                records=tuple(records),
                baselines=tuple(baseline or ()),
                gates=gate,
                images=tuple(images or ()),
                title=title,
            )
        )
        for path in out or []:
            for written in write_report(made, path):
                say(str(written))
        if not out:
            show(made.document, console_of())

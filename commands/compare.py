"""The command `compare`: parse → call a function → print → exit code."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .. import bench, reports, workflow as room
from .bench import EXIT_HELP
from .options import ModelArguments, Quiet
from .settings_options import Flag, takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `compare` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=EXIT_HELP)
    @takes_settings(room.DeploymentSettings, data=Flag(required=True, metavar="DATA"))
    def compare(
        models: ModelArguments,
        *,
        settings: room.DeploymentSettings,
        out: Annotated[
            list[Path] | None,
            typer.Option(
                "--out", "-o", help="A .csv, .json, .md, .xlsx or .html file, or a .png of the answers; repeatable."
            ),
        ] = None,
        record: Annotated[
            Path | None, typer.Option("--record", help="File for what was measured; else it is kept in the cache.")
        ] = None,
        quiet: Quiet = False,
    ) -> None:
        """Make the variants of models, measure all in one run, and say in one table what to deploy."""
        from .views import compare as view
        from .views.progress import ProgressBar

        targets = [reports.checked_table_path(path) for path in out or ()]
        with ProgressBar(show=not quiet) as bar, tempfile.TemporaryDirectory() as folder:
            if any(target.suffix.lower() in reports.SHOWING for target in targets) and settings.answers is None:
                settings = replace(settings, answers=folder)
            result = room.run_deployment(models, replace(settings, progress=bar.counts))
            # Written first: a table that cannot be printed must not lose the measurement.
            kept = [bench.keep(each, record if len(result.records) == 1 else None) for each in result.records]
            for target in targets:
                result.write(target)
        reports.publish_deployment(result.records)
        view.print_deployment(result, [each.sentence for each in kept])
        for each in kept:
            if each.error is not None:
                raise each.error
        raise typer.Exit(result.exit_code)

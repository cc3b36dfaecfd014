"""The command `parity`: parse → call a function → print → exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .. import bench as room
from .options import ModelArguments, Quiet
from .settings_options import takes_settings

__all__ = ["register"]

BROKEN = 3
UNPROVEN = 4

EXIT_HELP = (
    "Exit codes: 0 every stage is within its limit, 1 error, 2 wrong usage, 3 a stage is beyond its limit, 4 not "
    "enough evidence: the masks are empty or even on every image."
)


def register(app: typer.Typer) -> None:
    """Add `parity` to the main application."""

    @app.command(rich_help_panel="Models", epilog=EXIT_HELP)
    @takes_settings(room.ParitySettings)
    def parity(
        models: ModelArguments,
        *,
        settings: room.ParitySettings,
        record: Annotated[Path | None, typer.Option(help="Write what was measured to this JSON file.")] = None,
        quiet: Quiet = False,
    ) -> None:
        """Run the same images through every stage, torch to INT8, and name the first that moves the answers."""
        from .views import parity as view, progress

        with progress.ProgressBar(show=not quiet) as bar:
            result = room.run_parity(models, replace(settings, progress=bar.counts))
        if record:
            result.record.write(record)
        view.print_parity(result, settings)
        if result.record.first_broken:
            raise typer.Exit(BROKEN)
        if result.record.first_unproven:
            raise typer.Exit(UNPROVEN)

"""The command `plan`: parse → call a function → print → exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .. import workflow as room
from .options import Quiet
from .settings_options import Flag, takes_settings

__all__ = ["register"]

_EXITS = (
    "Exit codes: 0 a variant to deploy was found; 3 it is shown that none keeps its word; 4 not enough evidence, with "
    "the number of samples that are needed."
)


def register(app: typer.Typer) -> None:
    """Add `plan` to the main application."""

    @app.command(rich_help_panel="Evidence", epilog=_EXITS)
    @takes_settings(room.PlanSettings, data=Flag(required=True, metavar="DATA"))
    def plan(
        model: Annotated[str, typer.Argument(help="A model: a zoo entry, a model's folder, or a network's file.")],
        *,
        settings: room.PlanSettings,
        out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the plan; what was stopped goes on there.")],
        quiet: Quiet = False,
    ) -> None:
        """Find the fastest variant of a model that keeps its accuracy on a device, and show that it does."""
        from .views import plan as view
        from .views.progress import ProgressBar

        with ProgressBar(show=not quiet) as bar:
            result = room.run_plan(model, out, replace(settings, progress=bar.counts))
        view.print_plan(result)
        raise typer.Exit(result.exit_code)

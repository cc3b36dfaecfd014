"""The command `export`: parse → call a function → print → exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from ..convert import ExportSettings
from .options import OutFolder
from .settings_options import takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `export` to the main application."""
    app.command(rich_help_panel="Models")(export)


@takes_settings(ExportSettings, without=("tell",))
def export(
    model: Annotated[
        str, typer.Argument(help="A model of the zoo, ID or ID@CHECKPOINT; see: mattekit models", show_default=False)
    ],
    *,
    out: OutFolder,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print what was written alone, and not each step.")
    ] = False,
    settings: ExportSettings,
) -> None:
    """Export a checkpoint to ONNX and OpenVINO IR, comparing each step with the one before on real images."""
    from ..convert import run_export
    from .views.export import ExportSteps, print_export

    with ExportSteps(quiet=quiet) as steps:
        made = run_export(model, out, replace(settings, progress=steps.bytes, tell=steps.tell))
    print_export(made, quiet=quiet)

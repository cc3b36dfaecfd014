"""The command `init`: parse → call a function → print → exit code."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from ..workflow import InitSettings
from .settings_options import Flag, takes_settings

__all__ = ["on_terminal", "register"]

EXIT_HELP = "Exit codes: 0 written and passed, 1 error, 2 wrong usage."


def register(app: typer.Typer) -> None:
    """Add `init` to the main application."""
    app.command(rich_help_panel="Workflow", epilog=EXIT_HELP)(init)


@takes_settings(InitSettings, out=Flag(("--out", "-o")))
def init(
    model: Annotated[
        str | None, typer.Argument(help="An id of the zoo, or a name for your own file.", show_default=False)
    ] = None,
    *,
    settings: InitSettings,
) -> None:
    """Write a recipe, gates and a GitHub workflow for a model, measured once, so that they pass on their first run."""
    from ..workflow import run_init
    from .views.build import tell_stage
    from .views.console import say

    if model is None:
        if not on_terminal():
            raise typer.BadParameter("give a model: an id of the zoo, such as mattelite, or a name with --weights FILE")
        model, settings = _asked(settings)
    made = run_init(model, settings, tell_stage)
    for path in made.written:
        say(str(path))
    say("commit these files; out/ is made by each run, and belongs into .gitignore")
    raise typer.Exit(made.exit_code)


def on_terminal() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty()


def _asked(settings: InitSettings) -> tuple[str, InitSettings]:
    """Ask for the model, and for what else was not given."""
    from ..convert import zoo

    usual = InitSettings()
    model = str(typer.prompt("Model: an id of the zoo, or a name for your own file", default="mattelite"))
    if settings.weights is None and model not in {spec.id for spec in zoo.list_models()}:
        settings = replace(settings, weights=str(typer.prompt("Its checkpoint, .onnx or .xml file")))
    if settings.data == usual.data:
        settings = replace(settings, data=str(typer.prompt("Photos with their truth", default=settings.data)))
    if not settings.int8:
        settings = replace(settings, int8=typer.confirm("Quantize it to INT8 too?", default=False))
    return model, settings

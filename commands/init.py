"""The command `init`: parse → call a function → print → exit code."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from ..workflow import InitSettings
from .settings_options import Flag, takes_settings

__all__ = ["register"]

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
        if not sys.stdin.isatty():
            raise typer.BadParameter("give a model: an id of the zoo, such as mattelite, or a name with --weights FILE")
        model = str(typer.prompt("Model (an id of the zoo, or a name for your own file)", default="mattelite"))
        settings = replace(settings, data=str(typer.prompt("Photos with their truth", default=settings.data)))
    made = run_init(model, settings, tell_stage)
    for path in made.written:
        say(str(path))
    say("commit these files; out/ is made by each run, and belongs into .gitignore")
    raise typer.Exit(made.exit_code)

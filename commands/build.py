"""The command `build`: parse → call a function → print → exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..workflow import BuildSettings
from .settings_options import Flag, takes_settings

__all__ = ["register"]

EXIT_HELP = (
    "Exit codes: 0 built, 1 error, 2 wrong usage, 3 a check or gate failed, 4 not enough evidence for one; with "
    "--check always 0 where the recipe is right."
)


def register(app: typer.Typer) -> None:
    """Add `build` to the main application."""
    app.command(rich_help_panel="Workflow", epilog=EXIT_HELP)(build)


@takes_settings(BuildSettings, without=("tell",), out=Flag(("--out", "-o")))
def build(
    recipe: Annotated[Path | None, typer.Argument(help="A TOML file.", show_default=False)] = None,
    *,
    record: Annotated[
        Path | None, typer.Option(help="Write what became of each stage, and how long it took, to this JSON file.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of recipes, for editors.")] = False,
    settings: BuildSettings,
) -> None:
    """Build a recipe, export to report, each stage only when it is due."""
    from ..workflow import run_build, schema_text
    from .views.build import print_build, tell_stage

    if schema:
        typer.echo(schema_text(), nl=False)
        return
    if recipe is None:
        raise typer.BadParameter("give a recipe, or --schema")
    made = run_build(recipe, replace(settings, tell=tell_stage))
    if record:
        made.record.write(record)
    print_build(made)
    raise typer.Exit(0 if settings.check else made.exit_code)

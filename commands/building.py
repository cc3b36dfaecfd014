"""The command `build`: parse → call a function → print → exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .views.console import say

if TYPE_CHECKING:
    from ..workflow import StageOutcome

__all__ = ["register"]

EXIT_HELP = (
    "Exit codes: 0 built, 1 error, 2 wrong usage, 3 a check or gate failed, 4 not enough evidence for one; with "
    "--check always 0 where the recipe is right."
)


def register(app: typer.Typer) -> None:
    """Add `build` to the main application."""

    @app.command(rich_help_panel="Workflow", epilog=EXIT_HELP)
    def build(
        recipe: Annotated[Path | None, typer.Argument(help="A TOML file.", show_default=False)] = None,
        *,
        check: Annotated[bool, typer.Option("--check", help="Only say what would run, and why.")] = False,
        update: Annotated[
            bool, typer.Option("--update", help="Accept weights and data sets that changed since the lock file.")
        ] = False,
        jobs: Annotated[int, typer.Option(min=1, help="Stages at once; benchmarks always run alone.")] = 1,
        out: Annotated[
            Path | None, typer.Option("--out", "-o", help="Folder for the results, not the recipe's.")
        ] = None,
        record: Annotated[
            Path | None, typer.Option(help="Write what became of each stage, and how long it took, to this JSON file.")
        ] = None,
        schema: Annotated[
            bool, typer.Option("--schema", help="Print the JSON Schema of recipes, for editors.")
        ] = False,
    ) -> None:
        """Build a recipe, export to report, each stage only when it is due."""
        from ..workflow import BuildRequest, build as build_recipe, schema_text

        if schema:
            typer.echo(schema_text(), nl=False)
            return
        if recipe is None:
            raise typer.BadParameter("give a recipe, or --schema")
        made = build_recipe(BuildRequest(recipe, check, update, jobs, out), _tell)
        if record:
            made.record.write(record)
        counts = {state: sum(outcome.state == state for outcome in made.outcomes) for state in ("ran", "due", "kept")}
        say(", ".join(f"{count} {state}" for state, count in counts.items() if count))
        raise typer.Exit(0 if check else made.exit_code)


def _tell(what: StageOutcome | str) -> None:
    if isinstance(what, str):
        if sys.stderr.isatty():
            sys.stderr.write(f"{what} …\n")
        return
    code = f", exit code {what.exit_code}" if what.exit_code else ""
    say(f"{what.state:7} {what.stage.name}: {what.reason}{code}", err=what.state == "failed")

"""The command `models`: parse → call a function → print → exit code."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson

__all__ = ["models_app", "register"]

models_app = typer.Typer(help="The zoo: list its models, show one, fetch its weights.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add `models` to the main application; other modules add their commands to `models_app`."""
    app.add_typer(models_app, name="models", rich_help_panel="Models")


@models_app.callback()
def models(
    context: typer.Context,
    as_json: AsJson = False,
    use: Annotated[
        str | None,
        typer.Option("--for", help="Those that suit portrait, product, anime or photo, the first to try first."),
    ] = None,
) -> None:
    """List the models."""
    if context.invoked_subcommand is None:
        from ..convert import list_models
        from .views.models import print_models

        print_models(list_models(use), as_json=as_json, ordered=use is not None)

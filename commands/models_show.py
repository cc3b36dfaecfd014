"""The command `models show`: parse → call a function → print → exit code."""

from __future__ import annotations

import typer

from .options import AsJson, ZooModel

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `show` to the commands of `models`."""
    app.command("show")(models_show)


def models_show(model: ZooModel, as_json: AsJson = False) -> None:
    """Show one model: contract, weights, licences, and its card where mattekit carries one."""
    from ..convert import get
    from .views.models import print_model

    print_model(get(model), as_json=as_json)

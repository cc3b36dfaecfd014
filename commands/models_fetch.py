"""The command `models fetch`: parse → call a function → print → exit code."""

from __future__ import annotations

import typer

from .options import Offline, ZooModel

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `fetch` to the commands of `models`."""
    app.command("fetch")(models_fetch)


def models_fetch(model: ZooModel, offline: Offline = False) -> None:
    """Download a model's weights into the cache and verify them."""
    from ..convert import fetch_weights
    from .views.models import print_fetched
    from .views.progress import ProgressBar

    with ProgressBar() as bar:
        fetched = fetch_weights(model, offline=offline, progress=bar.bytes)
    print_fetched(fetched)

"""The command `models fetch`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Offline, ZooModel

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `fetch` to the commands of `models`."""
    app.command("fetch")(models_fetch)


def models_fetch(
    model: ZooModel,
    offline: Offline = False,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A file that you fetched by other means: it is verified and kept.", metavar="FILE"),
    ] = None,
) -> None:
    """Download a model's weights into the cache and verify them.

    MATTEKIT_MIRROR names addresses or folders that are tried first (ID/FILENAME below them), HF_ENDPOINT another
    Hugging Face, and HTTPS_PROXY, SSL_CERT_FILE and REQUESTS_CA_BUNDLE are minded.
    """
    from ..convert import fetch_weights
    from .views.models import print_fetched
    from .views.progress import ProgressBar

    with ProgressBar() as bar:
        fetched = fetch_weights(model, source=source, offline=offline, progress=bar.bytes)
    print_fetched(fetched)

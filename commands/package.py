"""The command `package`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..package import PackageSettings
from .options import ModelArgument
from .settings_options import takes_settings

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add `package` to the main application."""
    app.command(rich_help_panel="Deploy")(package)


@takes_settings(PackageSettings)
def package(
    model: ModelArgument,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder or .zip to make.", show_default=False)],
    settings: PackageSettings,
) -> None:
    """Make a deployable folder: pixels of any size in, pixels out, with golden vectors, a card and a checker."""
    from ..package import make_package
    from .views.console import say

    say(str(make_package(model, out, settings).path))

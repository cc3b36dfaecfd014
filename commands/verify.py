"""The command `verify`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..package import VerifySettings
from .settings_options import takes_settings

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 the same answers, 1 the package cannot be used, 3 the answers differ."

_DIFFERS = 3


def register(app: typer.Typer) -> None:
    """Add `verify` to the main application."""
    app.command(rich_help_panel="Deploy", epilog=EXIT_HELP)(verify)


@takes_settings(VerifySettings)
def verify(
    folder: Annotated[Path, typer.Argument(help="A package or its archive, or a repository.", show_default=False)],
    *,
    record: Annotated[Path | None, typer.Option("--record", help="Write the differences to this JSON file.")] = None,
    settings: VerifySettings,
) -> None:
    """Replay a package's golden vectors on a device and compare with what was recorded."""
    from ..package import replay_packages
    from .views.verify import print_verification

    found = replay_packages(folder, settings)
    if record:
        found.record.write(record)
    print_verification(found)
    if not found.passed:
        raise typer.Exit(_DIFFERS)

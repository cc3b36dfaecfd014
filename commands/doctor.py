"""The command `doctor`: parse → call a function → print → exit code."""

from __future__ import annotations

import typer

from .options import AsJson

__all__ = ["register"]

EXIT_HELP = "Exit codes: 0 nothing is broken, 1 something is."


def register(app: typer.Typer) -> None:
    """Add `doctor` to the application."""
    app.command(rich_help_panel="Workflow", epilog=EXIT_HELP)(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Show devices, limits, load and packages; what is wrong, and what to install for what is missing."""
    from ..infer import diagnose
    from .views.doctor import print_diagnosis

    found = diagnose()
    print_diagnosis(found, as_json=as_json)
    raise typer.Exit(found.exit_code)

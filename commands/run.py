"""The command `run`: parse → call the function → print → exit code; and what its parts on their own share with it."""

from __future__ import annotations

from pathlib import Path

import typer

from ..infer import RunSettings
from .options import Inputs, OutAnywhere, Quiet, RecordFile, Verbose
from .settings_options import Flag, takes_settings

__all__ = ["SHOWN", "register", "run_and_exit"]

SHOWN = {
    "background": Flag(default="none"),
    "shadow": Flag(default="none"),
    "decontaminate": Flag(show_default="where the cut-out is enlarged or laid on something"),
    "memory": Flag(show_default=False),
    "outscale": Flag(show_default="the super-resolution model's"),
    "jobs": Flag(show_default="processors"),
    "address": Flag(show_default="one is started here"),
}
"""What the help says in place of a default that is None."""


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""

    @app.command(rich_help_panel="Images and video")
    @takes_settings(RunSettings, without=("only_mask", "suffix"), shown=SHOWN)
    def run(
        inputs: Inputs,
        *,
        out: OutAnywhere,
        settings: RunSettings,
        record: RecordFile = None,
        verbose: Verbose = False,
        quiet: Quiet = False,
    ) -> None:
        """Remove the background, improve the resolution, superimpose on a new background."""
        run_and_exit(inputs, out, settings, record, verbose=verbose, quiet=quiet)


def run_and_exit(
    inputs: list[str], out: str | Path, settings: RunSettings, record: Path | None, *, verbose: bool, quiet: bool
) -> None:
    """Run images, print what becomes of them, and exit with the code for it."""
    from ..cluster import run_with
    from .views.run import RunView

    with RunView(settings, quiet=quiet) as view:
        result = run_with(inputs, out, view.settings, view.watch, lean=True, recorded=verbose or record is not None)
    view.end(result, verbose=verbose or record is not None)
    if record:
        result.record.write(record)
    raise typer.Exit(result.exit_code)

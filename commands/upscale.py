"""The command `upscale`: parse → call the function → print → exit code."""

from __future__ import annotations

import typer

from ..infer import RunSettings
from .options import Inputs, Out, Quiet, RecordFile, Verbose
from .run import SHOWN, run_and_exit
from .settings_options import Flag, takes_settings

__all__ = ["register"]

_OPTIONS = (
    *("sr", "device", "arithmetic", "tile", "memory", "outscale"),
    *("format", "quality", "jobs", "resume", "offline"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""

    @app.command(rich_help_panel="Images and video")
    @takes_settings(RunSettings, only=_OPTIONS, fixed={"model": None}, sr=Flag(("--sr", "--model")), shown=SHOWN)
    def upscale(
        inputs: Inputs,
        *,
        out: Out,
        settings: RunSettings,
        record: RecordFile = None,
        verbose: Verbose = False,
        quiet: Quiet = False,
    ) -> None:
        """Improve the resolution with a super-resolution model."""
        run_and_exit(inputs, out, settings, record, verbose=verbose, quiet=quiet)

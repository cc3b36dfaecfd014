"""The command `upscale`: parse → call the function → print → exit code."""

from __future__ import annotations

import typer

from ..infer import RunSettings
from .run import SHOWN, add_command
from .settings_options import Flag, takes_settings

__all__ = ["register"]

_OPTIONS = (
    *("sr", "device", "arithmetic", "tile", "memory", "outscale", "within", "wrap"),
    *("format", "quality", "png_compression", "metadata", "recursive", "jobs", "resume", "offline"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    takes = takes_settings(
        RunSettings,
        only=_OPTIONS,
        fixed={"model": None},
        sr=Flag(("--sr", "--model")),
        within=Flag(("--fit", "--within")),
        shown=SHOWN,
    )
    add_command(app, "upscale", "Improve the resolution with a super-resolution model.", takes, needs=("sr",))

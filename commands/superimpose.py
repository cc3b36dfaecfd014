"""The command `superimpose`: parse → call the function → print → exit code."""

from __future__ import annotations

import typer

from ..infer import RunSettings
from .run import SHOWN, add_command
from .settings_options import Flag, takes_settings

__all__ = ["register"]

_OPTIONS = (
    *("background", "fit", "anchor", "subject_scale", "offset", "place", "shadow", "linear"),
    *("crop", "canvas", "format", "quality", "png_compression", "metadata", "recursive", "jobs", "resume"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    takes = takes_settings(
        RunSettings, only=_OPTIONS, fixed={"model": None, "sr": None}, background=Flag(required=True), shown=SHOWN
    )
    add_command(app, "superimpose", "Lay cut-outs (images with alpha) on a background.", takes, needs=("background",))

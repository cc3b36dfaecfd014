"""The command `remove`: parse → call the function → print → exit code."""

from __future__ import annotations

import typer

from ..infer import RunSettings
from .run import SHOWN, add_command
from .settings_options import takes_settings

__all__ = ["register"]

_OPTIONS = (
    *("model", "only_mask", "keep", "refine", "decontaminate", "device", "arithmetic"),
    *("mask", "threshold", "grow", "feather", "largest", "fill_holes", "invert"),
    *("crop", "format", "quality", "png_compression", "metadata", "recursive", "jobs", "resume", "offline"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""
    takes = takes_settings(RunSettings, only=_OPTIONS, fixed={"sr": None}, shown=SHOWN)
    add_command(app, "remove", "Remove the background: an RGBA image, or its mask.", takes, needs=("model", "mask"))

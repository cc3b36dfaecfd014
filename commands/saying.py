"""What commands print: names and messages from outside can't steer the terminal."""

from __future__ import annotations

import typer

from ..core import printable

__all__ = ["say"]


def say(text: str, *, err: bool = False) -> None:
    """Print a line, or several."""
    typer.echo(printable(text, lines=True), err=err)

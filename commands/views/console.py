"""The terminal: where lines end there, and what names and messages from outside can't do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ...core import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console_of", "escape", "say"]


def say(text: str, *, err: bool = False) -> None:
    """Print a line, or several; nothing in them steers the terminal."""
    typer.echo(printable(text, lines=True), err=err)


def escape(text: str, *, lines: bool = False) -> str:
    """Return text from outside as rich's markup, on one line unless it may have `lines`.

    Nothing in it is markup, and nothing is there that a terminal would obey.
    """
    from rich import markup

    return markup.escape(printable(text, lines=lines))


def console_of(*, stderr: bool = False) -> Console:
    """A console whose lines are not wrapped where nobody reads them on a screen: `grep` wants whole ones."""
    # Commands import this module for a sentence: rich would take longer than many of them do.
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 10_000
        console.soft_wrap = True
    return console

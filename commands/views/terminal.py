"""What the command line prints: tables and summaries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich import markup
from rich.console import Console

from ...core import printable
from ...reports import Cell, Column, Table
from .fitting import print_table

if TYPE_CHECKING:
    from ...datasets import Layout

__all__ = [
    "console_of",
    "escape",
    "print_export",
    "print_fetched",
    "print_layouts",
    "print_model",
    "print_models",
]

_COMMERCIAL = {True: "yes", False: "no", None: "not stated"}


def escape(text: str, *, lines: bool = False) -> str:
    """Return text from outside as rich's markup, on one line unless it may have `lines`.

    Nothing in it is markup, and nothing is there that a terminal would obey.
    """
    return markup.escape(printable(text, lines=lines))


def console_of(*, stderr: bool = False) -> Console:
    """A console whose lines are not wrapped where nobody reads them on a screen: `grep` wants whole ones."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 10_000
        console.soft_wrap = True
    return console


def print_layouts(layouts: Iterable[Layout]) -> None:
    """Print the published data sets whose layouts are known."""
    columns = [Column(title, numeric=title == "samples") for title in ("name", "samples", "task", "title", "homepage")]
    rows = [
        (layout.name, str(layout.count), layout.task.replace("_", " "), layout.title, layout.homepage)
        for layout in layouts
    ]
    print_table(Table("", tuple(columns), tuple(tuple(map(Cell, row)) for row in rows)), console_of())

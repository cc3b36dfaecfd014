"""Data sets on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from ...datasets import Layout
from ...reports import Cell, Column, Table
from .console import console_of
from .fitting import print_table

__all__ = ["print_layouts"]


def print_layouts(layouts: Iterable[Layout]) -> None:
    """Print the published data sets whose layouts are known."""
    columns = [Column(title, numeric=title == "samples") for title in ("name", "samples", "task", "title", "homepage")]
    rows = [
        (layout.name, str(layout.count), layout.task.replace("_", " "), layout.title, layout.homepage)
        for layout in layouts
    ]
    print_table(Table("", tuple(columns), tuple(tuple(map(Cell, row)) for row in rows)), console_of())

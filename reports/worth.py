"""What the verdict on INT8 was weighed by, on the terminal."""

from __future__ import annotations

from rich.console import Console

from ..core.record import Figure, Record
from .document import Cell, Column, Table
from .formats.fitting import print_table
from .terminal import console_of

__all__ = ["print_worth"]


def print_worth(record: Record, console: Console | None = None) -> None:
    """Print the figures of each precision in a row of its own."""
    rows: dict[str, dict[str, str]] = {}
    for figure in record.figures:
        if "baseline" not in figure.labels and figure.value is not None:
            rows.setdefault(figure.labels["precision"], {})[figure.name.replace("_", " ")] = _shown(figure)
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    columns = (Column("precision"), *(Column(name, numeric=True) for name in names))
    cells = [(Cell(precision), *(Cell(row.get(name, "")) for name in names)) for precision, row in rows.items()]
    print_table(Table("", columns, tuple(cells)), console or console_of())


def _shown(figure: Figure) -> str:
    value = figure.value or 0
    return f"{value / 1e6:.2f} MB" if figure.unit == "B" else f"{value:.4g} {figure.unit}".strip()

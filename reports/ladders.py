"""A parity ladder on the terminal: a row for each stage."""

from __future__ import annotations

from rich.console import Console

from ..bench.parity.ladder import Ladder
from .document import Cell, Column, Table
from .formats.fitting import print_table
from .terminal import console_of

__all__ = ["print_ladder"]


def print_ladder(ladder: Ladder, console: Console | None = None) -> None:
    """Print how far each stage is from the one before and from the truth, and whether that is within its limit."""
    rows: list[dict[str, str]] = []
    for number, step in enumerate(ladder.steps):
        row = {"stage": step.rung}
        if number:
            row |= {"largest": f"{step.largest:.4g}", "mean": f"{step.mean:.4g}", "snr dB": f"{step.snr:.4g}"}
            row |= {f"{name} to before": f"{value:.4g}" for name, value in step.task}
        row |= {f"{name} to truth": f"{value:.4g}" for name, value in step.truth}
        rows.append(row | ({"within": "no" if step.broken else "yes"} if number else {}))
    found = list(dict.fromkeys(title for row in rows for title in row))
    # The first stage has a truth only, which would come before what the others have.
    titles = [
        "stage",
        *(title for title in ("largest", "mean", "snr dB") if title in found),
        *(title for title in found if title.endswith(" to before")),
        *(title for title in found if title.endswith(" to truth")),
        "within",
    ]
    columns = [Column(title, numeric=title not in {"stage", "within"}) for title in titles]
    cells = tuple(tuple(Cell(row.get(title, "")) for title in titles) for row in rows)
    print_table(Table("", tuple(columns), cells), console or console_of())

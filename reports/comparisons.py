"""A comparison of two benchmarks on the terminal; everything that is shown is read from its record."""

from __future__ import annotations

from typing import cast

from rich.console import Console

from ..core.record import Record
from .document import Cell, Column, Table
from .formats.fitting import print_lines, print_table, say_once
from .terminal import console_of

__all__ = ["print_comparison"]


def print_comparison(record: Record, console: Console | None = None) -> None:
    """Print a row for each candidate and stage, then what differs, what only one has, and what was unstable."""
    out = console or console_of()
    print_table(_table(record), out)
    for each in cast("list[dict[str, str]]", record.settings["differs"]):
        text = f"differs ({each['aspect']}): {each['what']}: {each['before']}, then {each['after']}"
        print_lines(text, out)
    for side in ("before", "after"):
        for key in cast("list[str]", record.settings[f"only_{side}"]):
            print_lines(f"only in {record.settings[side]}: {key}", out)
    for note in cast("list[str]", record.settings["notes"]):
        print_lines(note, out)


def _table(record: Record) -> Table:
    columns = (
        *(Column(title) for title in ("candidate", "stage")),
        *(
            Column(title, numeric=True)
            for title in ("before ms", "after ms", "ratio", "95% interval", "p", "independent")
        ),
        Column("verdict"),
    )
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    for figure in record.figures:
        labels = figure.labels
        row = rows.setdefault((labels["candidate"], labels["stage"], labels["verdict"]), {})
        row[figure.name] = float("nan") if figure.value is None else figure.value
    cells = [
        (
            candidate,
            stage,
            f"{row['before']:.3f}",
            f"{row['after']:.3f}",
            f"{row['ratio']:.3f}",
            f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}",
            f"{row['p_value']:.2g}",
            f"{row['independent_samples']:.0f}",
            verdict,
        )
        for (candidate, stage, verdict), row in rows.items()
    ]
    caption = f"{record.settings['before']} → {record.settings['after']}"
    return say_once(Table(caption, columns, tuple(tuple(map(Cell, row)) for row in cells)), {"stage"})

"""A comparison of two benchmarks on the terminal; everything that is shown is read from its record."""

from __future__ import annotations

from rich.console import Console

from ...core import CompareRecord, Measurement
from ...reports import Cell, Column, Table
from .console import console_of
from .fitting import print_lines, print_table, say_once

__all__ = ["print_comparison"]


def print_comparison(record: CompareRecord, console: Console | None = None) -> None:
    """Print a row for each candidate and stage, then what differs, what only one has, and what was unstable."""
    out = console or console_of()
    print_table(_table(record), out)
    for each in record.differs:
        print_lines(f"differs ({each.aspect}): {each}", out)
    for side, keys in ((record.before, record.only_before), (record.after, record.only_after)):
        for key in keys:
            print_lines(f"only in {side}: {key}", out)
    for note in record.notes:
        print_lines(note, out)


def _table(record: CompareRecord) -> Table:
    columns = (
        *(Column(title) for title in ("candidate", "stage")),
        *(
            Column(title, numeric=True)
            for title in ("before ms", "after ms", "speed-up", "95% interval", "p", "independent")
        ),
        Column("verdict"),
    )
    rows: dict[tuple[str, str, str], dict[str, Measurement]] = {}
    for figure in record.measurements:
        rows.setdefault((figure.candidate, figure.stage, figure.verdict), {})[figure.metric] = figure
    cells = [
        (
            candidate,
            stage,
            _shown(row.get("before"), ".3f"),
            _shown(row.get("after"), ".3f"),
            _shown(row.get("speedup"), ".3f"),
            _span(row.get("speedup")),
            _shown(row.get("p_value"), ".2g"),
            _shown(row.get("independent_samples"), ".0f"),
            verdict,
        )
        for (candidate, stage, verdict), row in rows.items()
    ]
    caption = f"{record.before} → {record.after}"
    return say_once(Table(caption, columns, tuple(tuple(map(Cell, row)) for row in cells)), {"stage"})


def _shown(figure: Measurement | None, digits: str) -> str:
    return "nan" if figure is None or figure.value is None else format(figure.value, digits)


def _span(figure: Measurement | None) -> str:
    return f"{figure.interval[0]:.3f} to {figure.interval[1]:.3f}" if figure and figure.interval else "nan to nan"

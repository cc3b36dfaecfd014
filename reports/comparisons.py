"""A comparison of two benchmarks on the terminal; everything that is shown is read from its record."""

from __future__ import annotations

from typing import cast

from rich.console import Console
from rich.table import Table

from ..core.record import Record
from .terminal import console_of, escape

__all__ = ["print_comparison"]


def print_comparison(record: Record, console: Console | None = None) -> None:
    """Print a row for each candidate and stage, then what differs, what only one has, and what was unstable."""
    out = console or console_of()
    out.print(_table(record))
    for each in cast("list[dict[str, str]]", record.settings["differs"]):
        text = f"differs ({each['aspect']}): {each['what']}: {each['before']}, then {each['after']}"
        out.print(escape(text, lines=True), soft_wrap=True)
    for side in ("before", "after"):
        for key in cast("list[str]", record.settings[f"only_{side}"]):
            out.print(escape(f"only in {record.settings[side]}: {key}"), soft_wrap=True)
    for note in cast("list[str]", record.settings["notes"]):
        out.print(escape(note), soft_wrap=True)


def _table(record: Record) -> Table:
    table = Table(title=f"{record.settings['before']} → {record.settings['after']}", title_justify="left")
    table.add_column("candidate", no_wrap=True)
    table.add_column("stage")
    for title in ("before ms", "after ms", "ratio", "95% interval", "p", "independent"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    rows: dict[tuple[str, str, str], dict[str, float]] = {}
    for figure in record.figures:
        labels = figure.labels
        row = rows.setdefault((labels["candidate"], labels["stage"], labels["verdict"]), {})
        row[figure.name] = float("nan") if figure.value is None else figure.value
    for (candidate, stage, verdict), row in rows.items():
        table.add_row(
            escape(candidate),
            stage,
            f"{row['before']:.3f}",
            f"{row['after']:.3f}",
            f"{row['ratio']:.3f}",
            f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}",
            f"{row['p_value']:.2g}",
            f"{row['independent_samples']:.0f}",
            verdict,
        )
    return table

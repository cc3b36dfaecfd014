"""A validation on the terminal: a row for each model, its intervals, and the worst samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from rich.console import Console

from ...bench import EvaluationResult, EvaluationSettings, figure_interval, record_name, samples_table, summary_table
from ...core import Measurement, ValidateRecord
from ...reports import Cell, Column, Table, class_table
from .console import console_of
from .fitting import print_lines, print_table, say_once

__all__ = ["print_validation"]

_FEW = 5
"""Of the worst samples; all are in the table beside the record."""
_METRICS = 4
"""Beside the worst samples; all are in the table beside the record."""


def print_validation(result: EvaluationResult, settings: EvaluationSettings, console: Console | None = None) -> None:
    """Print the means of all models, then for each where its record is, the intervals and the worst samples."""
    out = console or console_of()
    print_table(_summary(result.records), out)
    for record, path in zip(result.records, result.paths, strict=True):
        figures = [figure for figure in record.measurements if figure.is_whole]
        spans = [
            f"{figure.metric} {interval[0]:.4f} to {interval[1]:.4f}"
            for figure in figures
            if (interval := figure_interval(record, figure))
        ]
        out.print()
        earlier = path.with_name(f"{record_name(record)}.json")
        if earlier not in result.paths and earlier.exists():
            print_lines(f"{earlier} is another record of that name, and was left as it is", out)
        print_lines(f"{path}\n95% intervals over the samples: {', '.join(spans) or 'none'}", out)
        if record.confusion:
            print_table(class_table(record, "classes"), out)
        if settings.worst:
            print_table(_worst(record, figures, settings.order, min(settings.worst, _FEW)), out)


def _summary(records: Sequence[ValidateRecord]) -> Table:
    found = summary_table(records)
    labels = ("model", "precision", "device", "dataset")
    columns = [Column(name, numeric=name not in labels) for name in found.columns]
    rows = cast("list[tuple[object, ...]]", list(found.itertuples(index=False, name=None)))
    table = Table("", tuple(columns), tuple(tuple(Cell(_shown(value)) for value in row) for row in rows))
    return say_once(table, {"device", "dataset", "samples"}) if len(rows) > 1 else table


def _worst(record: ValidateRecord, figures: Sequence[Measurement], order: str | None, count: int) -> Table:
    names = [figure.metric for figure in figures[:_METRICS]]
    found = samples_table(record, order=order).head(count)[["id", *names]]
    rows = cast("list[tuple[object, ...]]", list(found.itertuples(index=False, name=None)))
    return Table(
        f"worst by {order or names[0]}",
        (Column("id"), *(Column(name, numeric=True) for name in names)),
        tuple(tuple(Cell(_shown(value)) for value in row) for row in rows),
    )


def _shown(value: object) -> str:
    """A figure with four decimals; "not measured" where there is none."""
    if value is None or value != value:  # noqa: PLR0124 - no number equals itself
        return "not measured"
    return f"{value:.4f}" if isinstance(value, float) else str(value)

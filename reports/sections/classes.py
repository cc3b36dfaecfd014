"""Classes: how well each is found, and what it is taken for."""

from __future__ import annotations

import numpy as np

from ...bench import figure_interval
from ...core import ValidateRecord
from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, figure_cell, number

__all__ = ["class_table", "classes"]

_MOST = 12
"""Classes whose whole confusion is shown."""


def classes(evidence: Evidence) -> Section | None:
    """Return, for each validation of classes, a table of them and their confusion; None where there is none."""
    tables: list[Table] = []
    for source, record in evidence.of(ValidateRecord):
        if record.confusion:
            title = f"{source.models} on {record.data.name}"
            tables += [class_table(record, f"Classes: {title}"), *_confusion(record, title)]
    return Section("classes", "Classes", tuple(tables)) if tables else None


def class_table(record: ValidateRecord, caption: str) -> Table:
    """Return a row for each class: its IoU with its interval, its share of the pixels, and what it is taken for most.

    Args:
        record: with a confusion.
        caption: of the table.
    """
    counts = np.array(record.confusion, dtype=np.float64)
    figures = {figure.slice: figure for figure in record.of_metric("iou") if not figure.is_whole}
    columns = (
        Column("class"),
        Column("IoU", numeric=True),
        Column("share of pixels", "%", numeric=True),
        Column("found", "%", numeric=True),
        Column("taken most for"),
    )
    rows: list[tuple[Cell, ...]] = []
    for place, label in enumerate(record.labels):
        figure = figures.get(f"class={label}")
        there = counts[place].sum()
        missed = counts[place].copy()
        missed[place] = 0
        most = int(missed.argmax())
        iou = NOTHING
        if figure is not None and figure.value is not None:
            iou = figure_cell(figure.value, figure.unit, figure_interval(record, figure))
        rows.append(
            (
                Cell(label),
                iou,
                _percent(there, counts.sum()),
                _percent(counts[place, place], there),
                Cell(f"{record.labels[most]}, {number(100 * missed[most] / there)}%") if missed[most] else NOTHING,
            )
        )
    note = "IoU is of all pixels of the set together; below it its 95% interval over the images."
    return Table(caption, columns, tuple(rows), note)


def _confusion(record: ValidateRecord, title: str) -> list[Table]:
    """Return the whole confusion in per cent of each true class, where there are few of them."""
    if len(record.labels) > _MOST:
        return []
    counts = np.array(record.confusion, dtype=np.float64)
    columns = (Column("true class"), *(Column(label, "%", numeric=True) for label in record.labels))
    rows = tuple(
        (Cell(label), *(_percent(value, row.sum()) for value in row))
        for label, row in zip(record.labels, counts, strict=True)
    )
    return [Table(f"Confusion: {title}", columns, rows, "Of each true class's pixels, so many were answered as each.")]


def _percent(part: float, whole: float) -> Cell:
    return Cell(number(100 * part / whole), 100 * part / whole) if whole else NOTHING

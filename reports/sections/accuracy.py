"""Every metric of every validation, over all samples and over each slice of them."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import Data, ValidateRecord
from ..document import NOTHING, Cell, Column, Section, Table, mark_best
from ..evidence import Evidence, Point
from ..numbers import figure_cell, scaled, title_of
from ..telling import Subject, told

__all__ = ["accuracy"]


def accuracy(evidence: Evidence) -> Section | None:
    """Return, for each data set and reference, a table of models by metrics and one of slices; None without any."""
    groups: dict[tuple[object, ...], tuple[Data, list[Point]]] = {}
    for source, record in evidence.of(ValidateRecord):
        data = record.data
        key = (data.name, data.sha256, data.reference, data.border, data.count)
        groups.setdefault(key, (data, []))[1].extend(source.points)
    tables: list[Table] = []
    for data, points in groups.values():
        against = "" if data.reference in {"", "truth"} else f", against {data.reference}"
        samples = "" if data.count is None else f"{data.count} "
        caption = f"{data.name}: {samples}samples{against}"
        slices = [point for point in points if not point.figure.is_whole]
        tables.append(_table(caption, [point for point in points if point.figure.is_whole], by_slice=False))
        if slices:
            tables.append(_table(f"{data.name}, slice by slice", slices, by_slice=True))
    return Section("accuracy", "Accuracy", tuple(tables)) if tables else None


def _table(caption: str, points: Sequence[Point], *, by_slice: bool) -> Table:
    examples = {point.figure.metric: point.figure for point in reversed(points)}
    names = list(dict.fromkeys(point.figure.metric for point in points))
    subjects = list(dict.fromkeys(point.subject for point in points))
    further = told(subjects)
    columns = [Column(title) for title in ("model", "precision", "device", *further)]
    columns += [Column("slice"), Column("samples", numeric=True)] if by_slice else []
    for name in names:
        unit, better = scaled(examples[name].unit)[0], examples[name].higher_is_better
        # Slices differ in how hard they are: none of them is the best one.
        columns.append(Column(title_of(name), unit, numeric=True, better=None if by_slice else better))
    rows: dict[tuple[Subject, str, int | None], dict[str, Point]] = {}
    for point in points:
        data = point.figure.data
        count = data.count if data and by_slice else None
        part = point.figure.slice if by_slice else ""
        rows.setdefault((point.subject, part, count), {})[point.figure.metric] = point
    cells: list[tuple[Cell, ...]] = []
    for (subject, part, count), found in rows.items():
        words = (subject.name, subject.precision, subject.device, *(getattr(subject, name) for name in further))
        head = [Cell(text or NOTHING.text) for text in words]
        if by_slice:
            head += [Cell(part), NOTHING if count is None else Cell(str(count), float(count))]
        cells.append((*head, *(_cell(found.get(name)) for name in names)))
    note = "Below each figure its 95% bootstrap interval over the samples."
    return Table(caption, tuple(columns), mark_best(columns, cells), note, folded=by_slice)


def _cell(point: Point | None) -> Cell:
    return NOTHING if point is None else figure_cell(point.figure.value, point.figure.unit, point.interval)

"""Every metric of every validation, over all samples and over each slice of them."""

from __future__ import annotations

from collections.abc import Sequence

from ..document import NOTHING, Cell, Column, Section, Table, mark_best
from ..evidence import Evidence, Point, Source, setting
from ..numbers import figure_cell, scaled, title_of

__all__ = ["accuracy"]


def accuracy(evidence: Evidence) -> Section | None:
    """Return, for each data set and reference, a table of models by metrics and one of slices; None without any."""
    groups: dict[tuple[str, ...], list[Source]] = {}
    for source in evidence.of_kind("validation"):
        record = source.record
        key = tuple(setting(record, name) for name in ("dataset", "dataset_hash", "reference", "samples"))
        groups.setdefault(key, []).append(source)
    tables: list[Table] = []
    for (dataset, _, reference, samples), sources in groups.items():
        points = [point for source in sources for point in source.points]
        against = "" if reference in {"", "truth"} else f", against {reference}"
        caption = f"{dataset}: {samples} samples{against}"
        whole = [point for point in points if point.figure.labels.get("slice", "all") == "all"]
        slices = [point for point in points if point.figure.labels.get("slice", "all") != "all"]
        tables.append(_table(caption, whole, by_slice=False))
        if slices:
            tables.append(_table(f"{dataset}, slice by slice", slices, by_slice=True))
    return Section("accuracy", "Accuracy", tuple(tables)) if tables else None


def _table(caption: str, points: Sequence[Point], *, by_slice: bool) -> Table:
    names = list(dict.fromkeys(point.figure.name for point in points))
    examples = {name: next(point.figure for point in points if point.figure.name == name) for name in names}
    told = any(point.subject.arithmetic for point in points)
    columns = [Column("model"), Column("precision"), Column("device"), *([Column("arithmetic")] if told else [])]
    first = len(columns)
    columns += [Column("slice"), Column("samples", numeric=True)] if by_slice else []
    for name in names:
        unit, better = scaled(examples[name].unit)[0], examples[name].higher_is_better
        # Slices differ in how hard they are: none of them is the best one.
        columns.append(Column(title_of(name), unit, numeric=True, better=None if by_slice else better))
    rows: dict[tuple[str, ...], dict[str, Point]] = {}
    for point in points:
        labels, subject = point.figure.labels, point.subject
        key = [subject.name, subject.precision, subject.device, *([subject.arithmetic] if told else [])]
        key += [labels.get("slice", ""), labels.get("samples", "")] if by_slice else []
        rows.setdefault(tuple(key), {})[point.figure.name] = point
    cells: list[tuple[Cell, ...]] = []
    for key, found in rows.items():
        head = [
            Cell(text or NOTHING.text, float(text) if by_slice and place == first + 1 and text.isdecimal() else None)
            for place, text in enumerate(key)
        ]
        cells.append((*head, *(_cell(found.get(name)) for name in names)))
    note = "Below each figure its 95% bootstrap interval over the samples."
    return Table(caption, tuple(columns), mark_best(columns, cells), note, folded=by_slice)


def _cell(point: Point | None) -> Cell:
    return NOTHING if point is None else figure_cell(point.figure.value, point.figure.unit, point.interval)

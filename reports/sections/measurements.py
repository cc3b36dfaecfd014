"""Tables of measurements: accuracies, figures of kinds without a drawing, and every figure there is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...core import Data, ValidateRecord
from ..configurations import Configuration, varying
from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, Point, number, scaled, span, title_of
from ..marking import mark_best

__all__ = ["accuracy", "all_figures", "other_measurements", "pivot"]

_KEPT = frozenset({"model", "precision", "verdict"})
_FIRST = ("model", "precision", "device", "arithmetic", "hint", "streams", "batch", "size", "scenario", "stage", "step")
_SHOWN = frozenset({"validate", "gate", "parity", "export", "run", "bench", "quantize"})
"""Kinds with a part of their own."""


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
        # Classes have tables of their own.
        slices = [each for each in points if not each.figure.is_whole and not each.figure.slice.startswith("class=")]
        tables.append(_accuracies(caption, [point for point in points if point.figure.is_whole], by_slice=False))
        if slices:
            tables.append(_accuracies(f"{data.name}, slice by slice", slices, by_slice=True))
    return Section("accuracy", "Accuracy", tuple(tables)) if tables else None


def _accuracies(caption: str, points: Sequence[Point], *, by_slice: bool) -> Table:
    examples = {point.figure.metric: point.figure for point in reversed(points)}
    names = list(dict.fromkeys(point.figure.metric for point in points))
    further = varying(point.configuration for point in points)
    columns = [Column(title) for title in ("model", "precision", "device", *further)]
    columns += [Column("slice"), Column("samples", numeric=True)] if by_slice else []
    for name in names:
        unit, better = scaled(examples[name].unit)[0], examples[name].higher_is_better
        # Slices differ in how hard they are: none of them is the best one.
        columns.append(Column(title_of(name), unit, numeric=True, better=None if by_slice else better))
    rows: dict[tuple[Configuration, str, int | None], dict[str, Point]] = {}
    for point in points:
        data = point.figure.data
        count = data.count if data and by_slice else None
        part = point.figure.slice if by_slice else ""
        rows.setdefault((point.configuration, part, count), {})[point.figure.metric] = point
    cells: list[tuple[Cell, ...]] = []
    for (of, part, count), found in rows.items():
        texts = (of.name, of.precision, of.device, *(getattr(of, name) for name in further))
        head = [Cell(text or NOTHING.text) for text in texts]
        if by_slice:
            head += [Cell(part), NOTHING if count is None else Cell(str(count), float(count))]
        cells.append((*head, *(found[name].cell if name in found else NOTHING for name in names)))
    note = "Below each figure its 95% bootstrap interval over the samples."
    return Table(caption, tuple(columns), mark_best(columns, cells), note, folded=by_slice)


def pivot(
    caption: str,
    points: Sequence[Point],
    *,
    hidden: Collection[str] = (),
    only: Collection[str] = (),
    note: str = "",
    best: bool = True,
) -> Table:
    """Return a row for each set of labels, and a column for each figure.

    Args:
        caption: of the table.
        points: the figures.
        hidden: labels that are not shown, because they say what others say.
        only: the labels that are; all where it is empty.
        note: below the table.
        best: mark the best figure of each column; to be left out where the rows are not alike.
    """
    kinds = list(dict.fromkeys((point.figure.metric, point.figure.unit) for point in points))
    shown = [_labels(point, hidden, only) for point in points]
    seen = dict.fromkeys(label for own in shown for label in own)
    labels = [*(label for label in _FIRST if label in seen), *(label for label in seen if label not in _FIRST)]
    common = _common(labels, shown)
    labels = [label for label in labels if label not in common]
    listed = ", ".join(f"{label.replace('_', ' ')} {value}" for label, value in common.items())
    note = ". ".join(filter(None, (f"All: {listed}" if listed else "", note)))
    rows: dict[tuple[str, ...], dict[tuple[str, str], Point]] = {}
    for point, own in zip(points, shown, strict=True):
        key = tuple(own.get(label, "") for label in labels)
        rows.setdefault(key, {}).setdefault((point.figure.metric, point.figure.unit), point)
    better = {(point.figure.metric, point.figure.unit): point.figure.higher_is_better for point in reversed(points)}
    columns = [
        *(Column(label.replace("_", " ")) for label in labels),
        *(Column(title_of(name), scaled(unit)[0], numeric=True, better=better[name, unit]) for name, unit in kinds),
    ]
    cells = [
        (*map(_label_cell, key), *(found[kind].cell if kind in found else NOTHING for kind in kinds))
        for key, found in rows.items()
    ]
    return Table(caption, tuple(columns), mark_best(columns, cells) if best else tuple(cells), note)


def _labels(point: Point, hidden: Collection[str], only: Collection[str]) -> dict[str, str]:
    """Return the labels of a figure that are shown, and its weights and machine where they must be named."""
    of = point.configuration
    further = {"weights": of.weights, "machine": of.machine}
    every = point.figure.labels | {name: text for name, text in further.items() if text}
    return {name: text for name, text in every.items() if name not in hidden and (not only or name in only)}


def _common(labels: Sequence[str], shown: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels that are the same in all rows of several, which one line says as well as a column."""
    if len({tuple(own.get(label, "") for label in labels) for own in shown}) < 2:
        return {}
    found = {label: {own.get(label, "") for own in shown} for label in labels if label not in _KEPT}
    return {label: values.pop() for label, values in found.items() if len(values) == 1}


def _label_cell(text: str) -> Cell:
    return Cell(text or NOTHING.text, float(text) if text.isascii() and text.isdecimal() else None)


def other_measurements(evidence: Evidence) -> Section | None:
    """Return a table for each record of a kind without a part of its own; None where there is none."""
    others = [source for source in evidence.current if source.record.kind not in _SHOWN and source.points]
    tables = [
        pivot(f"{source.record.kind.replace('_', ' ')}: {source.name}", source.points, best=False) for source in others
    ]
    return Section("other", "Other measurements", tuple(tables)) if tables else None


def all_figures(evidence: Evidence) -> Section:
    """Return every figure of every record with all of its labels, so that nothing that was measured is left out."""
    columns = (
        Column("figure"),
        Column("value", numeric=True),
        *map(Column, ("unit", "95% interval", "better", "labels")),
    )
    direction = {True: "higher", False: "lower", None: ""}
    tables = [
        Table(
            f"{source.name}: {source.record.kind}, {len(source.points)} figures",
            columns,
            tuple(
                (
                    Cell(point.figure.metric),
                    Cell(number(point.figure.value, point.figure.unit), point.figure.value),
                    Cell(scaled(point.figure.unit)[0]),
                    Cell(span(point.interval, point.figure.unit)),
                    Cell(direction[point.figure.higher_is_better]),
                    Cell(", ".join(f"{key} {value}" for key, value in point.figure.labels.items())),
                )
                for point in source.points
            ),
            folded=True,
        )
        for source in evidence.all
        if source.points
    ]
    return Section("figures", "All figures", tuple(tables))

"""Figures as a table, whatever they are: a row for each set of labels, a column for each figure's name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..document import NOTHING, Cell, Column, Table, mark_best
from ..evidence import Point
from ..numbers import figure_cell, number, scaled, title_of

__all__ = ["every_figure", "pivot"]

_KEPT = frozenset({"model", "precision", "verdict"})
_FIRST = ("model", "precision", "device", "arithmetic", "hint", "streams", "batch", "size", "scenario", "stage", "step")


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
    told = [_told(point, hidden, only) for point in points]
    seen = dict.fromkeys(label for own in told for label in own)
    labels = [*(label for label in _FIRST if label in seen), *(label for label in seen if label not in _FIRST)]
    common = _common(labels, told)
    labels = [label for label in labels if label not in common]
    said = ", ".join(f"{label.replace('_', ' ')} {value}" for label, value in common.items())
    note = ". ".join(filter(None, (f"All: {said}" if said else "", note)))
    rows: dict[tuple[str, ...], dict[tuple[str, str], Point]] = {}
    for point, own in zip(points, told, strict=True):
        key = tuple(own.get(label, "") for label in labels)
        rows.setdefault(key, {}).setdefault((point.figure.metric, point.figure.unit), point)
    better = {(point.figure.metric, point.figure.unit): point.figure.higher_is_better for point in reversed(points)}
    columns = [
        *(Column(label.replace("_", " ")) for label in labels),
        *(Column(title_of(name), scaled(unit)[0], numeric=True, better=better[name, unit]) for name, unit in kinds),
    ]
    cells = [(*map(_label_cell, key), *(_cell(found.get(kind)) for kind in kinds)) for key, found in rows.items()]
    return Table(caption, tuple(columns), mark_best(columns, cells) if best else tuple(cells), note)


def _told(point: Point, hidden: Collection[str], only: Collection[str]) -> dict[str, str]:
    """Return the labels of a figure that are shown, and its weights and machine where they must be told."""
    subject = point.subject
    further = {"weights": subject.weights, "machine": subject.machine}
    every = point.figure.labels | {name: text for name, text in further.items() if text}
    return {name: text for name, text in every.items() if name not in hidden and (not only or name in only)}


def _common(labels: Sequence[str], told: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the labels that are the same in all rows of several, which one line says as well as a column."""
    found = {label: {own.get(label, "") for own in told} for label in labels}
    rows = {tuple(own.get(label, "") for label in labels) for own in told}
    several = len(rows) > 1
    return {
        label: values.pop() for label, values in found.items() if several and len(values) == 1 and label not in _KEPT
    }


def every_figure(caption: str, points: Sequence[Point]) -> Table:
    """Return a row for each figure with all of its labels, behind a line that opens it."""
    columns = (
        Column("figure"),
        Column("value", numeric=True),
        Column("unit"),
        Column("95% interval"),
        Column("better"),
        Column("labels"),
    )
    words = {True: "higher", False: "lower", None: ""}
    rows = [
        (
            Cell(point.figure.metric),
            Cell(number(point.figure.value, point.figure.unit), point.figure.value),
            Cell(scaled(point.figure.unit)[0]),
            Cell(figure_cell(None, point.figure.unit, point.interval).detail),
            Cell(words[point.figure.higher_is_better]),
            Cell(", ".join(f"{key} {value}" for key, value in point.figure.labels.items())),
        )
        for point in points
    ]
    return Table(caption, columns, tuple(rows), folded=True)


def _label_cell(text: str) -> Cell:
    return Cell(text or NOTHING.text, float(text) if text.isascii() and text.isdecimal() else None)


def _cell(point: Point | None) -> Cell:
    return NOTHING if point is None else figure_cell(point.figure.value, point.figure.unit, point.interval)

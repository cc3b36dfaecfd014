"""Figures as a table, whatever they are: a row for each set of labels, a column for each figure's name."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..document import NOTHING, Cell, Column, Table, mark_best
from ..evidence import Point
from ..numbers import figure_cell, number, scaled, title_of, unit_of

__all__ = ["every_figure", "pivot"]

_KEPT = frozenset({"model", "precision", "verdict"})
_FIRST = ("model", "precision", "runtime", "device", "hint", "streams", "batch", "size", "scenario", "stage", "step")


def pivot(
    caption: str, points: Sequence[Point], *, hidden: Collection[str] = (), note: str = "", best: bool = True
) -> Table:
    """Return a row for each set of labels, and a column for each figure.

    Args:
        caption: of the table.
        points: the figures.
        hidden: labels that are not shown, because they say what others say.
        note: below the table.
        best: mark the best figure of each column; to be left out where the rows are not alike.
    """
    names = list(dict.fromkeys(point.figure.name for point in points))
    units = {name: {point.figure.unit for point in points if point.figure.name == name} for name in names}
    kinds = [(name, unit) for name in names for unit in sorted(units[name])]
    seen = dict.fromkeys(label for point in points for label in point.figure.labels if label not in hidden)
    labels = [*(label for label in _FIRST if label in seen), *(label for label in seen if label not in _FIRST)]
    # A label that is empty everywhere says nothing.
    labels = [label for label in labels if any(point.figure.labels.get(label) for point in points)]
    common = _common(labels, points)
    labels = [label for label in labels if label not in common]
    said = ", ".join(f"{label.replace('_', ' ')} {value}" for label, value in common.items())
    note = ". ".join(filter(None, (f"All: {said}" if said else "", note)))
    rows: dict[tuple[str, ...], dict[tuple[str, str], Point]] = {}
    for point in points:
        key = tuple(point.figure.labels.get(label, "") for label in labels)
        rows.setdefault(key, {}).setdefault((point.figure.name, point.figure.unit), point)
    better = {
        kind: next((p.figure.higher_is_better for p in points if (p.figure.name, p.figure.unit) == kind), None)
        for kind in kinds
    }
    columns = [
        *(Column(label.replace("_", " ")) for label in labels),
        *(Column(title_of(name), scaled(unit)[0], numeric=True, better=better[name, unit]) for name, unit in kinds),
    ]
    cells = [(*map(_label_cell, key), *(_cell(found.get(kind)) for kind in kinds)) for key, found in rows.items()]
    return Table(caption, tuple(columns), mark_best(columns, cells) if best else tuple(cells), note)


def _common(labels: Sequence[str], points: Sequence[Point]) -> dict[str, str]:
    """Return the labels that are the same in all rows of several, which one line says as well as a column."""
    found = {label: {point.figure.labels.get(label, "") for point in points} for label in labels}
    rows = {tuple(point.figure.labels.get(label, "") for label in labels) for point in points}
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
            Cell(point.figure.name),
            Cell(number(point.figure.value, point.figure.unit), point.figure.value),
            Cell(scaled(point.figure.unit)[0]),
            Cell(figure_cell(None, point.figure.unit, point.interval).detail),
            Cell(words[point.figure.higher_is_better]),
            Cell(", ".join(f"{key} {value}" for key, value in point.figure.labels.items() if value)),
        )
        for point in points
    ]
    return Table(caption, columns, tuple(rows), folded=True)


def _label_cell(text: str) -> Cell:
    return Cell(text or NOTHING.text, float(text) if text.isascii() and text.isdecimal() else None)


def _cell(point: Point | None) -> Cell:
    return NOTHING if point is None else figure_cell(point.figure.value, unit_of(point.figure), point.interval)

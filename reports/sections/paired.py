"""How accuracy differs between two records, sample by sample."""

from __future__ import annotations

from ...bench.accuracy.tables import column, slice_rows
from ...bench.intervals import Interval, drop_interval
from ..evidence import Point

__all__ = ["accuracy_change"]


def accuracy_change(before: Point, after: Point) -> tuple[float, Interval | None] | None:
    """Return how much higher `after` is, with the interval over samples where both have the same ones."""
    if before.figure.value is None or after.figure.value is None:
        return None
    change = after.figure.value - before.figure.value
    ids, other_ids = (point.source.record.samples.get("id") for point in (before, after))
    values = [column(point.source.record, point.figure.name) for point in (before, after)]
    if not ids or ids != other_ids or None in values:
        return change, None
    rows = slice_rows(after.source.record, after.figure.labels.get("slice", "all"))
    old, new = ([value[row] for row in rows] if value else [] for value in values)
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a is not None and b is not None]
    if not pairs:
        return change, None
    low, high = drop_interval([a for a, _ in pairs], [b for _, b in pairs])
    return change, (-high + 0.0, -low + 0.0)

"""How accuracy differs between two records, sample by sample."""

from __future__ import annotations

from ...bench import drop_interval
from ...core import Interval
from ..evidence import Point

__all__ = ["accuracy_change"]


def accuracy_change(before: Point, after: Point) -> tuple[float, Interval | None] | None:
    """Return how much higher `after` is, with the interval over samples where both have the same ones."""
    if before.figure.value is None or after.figure.value is None:
        return None
    change = after.figure.value - before.figure.value
    old, new = (point.source.record.by_sample(point.figure) for point in (before, after))
    if not old or not new or old.keys() != new.keys():
        return change, None
    low, high = drop_interval([old[name] for name in new], list(new.values()))
    return change, (-high + 0.0, -low + 0.0)

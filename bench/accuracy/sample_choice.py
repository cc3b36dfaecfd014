"""Which samples of a validation are shown: typical ones, and the worst."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from ...core import InputError, ValidateRecord
from ...metrics import METRICS

__all__ = ["rows_to_show", "typical_samples", "worst_samples"]


def rows_to_show(records: Sequence[ValidateRecord], *, order: str | None = None, count: int = 8) -> list[int]:
    """Return rows to show: first typical ones, by the first record, then those that are the worst of one or another.

    A quarter of them is typical; the worst are each record's in turn.
    """
    typical = typical_samples(records[0], order=order, count=count // 4)
    turns = zip_longest(*(worst_samples(record, order=order, count=count) for record in records))
    return list(dict.fromkeys([*typical, *(row for turn in turns for row in turn if row is not None)]))[:count]


def worst_samples(record: ValidateRecord, *, order: str | None = None, count: int = 10) -> list[int]:
    """Return the rows of the worst samples, the worst first; samples without a value are left to the end.

    Raises:
        InputError: the record has no column of that name, or it is no metric.
    """
    name, values = _ordered_by(record, order)
    sign = 1 if METRICS[name].higher_is_better else -1

    def key(row: int) -> tuple[bool, float]:
        value = values[row]
        return value is None, 0.0 if value is None else sign * value

    return sorted(range(len(values)), key=key)[:count]


def typical_samples(record: ValidateRecord, *, order: str | None = None, count: int = 2) -> list[int]:
    """Return the rows of the samples whose metric is nearest to the median, the nearest first.

    Raises:
        InputError: as `worst_samples`.
    """
    _, values = _ordered_by(record, order)
    known = {row: value for row, value in enumerate(values) if value is not None and np.isfinite(value)}
    middle = float(np.median(list(known.values()))) if known else 0.0
    return sorted(known, key=lambda row: abs(known[row] - middle))[:count]


def _ordered_by(record: ValidateRecord, order: str | None) -> tuple[str, Sequence[float | None]]:
    """Return a metric's name and its value of each sample."""
    name = order or next((figure.metric for figure in record.measurements), "")
    values = record.table.values.get(name)
    if values is None or name not in METRICS:
        measured = ", ".join(sorted(set(record.table.values) & set(METRICS))) or "none"
        raise InputError(f"the record has no samples of the metric {name!r}; it has: {measured}")
    return name, values

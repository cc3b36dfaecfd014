"""Tables from validation records: one row a model, one row a sample, and the worst samples first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ...core.record import Figure, Record
from ...metrics import METRICS
from ..intervals import CONFIDENCE, Interval, mean_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["column", "figure_interval", "samples_table", "slice_rows", "summary_table", "worst_samples"]

ALL = "all"
"""The slice that is no slice."""


def column(record: Record, name: str) -> list[float | None] | None:
    """Return a numeric column of a record's samples; None where there is no such column, or not a row for each id.

    Infinity, which JSON has no number for, is stored as the text "Infinity" and comes back as a float. What is not a
    number comes back as None.
    """
    stored = record.samples.get(name)
    if stored is None or len(record.samples.get("id", stored)) != len(stored):
        return None
    words = {"Infinity": float("inf"), "-Infinity": float("-inf")}
    return [
        words.get(value)
        if isinstance(value, str)
        else _number(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else None
        for value in stored
    ]


def _number(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:
        # An integer of hundreds of digits is no measurement.
        return None


def slice_rows(record: Record, slice_: str) -> list[int]:
    """Return the rows of a record's samples that belong to a slice: `all`, or `tag=value`."""
    count = len(record.samples.get("id", []))
    if slice_ == ALL:
        return list(range(count))
    tag, _, value = slice_.partition("=")
    return [row for row, found in enumerate(record.samples.get(f"tag:{tag}", [])[:count]) if found == value]


def figure_interval(record: Record, figure: Figure, confidence: float = CONFIDENCE) -> Interval | None:
    """Return the bootstrap interval of a figure over its samples; None where the record has no samples of it."""
    values = column(record, figure.name)
    if values is None:
        return None
    picked = [values[row] for row in slice_rows(record, figure.labels.get("slice", ALL))]
    present = [value for value in picked if value is not None]
    return mean_interval(present, confidence) if present else None


def summary_table(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for each record: model, precision, device, dataset, samples, and each metric's mean over them."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for record in records:
        figures = [figure for figure in record.figures if figure.labels.get("slice", ALL) == ALL]
        row: dict[str, object] = {}
        if figures:
            row = {key: figures[0].labels.get(key, "") for key in ("model", "precision", "device", "dataset")}
        row["samples"] = record.settings.get("samples")
        row |= {figure.name: figure.value for figure in figures}
        rows.append(row)
    return pd.DataFrame(rows)


def samples_table(record: Record, *, by: str | None = None) -> pd.DataFrame:
    """Return a row for each sample, the worst by the metric `by` first (the record's first metric unless given).

    Raises:
        InputError: the record has no column of that name.
    """
    import pandas as pd

    order = worst_samples(record, by=by, count=len(record.samples.get("id", [])))
    data = {
        name: column(record, name) if name in METRICS else values[: len(order)] + [None] * (len(order) - len(values))
        for name, values in record.samples.items()
    }
    return pd.DataFrame(data).iloc[order].reset_index(drop=True)


def worst_samples(record: Record, *, by: str | None = None, count: int = 10) -> list[int]:
    """Return the rows of the worst samples, the worst first; samples without a value are left to the end.

    Raises:
        InputError: the record has no column of that name, or it is no metric.
    """
    name = by or next((figure.name for figure in record.figures), "")
    values = column(record, name)
    if values is None or name not in METRICS:
        measured = ", ".join(sorted(set(record.samples) & set(METRICS))) or "none"
        raise InputError(f"the record has no samples of the metric {name!r}; it has: {measured}")
    sign = 1 if METRICS[name].higher_is_better else -1

    def key(row: int) -> tuple[bool, float]:
        value = values[row]
        return value is None, 0.0 if value is None else sign * value

    return sorted(range(len(values)), key=key)[:count]

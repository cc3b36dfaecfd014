"""Tables from validation records: one row a model, one row a sample, and the worst samples first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...core import InputError, Interval, Measurement, Record, ValidateRecord
from ...metrics import METRICS
from ..intervals import CONFIDENCE, mean_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["figure_interval", "samples_table", "summary_table", "worst_samples"]


def figure_interval(record: Record, figure: Measurement, confidence: float = CONFIDENCE) -> Interval | None:
    """Return the bootstrap interval of a figure over its samples; None where the record has no samples of it."""
    values = record.by_sample(figure)
    return mean_interval(list(values.values()), confidence) if values else None


def summary_table(records: Sequence[ValidateRecord]) -> pd.DataFrame:
    """Return a row for each record: model, precision, device, dataset, samples, and each metric's mean over them."""
    import pandas as pd

    rows: list[dict[str, object]] = []
    for record in records:
        figures = [figure for figure in record.measurements if figure.is_whole]
        row: dict[str, object] = {}
        if figures:
            first = figures[0]
            row = {"model": first.model, "precision": first.precision, "device": first.device, "dataset": first.dataset}
        row["samples"] = len(record.table.ids)
        row |= {figure.metric: figure.value for figure in figures}
        rows.append(row)
    return pd.DataFrame(rows)


def samples_table(record: ValidateRecord, *, by: str | None = None) -> pd.DataFrame:
    """Return a row for each sample, the worst by the metric `by` first (the record's first metric unless given).

    Raises:
        InputError: the record has no column of that name.
    """
    import pandas as pd

    table = record.table
    order = worst_samples(record, by=by, count=len(table.ids))
    columns: dict[str, Sequence[object]] = {"id": table.ids}
    columns |= {f"tag:{name}": values for name, values in table.tags.items()}
    columns |= table.values
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def worst_samples(record: ValidateRecord, *, by: str | None = None, count: int = 10) -> list[int]:
    """Return the rows of the worst samples, the worst first; samples without a value are left to the end.

    Raises:
        InputError: the record has no column of that name, or it is no metric.
    """
    name = by or next((figure.metric for figure in record.measurements), "")
    values = record.table.values.get(name)
    if values is None or name not in METRICS:
        measured = ", ".join(sorted(set(record.table.values) & set(METRICS))) or "none"
        raise InputError(f"the record has no samples of the metric {name!r}; it has: {measured}")
    sign = 1 if METRICS[name].higher_is_better else -1

    def key(row: int) -> tuple[bool, float]:
        value = values[row]
        return value is None, 0.0 if value is None else sign * value

    return sorted(range(len(values)), key=key)[:count]

"""The raw times in a benchmark's record, as series that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from ..core.record import Record
from .latency.stability import OTHERS

__all__ = ["MODEL", "candidates_of", "disturbed", "milliseconds"]

MODEL = "model"
"""The stage that is the network alone."""


def candidates_of(record: Record) -> list[Mapping[str, Any]]:
    """Return what a record says of each candidate; nothing where it is no benchmark's."""
    return cast("list[Mapping[str, Any]]", record.settings.get("candidates") or [])


def milliseconds(record: Record, candidate: str, stage: str = MODEL) -> list[float] | None:
    """Return the times of a candidate's stage in the order in which they were measured; None where there are none.

    Of the network alone: the latency of each query; in the offline scenario, where latencies say how long a query lay
    in the queue, the time for a query in each round.
    """
    series = _numbers(record, f"{candidate}: {stage}")
    if stage == MODEL and record.settings.get("scenario") == "offline":
        walls, rounds = (_numbers(record, f"{candidate}: {MODEL} {what}") for what in ("wall", "round"))
        if not walls or not rounds:
            return None
        queries = Counter(int(number) for number in rounds)
        return [wall / queries[number] for number, wall in enumerate(walls) if queries[number]]
    return series or None


def disturbed(record: Record, candidate: str) -> bool:
    """Tell whether other processes took so much of the processors that the times are not the candidate's own."""
    loads = (f.value for f in record.figures if f.name == "other_load" and f.labels.get("candidate") == candidate)
    return any(load is not None and load > OTHERS for load in loads)


def _numbers(record: Record, name: str) -> list[float]:
    return [float(value) for value in record.samples.get(name, []) if isinstance(value, int | float)]

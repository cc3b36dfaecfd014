"""What came of one limit: the ruling, and that on times, which are judged by a test of their raw samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ...core import BenchRecord, Interval, Measurement, Record
from ..significance import compare_samples
from .gate import Gate

__all__ = ["Ruling", "Status", "number", "rule_on_times", "share", "span"]

Status = Literal["passed", "failed", "not enough evidence"]


@dataclass(frozen=True)
class Ruling:
    """A status and why; what the figure was compared with, what the limit bounds, and its interval."""

    status: Status
    reason: str
    baseline: float | None = None
    amount: float | None = None
    interval: Interval | None = None


def rule_on_times(gate: Gate, record: Record, figure: Measurement, found: tuple[Record, Measurement]) -> Ruling | None:
    """Judge the ratio of times, such as a percentile, by the test of their raw samples.

    It passes only if the whole interval is within the limit, where there is one (of the median), and fails only if the
    ratio is beyond the limit and the difference is significant; else, or with too few samples, nothing is known.

    Args:
        gate: has the limit `max_ratio`.
        record: what was measured.
        figure: of that record.
        found: the record and figure to compare with.

    Returns:
        None where the times are not a benchmark's, and too few to tell more than the figures themselves do.
    """
    (other, before), bound = found, gate.limits()["max_ratio"]
    if before.value is None or math.isnan(before.value):
        return Ruling("not enough evidence", f"the baseline's {figure.metric} has no value")
    old, new = _times(other, before), _times(record, figure)
    if not old or not new:
        if not figure.candidate:
            return None
        return Ruling("not enough evidence", f"{figure.metric} was measured once, which shows no difference")
    if any(_is_disturbed(source, each) for source, each in ((other, before), (record, figure))):
        return Ruling("not enough evidence", "other processes disturbed the measurement; repeat it without them")
    difference = compare_samples(old, new)
    few = difference.verdict == "not enough samples" or difference.samples < gate.samples
    if few and not figure.candidate:
        return None
    of_medians = "p50" in {figure.metric.removeprefix("latency_"), figure.statistic}
    amount = difference.ratio if of_medians else share(figure.value or math.nan, before.value, of_zeros=1.0)
    interval = (difference.low, difference.high) if of_medians else None
    shown = f"ratio {number(amount)}{span(interval)}, p {difference.p_value:.2g}"
    if few:
        status, reason = "not enough evidence", f"{shown}: {difference.samples:.0f} independent samples; measure longer"
    elif amount <= bound and (interval is None or interval[1] <= bound):
        status, reason = "passed", f"{shown}, at most {number(bound)}"
    elif amount > bound and difference.verdict == "slower":
        status, reason = "failed", f"{shown}: slower, and by more than {number(bound)}"
    else:
        status, reason = "not enough evidence", f"{shown}: it could be more than {number(bound)}; measure longer"
    return Ruling(status, reason, before.value, amount, interval)


def _times(record: Record, figure: Measurement) -> tuple[float, ...]:
    """The times that a latency is a percentile of, as they are compared; empty where it was measured once."""
    if not figure.metric.startswith("latency"):
        return ()
    if isinstance(record, BenchRecord):
        return record.times(figure.candidate, figure.stage)
    series = record.series(figure)
    return series.values if series else ()


def _is_disturbed(record: Record, figure: Measurement) -> bool:
    found = record.candidates.get(figure.candidate) if isinstance(record, BenchRecord) else None
    return found is not None and found.disturbed


def span(interval: Interval | None) -> str:
    """Return an interval as the end of a phrase."""
    return f" in [{number(interval[0])}, {number(interval[1])}]" if interval else ""


def number(value: float) -> str:
    """Return a figure with four digits."""
    return f"{value:.4g}"


def share(part: float, whole: float, *, of_zeros: float) -> float:
    """Return a quotient; that of two zeros is `of_zeros`, and of zero alone infinite."""
    if whole == 0:
        return of_zeros if part == 0 else math.copysign(math.inf, part)
    return part / whole

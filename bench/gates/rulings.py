"""What came of one limit: the ruling, and that on times, which are judged by a test of their raw samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ...core.record import Figure, Record
from ..intervals import Interval
from ..significance import compare_samples
from ..timings import disturbed, milliseconds
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


def rule_on_times(gate: Gate, record: Record, figure: Figure, found: tuple[Record, Figure]) -> Ruling:
    """Judge the ratio of a benchmark's times, such as a percentile, by the test of their raw samples.

    It passes only if the whole interval is within the limit, where there is one (of the median), and fails only if the
    ratio is beyond the limit and the difference is significant; else, or with too few samples, nothing is known.

    Args:
        gate: has the limit `max_ratio`.
        record: what was measured.
        figure: of that record.
        found: the record and figure to compare with.
    """
    (other, before), bound = found, gate.limits()["max_ratio"]
    if before.value is None or math.isnan(before.value):
        return Ruling("not enough evidence", f"the baseline's {figure.name} has no value")
    series = [
        milliseconds(source, each.labels["candidate"], each.labels.get("stage", ""))
        for source, each in ((other, before), (record, figure))
    ]
    if not figure.name.startswith("latency_") or series[0] is None or series[1] is None:
        return Ruling("not enough evidence", f"{figure.name} was measured once, which shows no difference")
    if any(disturbed(source, each.labels["candidate"]) for source, each in ((other, before), (record, figure))):
        return Ruling("not enough evidence", "other processes disturbed the measurement; repeat it without them")
    difference = compare_samples(series[0], series[1])
    of_medians = figure.name == "latency_p50"
    amount = difference.ratio if of_medians else share(figure.value or math.nan, before.value, of_zeros=1.0)
    interval = (difference.low, difference.high) if of_medians else None
    shown = f"ratio {number(amount)}{span(interval)}, p {difference.p_value:.2g}"
    if difference.verdict == "not enough samples" or difference.samples < gate.samples:
        status, reason = "not enough evidence", f"{shown}: {difference.samples:.0f} independent samples; measure longer"
    elif amount <= bound and (interval is None or interval[1] <= bound):
        status, reason = "passed", f"{shown}, at most {number(bound)}"
    elif amount > bound and difference.verdict == "slower":
        status, reason = "failed", f"{shown}: slower, and by more than {number(bound)}"
    else:
        status, reason = "not enough evidence", f"{shown}: it could be more than {number(bound)}; measure longer"
    return Ruling(status, reason, before.value, amount, interval)


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

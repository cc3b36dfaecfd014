"""Judging multiples of times by their raw samples, and what a user permits them to be."""

from __future__ import annotations

import math

from ...core import BenchRecord, Measurement, Record
from ..significance import MIN_SAMPLES, compare_samples
from .evidence import Found, Judged, more, needed_for, share_of, shown_as, span
from .gate import Gate

__all__ = ["judge_times", "permission"]


def judge_times(gate: Gate, now: Found, before: Found, values: tuple[float, float], *, noisy: bool) -> Judged | None:
    """Judge times, such as a percentile, as a multiple of the baseline's, by the test of their raw samples.

    It passes only if the whole interval is within the limit, where there is one (of the median), and fails only if the
    multiple is beyond the limit and the difference is significant; else, or with too few samples, nothing is known.

    None where the times are not a benchmark's, and too few to tell more than the figures themselves do.
    """
    (was, value), figure, bound = values, now[1], gate.limits()["max_ratio"]
    old, new = times_of(*before), times_of(*now)
    if not old or not new:
        if not figure.candidate:
            return None
        return Judged("not enough evidence", f"{figure.metric} was measured once, which shows no difference")
    if not noisy and (is_disturbed(*before) or is_disturbed(*now)):
        reason = "other processes disturbed the measurement; repeat it without them, or judge it with --allow noise"
        return Judged("not enough evidence", reason, needed=None if is_disturbed(*before) else len(new))
    difference = compare_samples(old, new)
    few = difference.verdict == "not enough samples" or difference.samples < gate.samples
    if few and not figure.candidate:
        return None
    of_medians = "p50" in {figure.metric.removeprefix("latency_"), figure.statistic}
    amount = 1 / difference.speedup if of_medians else share_of(value, was, of_zeros=1.0)
    interval = (1 / difference.high, 1 / difference.low) if of_medians else None
    shown = f"{shown_as(amount)} times the baseline's{span(interval)}, p {difference.p_value:.2g}"
    worth = len(new) / difference.samples if difference.samples else 1.0
    needed: int | None = None
    if few:
        least = max(gate.samples, MIN_SAMPLES)
        needed = max(1, math.ceil((least - difference.samples) * worth))
        status = "not enough evidence"
        reason = f"{shown}: {difference.samples:.0f} independent samples; measure longer, {more(needed, 'times')}"
    elif amount <= bound and (interval is None or interval[1] <= bound):
        status, reason = "passed", f"{shown}, at most {shown_as(bound)}"
    elif amount > bound and difference.verdict == "slower":
        status, reason = "failed", f"{shown}: slower, and by more than {shown_as(bound)}"
    else:
        high = difference.speedup / difference.low * amount
        needed = needed_for(len(new), abs(high - amount), abs(bound - amount))
        status = "not enough evidence"
        reason = f"{shown}: it could be more than {shown_as(bound)}; measure longer, {more(needed, 'times')}"
    return Judged(status, reason, was, amount, interval, needed)


def permission(now: Found, before: Found, *, noisy: bool) -> str:
    """Return what a verdict on two figures owes to the user's permission, as the end of a sentence."""
    here, there = (each.machine.hardware if each.machine else () for _, each in (now, before))
    said = ["of two machines, by --allow machine"] if now[1].unit.depends_on_machine and here != there else []
    disturbed = is_disturbed(*now) or is_disturbed(*before)
    said += ["disturbed by other processes, by --allow noise"] if noisy and disturbed else []
    return f" ({' and '.join(said)})" if said else ""


def times_of(record: Record, figure: Measurement) -> tuple[float, ...]:
    """The times that a latency is a percentile of, as they are compared; empty where it was measured once."""
    if not figure.metric.startswith("latency"):
        return ()
    if isinstance(record, BenchRecord):
        return record.times(figure.candidate, figure.stage)
    series = record.series(figure)
    return series.values if series else ()


def is_disturbed(record: Record, figure: Measurement) -> bool:
    found = record.candidates.get(figure.candidate) if isinstance(record, BenchRecord) else None
    return found is not None and found.disturbed

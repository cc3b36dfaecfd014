"""A benchmark's record → the table of what to deploy, with all of its differences from the baseline."""

from __future__ import annotations

from ..core import MODEL, BenchRecord, Measurement
from .deployment import AccuracyChange, Deployment, DeploymentRow, picked
from .int8 import ALLOWED_DROP
from .intervals import drop_interval, figure_interval
from .significance import MIN_SAMPLES, compare_rounds, more_needed, shared_confidence

__all__ = ["deployment_of"]

_TIMES = ("latency_", "throughput")
"""Beginnings of metrics that are of the stage that candidates are compared in; others are of the network alone."""


def deployment_of(record: BenchRecord) -> Deployment:
    """Compare all candidates of a benchmark with its baseline, and say which one to deploy.

    The pick is the fastest of those that are shown to be faster than the baseline and whose drop in accuracy is shown
    to be within what is allowed: the record's own limit, or 0.01 IoU and 0.3 dB. Where none is, it is one that is as
    fast and smaller; else the baseline.

    Args:
        record: of candidates that were measured interleaved, with samples of their accuracies where there are any.

    Raises:
        DependencyError: SciPy is not installed, and there is something to compare.
    """
    figures = {
        (f.candidate, f.metric): f
        for f in record.measurements
        if f.stage == (record.compared if f.metric.startswith(_TIMES) else MODEL) or not f.stage
    }
    accuracies = {f.candidate: f for f in record.measurements if f.data and f.is_whole and f.candidate}
    times = {key: rounds for key in record.candidates if (rounds := record.rounds_of(key, record.compared))}
    base = accuracies.get(record.baseline)
    compared = [key for key in record.candidates if key != record.baseline]
    timed = [key for key in compared if key in times and record.baseline in times]
    judged = [key for key in compared if key in accuracies] if base is not None else []
    claims = max(1, len(timed) + len(judged))
    example = base or next(iter(accuracies.values()), None)
    metric = example.metric if example else ""
    task = next(iter(record.candidates.values())).task
    allowed = record.allowed_drop.get(metric, ALLOWED_DROP[task])
    rows: list[DeploymentRow] = []
    for key, found in record.candidates.items():
        accuracy = accuracies.get(key)
        change = speed = None
        if base is not None and accuracy is not None and key in judged:
            change = _change(record, base, accuracy, allowed, claims)
        if key in timed:
            speed = compare_rounds(times[record.baseline], times[key], claims=claims)
        # What was never opened has no figure, and is told by what was asked for.
        median = figures.get((key, "latency_p50"))
        how = found.execution or (median.execution if median else None)
        asked = found.asked
        own = {name: f.value for (of, name), f in figures.items() if of == key and f.value is not None and not f.data}
        rows.append(
            DeploymentRow(
                candidate=key,
                model=median.model if median else asked.get("model", key),
                precision=median.precision if median else asked.get("precision", ""),
                arithmetic=(how.arithmetic if how else "") or asked.get("arithmetic", ""),
                device=how.name if how else asked.get("device", ""),
                instruction_set=how.instruction_set if how else "",
                status=found.status,
                reason=found.reason or "",
                figures=own,
                accuracy=accuracy.value if accuracy else None,
                accuracy_interval=figure_interval(record, accuracy) if accuracy else None,
                change=change,
                speed=speed,
                unsteady=found.unstable,
                notes=found.notes,
            )
        )
    data = example.data if example else None
    table = Deployment(
        rows=tuple(rows),
        baseline=record.baseline,
        metric=metric,
        unit=str(example.unit) if example else "",
        higher_is_better=example.higher_is_better is not False if example else True,
        stage=record.compared,
        reference=data.reference if data else "",
        samples=(data.count or 0) if data else 0,
        claims=claims,
        allowed=allowed,
        pick=None,
        sentence="",
        open=(),
    )
    return picked(table, times)


def _change(
    record: BenchRecord, before: Measurement, after: Measurement, allowed: float, claims: int
) -> AccuracyChange | None:
    if before.value is None or after.value is None:
        return None
    value = after.value - before.value
    old, new = record.by_sample(before), record.by_sample(after)
    if not old or not new or old.keys() != new.keys():
        return AccuracyChange(value, None, None, shown=False)
    series = [old[name] for name in new], list(new.values())
    if series[0] != series[1] and len(new) < MIN_SAMPLES:
        return AccuracyChange(value, None, None, shown=False, more=MIN_SAMPLES - len(new))
    low, high = drop_interval(*series, confidence=shared_confidence(claims))
    interval = (-high + 0.0, -low + 0.0)
    worse = after.higher_is_better is not False
    loss, most = (-value, -interval[0]) if worse else (value, interval[1])
    more = more_needed(len(new), allowed - loss, most - loss) if loss < allowed < most else 0
    return AccuracyChange(value, interval, max(0.0, most), shown=not interval[0] <= 0 <= interval[1], more=more)

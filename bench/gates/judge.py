"""Judging: gates against records, with or without a baseline. What cannot be judged is never passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...core import BenchRecord, Interval, Measurement, Record, Verdict, did_you_mean
from ...metrics import METRICS
from ..intervals import drop_interval, figure_interval, ratio_interval
from ..significance import compare_samples
from .agreement import judge_agreement
from .gate import Gate, Limit, find_baseline
from .gate_file import AnyGate
from .identity import IdentityGate, judge_identity
from .outcome import GateOutcome

__all__ = ["judge"]

_OF = ("model", "precision", "device", "arithmetic")
_Identity = tuple[str, str, str, str]
"""What figures are of, by the labels `_OF`."""

_Found = tuple[Record, Measurement]


class _Judged(NamedTuple):
    """A status and why; what the figure was compared with, what the limit bounds, and its interval."""

    status: GateOutcome
    reason: str
    baseline: float | None = None
    amount: float | None = None
    interval: Interval | None = None


def judge(
    gates: Sequence[AnyGate],
    records: Sequence[Record],
    baselines: Sequence[Record] = (),
    *,
    across_machines: bool = False,
) -> list[Verdict]:
    """Judge every limit of every gate on every figure that it is for, and what models are and answer.

    `min` and `max` are judged on the figure. A drop is judged by its paired bootstrap interval: it passes only if the
    whole interval is within the limit, fails if the drop itself is beyond it, and otherwise there is not enough
    evidence; so is a multiple. Without samples the figures alone are compared. A multiple of a benchmark's times is
    judged by their raw samples: it fails only if it is beyond the limit and the difference is significant.

    Not enough evidence is also: a gate that no record is for; a model that a gate is for and that lacks the metric (of
    a benchmark no accuracy is asked where a validation of that model and precision has it, and the other way round); a
    figure without a value; fewer samples than the gate asks for; no baseline, or several equally near ones; a baseline
    that `core.comparable` does not set beside the figure, by its data, weights, input size or arithmetic, or (of times
    and whatever else depends on them) by its machine, settings or precision, unless the gate says so; samples that are
    not the same as the baseline's.

    Args:
        gates: what to judge by.
        records: what was measured.
        baselines: what to compare with; of several that may be, the one that differs least: in precision (or in what
            else the gate permits), then in device, candidate, settings and machine.
        across_machines: compare times of different machines too.
    """
    verdicts: list[Verdict] = []
    for gate in gates:
        if not isinstance(gate, Gate):
            judged = judge_identity if isinstance(gate, IdentityGate) else judge_agreement
            verdicts += judged(gate, records, baselines)  # pyright: ignore[reportArgumentType]
            continue
        groups = _groups(gate, records)
        if not groups:
            verdicts += _missing(gate, f"no record is for this gate; {_measures(gate, records)}", {})
        measured = {
            (identity[:2], record.kind)
            for identity, figures in groups.items()
            for record, figure in figures
            if gate.wants(figure)
        }
        of_none = {
            id(record)
            for identity, figures in groups.items()
            for record, figure in figures
            if not identity[0] and gate.wants(figure)
        }
        for identity, figures in groups.items():
            wanted = [(record, figure) for record, figure in figures if gate.wants(figure)]
            kinds = {kind for of, kind in measured if of == identity[:2]}
            # The limits of a machine, which are of no model, lack nothing that a model has; nor the other way.
            asked = any(id(record) not in of_none for record, _ in figures) if identity[0] else not measured
            if not wanted and asked and (not kinds or any(record.kind in kinds for record, _ in figures)):
                labels: dict[str, str] = dict(zip(_OF, identity, strict=True))
                what = gate.metric if gate.part == "all" else f"{gate.metric} of the slice {gate.part}"
                verdicts += _missing(gate, f"{what} was not measured; {_measures(gate, records)}", labels)
            for record, figure in wanted:
                verdicts += [
                    _verdict(gate, limit, record, figure, baselines, across_machines=across_machines)
                    for limit in gate.limits()
                ]
    return verdicts


def _groups(gate: Gate, records: Sequence[Record]) -> dict[_Identity, list[tuple[Record, Measurement]]]:
    """Return the figures that a gate is for, whatever their metric, by what they are of."""
    groups: dict[_Identity, list[tuple[Record, Measurement]]] = {}
    for record in records:
        for figure in record.measurements:
            # What quantization notes of the model that it started from is not a figure of the model that it made.
            if not figure.role and gate.covers(figure):
                identity = (figure.model, figure.precision, figure.device, figure.arithmetic)
                groups.setdefault(identity, []).append((record, figure))
    return groups


def _measures(gate: Gate, records: Sequence[Record]) -> str:
    """Return what to do for a figure that is not there: only some are a validation's, and some are mistyped."""
    if gate.metric in METRICS:
        return f"measure a model that it names with: mattekit validate --metrics {gate.metric}"
    known = {figure.metric for record in records for figure in record.measurements}
    near = "" if gate.metric in known else did_you_mean(gate.metric, sorted(known | METRICS.keys()))
    return near.removeprefix("; ") or "measure a model that it names with: mattekit bench"


def _missing(gate: Gate, reason: str, labels: dict[str, str]) -> list[Verdict]:
    return [
        Verdict(
            gate=gate.describe(),
            metric=gate.metric,
            limit=limit,
            bound=bound,
            status="not enough evidence",
            reason=reason,
            labels=labels,
        )
        for limit, bound in gate.limits().items()
    ]


def _verdict(
    gate: Gate, limit: Limit, record: Record, figure: Measurement, baselines: Sequence[Record], *, across_machines: bool
) -> Verdict:
    samples = record.by_sample(figure)
    count = None if samples is None else len(samples)
    value, bound = figure.value, gate.limits()[limit]
    if value is None or math.isnan(value):
        outcome = _Judged("not enough evidence", f"{figure.metric} has no value")
    elif count is not None and count < gate.samples:
        outcome = _Judged("not enough evidence", f"{count} samples, but the gate asks for {gate.samples} or more")
    elif limit in {"min", "max"}:
        passed = value >= bound if limit == "min" else value <= bound
        reason = (
            f"{_shown(value)} {'is' if passed else 'is not'} at {'least' if limit == 'min' else 'most'} {_shown(bound)}"
        )
        interval = figure_interval(record, figure, gate.confidence)
        outcome = _Judged("passed" if passed else "failed", reason, amount=value, interval=interval)
    else:
        found = find_baseline(gate, figure, baselines, across_machines=across_machines)
        if isinstance(found, str):
            outcome = _Judged("not enough evidence", found)
        elif (was := found[1].value) is None or math.isnan(was):
            outcome = _Judged("not enough evidence", f"the baseline's {figure.metric} has no value")
        else:
            values = was, value
            timed = limit == "max_ratio" and figure.unit.is_time
            outcome = _of_times(gate, (record, figure), found, values) if timed else None
            outcome = outcome or _against(gate, limit, (record, figure), found, values)
    return Verdict(
        gate=gate.describe(),
        metric=gate.metric,
        limit=limit,
        bound=bound,
        labels=figure.labels,
        value=figure.value,
        samples=count,
        **outcome._asdict(),
    )


def _against(gate: Gate, limit: Limit, now: _Found, before: _Found, values: tuple[float, float]) -> _Judged:
    (was, value), figure, bound = values, now[1], gate.limits()[limit]
    if limit == "max_ratio":
        amount = _share(value, was, of_zeros=1.0)
    else:
        drop = 0.0 if was == value else (was - value) * (-1 if figure.higher_is_better is False else 1)
        amount = drop if limit == "max_drop" else _share(drop, abs(was), of_zeros=0.0)
    interval = None
    samples = now[0].by_sample(figure)
    if samples is not None:
        pairs = _paired(samples, before[0].by_sample(before[1]))
        if pairs is None:
            reason = "the samples are not those of the baseline; validate both on the same ones"
            return _Judged("not enough evidence", reason, was)
        interval = _amount_interval(limit, pairs, figure, gate.confidence)
    words = "{} times the baseline's{}" if limit == "max_ratio" else "drop {}{}"
    shown = words.format(_shown(amount), _span(interval))
    # Written so that what is not a number never passes.
    if not amount <= bound:
        status, reason = "failed", f"{shown}, more than {_shown(bound)}"
    elif interval is not None and not interval[1] <= bound:
        status = "not enough evidence"
        reason = f"{shown}: with these samples it could be more than {_shown(bound)}; validate on more of them"
    else:
        status, reason = "passed", f"{shown}, at most {_shown(bound)}"
    return _Judged(status, reason, was, amount, interval)


def _paired(after: dict[str, float], before: dict[str, float] | None) -> tuple[list[float], list[float]] | None:
    if before is None or before.keys() != after.keys() or not after:
        return None
    return [before[name] for name in after], list(after.values())


def _amount_interval(
    limit: Limit, pairs: tuple[list[float], list[float]], figure: Measurement, confidence: float
) -> Interval:
    before, after = pairs
    if limit == "max_ratio":
        return ratio_interval(before, after, confidence)
    relative = limit == "max_drop_relative"
    low, high = drop_interval(before, after, relative=relative, confidence=confidence)
    # Adding 0 turns -0 into 0.
    return (-high + 0.0, -low + 0.0) if figure.higher_is_better is False else (low, high)


def _of_times(gate: Gate, now: _Found, before: _Found, values: tuple[float, float]) -> _Judged | None:
    """Judge times, such as a percentile, as a multiple of the baseline's, by the test of their raw samples.

    It passes only if the whole interval is within the limit, where there is one (of the median), and fails only if the
    multiple is beyond the limit and the difference is significant; else, or with too few samples, nothing is known.

    None where the times are not a benchmark's, and too few to tell more than the figures themselves do.
    """
    (was, value), figure, bound = values, now[1], gate.limits()["max_ratio"]
    old, new = _times(*before), _times(*now)
    if not old or not new:
        if not figure.candidate:
            return None
        return _Judged("not enough evidence", f"{figure.metric} was measured once, which shows no difference")
    if _is_disturbed(*before) or _is_disturbed(*now):
        return _Judged("not enough evidence", "other processes disturbed the measurement; repeat it without them")
    difference = compare_samples(old, new)
    few = difference.verdict == "not enough samples" or difference.samples < gate.samples
    if few and not figure.candidate:
        return None
    of_medians = "p50" in {figure.metric.removeprefix("latency_"), figure.statistic}
    amount = 1 / difference.speedup if of_medians else _share(value, was, of_zeros=1.0)
    interval = (1 / difference.high, 1 / difference.low) if of_medians else None
    shown = f"{_shown(amount)} times the baseline's{_span(interval)}, p {difference.p_value:.2g}"
    if few:
        status, reason = "not enough evidence", f"{shown}: {difference.samples:.0f} independent samples; measure longer"
    elif amount <= bound and (interval is None or interval[1] <= bound):
        status, reason = "passed", f"{shown}, at most {_shown(bound)}"
    elif amount > bound and difference.verdict == "slower":
        status, reason = "failed", f"{shown}: slower, and by more than {_shown(bound)}"
    else:
        status, reason = "not enough evidence", f"{shown}: it could be more than {_shown(bound)}; measure longer"
    return _Judged(status, reason, was, amount, interval)


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


def _span(interval: Interval | None) -> str:
    """Return an interval as the end of a phrase."""
    return f" in [{_shown(interval[0])}, {_shown(interval[1])}]" if interval else ""


def _shown(value: float) -> str:
    """Return a figure with four digits."""
    return f"{value:.4g}"


def _share(part: float, whole: float, *, of_zeros: float) -> float:
    """Return a quotient; that of two zeros is `of_zeros`, and of zero alone infinite."""
    if whole == 0:
        return of_zeros if part == 0 else math.copysign(math.inf, part)
    return part / whole

"""Judging: gates against records, with or without a baseline. What cannot be judged is never passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ...core import Interval, Measurement, Record, Verdict, did_you_mean
from ...metrics import METRICS
from ..intervals import drop_interval, figure_interval, ratio_interval
from .agreement import judge_agreement
from .evidence import Found, Judged, more, needed_for, share_of, shown_as, span
from .gate import Gate, Limit, find_baseline
from .gate_file import AnyGate
from .identity import IdentityGate, judge_identity
from .times import judge_times, permission

__all__ = ["judge"]

_OF = ("model", "precision", "device", "arithmetic")
_Identity = tuple[str, str, str, str]
"""What figures are of, by the labels `_OF`."""


def judge(
    gates: Sequence[AnyGate],
    records: Sequence[Record],
    baselines: Sequence[Record] = (),
    *,
    across_machines: bool = False,
    noisy: bool = False,
) -> list[Verdict]:
    """Judge every limit of every gate on every figure that it is for, and what models are and answer.

    `min` and `max` are judged on the figure; of a gate that is certain by its interval, as a drop. A drop is judged by
    its paired bootstrap interval: it passes only if the whole interval is within the limit, fails if the drop itself is
    beyond it, and otherwise there is not enough evidence; so is a multiple. Without samples the figures alone are
    compared. A multiple of a benchmark's times is judged by their raw samples: it fails only if it is beyond the limit
    and the difference is significant.

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
        noisy: judge times that other processes disturbed, too.
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
                    _verdict(gate, limit, (record, figure), baselines, across_machines=across_machines, noisy=noisy)
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
    gate: Gate, limit: Limit, of: Found, baselines: Sequence[Record], *, across_machines: bool, noisy: bool
) -> Verdict:
    record, figure = of
    samples = record.by_sample(figure)
    count = None if samples is None else len(samples)
    value, bound = figure.value, gate.limits()[limit]
    if value is None or math.isnan(value):
        outcome = Judged("not enough evidence", f"{figure.metric} has no value")
    elif count is not None and count < gate.samples:
        few = f"{count} samples, but the gate asks for {gate.samples} or more"
        outcome = Judged("not enough evidence", few, needed=gate.samples - count)
    elif limit in ("min", "max"):
        outcome = _of_itself(gate, limit, record, figure, value)
    else:
        found = find_baseline(gate, figure, baselines, across_machines=across_machines)
        if isinstance(found, str):
            outcome = Judged("not enough evidence", found)
        elif (was := found[1].value) is None or math.isnan(was):
            outcome = Judged("not enough evidence", f"the baseline's {figure.metric} has no value")
        else:
            values = was, value
            timed = limit == "max_ratio" and figure.unit.is_time
            outcome = judge_times(gate, of, found, values, noisy=noisy) if timed else None
            outcome = outcome or _against(gate, limit, of, found, values)
            outcome = outcome._replace(reason=outcome.reason + permission(of, found, noisy=timed and noisy))
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


def _of_itself(gate: Gate, limit: Literal["min", "max"], record: Record, figure: Measurement, value: float) -> Judged:
    """Judge a figure by a limit on itself."""
    bound = gate.limits()[limit]
    word = "least" if limit == "min" else "most"
    interval = figure_interval(record, figure, gate.confidence)
    shown = f"{shown_as(value)}{span(interval) if gate.certain else ''}"
    if not (value >= bound if limit == "min" else value <= bound):
        return Judged("failed", f"{shown} is not at {word} {shown_as(bound)}", amount=value, interval=interval)
    if gate.certain and interval is None:
        reason = f"{shown}, but no samples of {figure.metric} are kept, so that nobody can be certain of it"
        return Judged("not enough evidence", reason, amount=value)
    edge = None if interval is None else interval[0] if limit == "min" else interval[1]
    if gate.certain and edge is not None and not (edge >= bound if limit == "min" else edge <= bound):
        needed = needed_for(len(record.by_sample(figure) or ()), abs(value - edge), abs(value - bound))
        unsure = (
            f"{shown}: with these samples it could be {'less' if limit == 'min' else 'more'} than {shown_as(bound)}"
        )
        reason = f"{unsure}; {more(needed, 'samples')}"
        return Judged("not enough evidence", reason, amount=value, interval=interval, needed=needed)
    return Judged("passed", f"{shown} is at {word} {shown_as(bound)}", amount=value, interval=interval)


def _against(gate: Gate, limit: Limit, now: Found, before: Found, values: tuple[float, float]) -> Judged:
    (was, value), figure, bound = values, now[1], gate.limits()[limit]
    if limit == "max_ratio":
        amount = share_of(value, was, of_zeros=1.0)
    else:
        drop = 0.0 if was == value else (was - value) * (-1 if figure.higher_is_better is False else 1)
        amount = drop if limit == "max_drop" else share_of(drop, abs(was), of_zeros=0.0)
    interval = None
    samples = now[0].by_sample(figure)
    if samples is not None:
        pairs = _paired(samples, before[0].by_sample(before[1]))
        if pairs is None:
            reason = "the samples are not those of the baseline; validate both on the same ones"
            return Judged("not enough evidence", reason, was)
        interval = _amount_interval(limit, pairs, figure, gate.confidence)
    words = "{} times the baseline's{}" if limit == "max_ratio" else "drop {}{}"
    shown = words.format(shown_as(amount), span(interval))
    # Written so that what is not a number never passes.
    if not amount <= bound:
        status, reason = "failed", f"{shown}, more than {shown_as(bound)}"
    elif interval is not None and not interval[1] <= bound:
        needed = needed_for(len(samples or ()), interval[1] - amount, bound - amount)
        unsure = f"{shown}: with these samples it could be more than {shown_as(bound)}"
        reason = f"{unsure}; validate on more of them: {more(needed, 'samples')}"
        return Judged("not enough evidence", reason, was, amount, interval, needed)
    else:
        status, reason = "passed", f"{shown}, at most {shown_as(bound)}"
    return Judged(status, reason, was, amount, interval)


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

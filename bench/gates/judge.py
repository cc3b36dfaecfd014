"""Judging: gates against records, with or without a baseline. What cannot be judged is never passed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...core import Interval, Measurement, Record, Verdict, did_you_mean
from ...metrics import METRICS
from ..intervals import drop_interval, figure_interval, ratio_interval
from .baselines import find_baseline
from .gate import Gate, Limit
from .rulings import Ruling, Status, number, rule_on_times, share, span

__all__ = ["EXIT_CODES", "Status", "gates_exit_code", "judge"]

EXIT_CODES: dict[Status, int] = {"passed": 0, "failed": 3, "not enough evidence": 4}

_OF = ("model", "precision", "device", "arithmetic")
_Identity = tuple[str, str, str, str]
"""What figures are of, by the labels `_OF`."""


def gates_exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return 0 if all passed, 3 if one failed, 4 if none failed but evidence is missing, or nothing was judged."""
    found = {verdict.status for verdict in verdicts}
    for status in ("failed", "not enough evidence"):
        if status in found:
            return EXIT_CODES[status]
    return 0 if found else EXIT_CODES["not enough evidence"]


def judge(
    gates: Sequence[Gate],
    records: Sequence[Record],
    baselines: Sequence[Record] = (),
    *,
    across_machines: bool = False,
) -> list[Verdict]:
    """Judge every limit of every gate on every figure that it is for.

    `min` and `max` are judged on the figure. A drop is judged by its paired bootstrap interval: it passes only if the
    whole interval is within the limit, fails if the drop itself is beyond it, and otherwise there is not enough
    evidence; so is a ratio. Without samples the figures alone are compared. A ratio of a benchmark's times is judged by
    their raw samples: it fails only if it is beyond the limit and the difference is significant.

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
                what = gate.metric if gate.slice == "all" else f"{gate.metric} of the slice {gate.slice}"
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
    if figure.value is None or math.isnan(figure.value):
        outcome = Ruling("not enough evidence", f"{figure.metric} has no value")
    elif count is not None and count < gate.samples:
        outcome = Ruling("not enough evidence", f"{count} samples, but the gate asks for {gate.samples} or more")
    elif limit in {"min", "max"}:
        outcome = _alone(gate, limit, record, figure)
    else:
        found = find_baseline(gate, figure, baselines, across_machines=across_machines)
        if isinstance(found, str):
            outcome = Ruling("not enough evidence", found)
        else:
            timed = limit == "max_ratio" and figure.unit.is_time
            outcome = rule_on_times(gate, record, figure, found) if timed else None
            outcome = outcome or _against(gate, limit, figure, samples, found)
    return Verdict(
        gate=gate.describe(),
        metric=gate.metric,
        limit=limit,
        bound=gate.limits()[limit],
        status=outcome.status,
        reason=outcome.reason,
        labels=figure.labels,
        value=figure.value,
        baseline=outcome.baseline,
        amount=outcome.amount,
        interval=outcome.interval,
        samples=count,
    )


def _alone(gate: Gate, limit: Limit, record: Record, figure: Measurement) -> Ruling:
    value, bound = figure.value, gate.limits()[limit]
    if value is None:
        return Ruling("not enough evidence", f"{figure.metric} has no value")
    passed = value >= bound if limit == "min" else value <= bound
    word = "is" if passed else "is not"
    reason = f"{number(value)} {word} {'at least' if limit == 'min' else 'at most'} {number(bound)}"
    interval = figure_interval(record, figure, gate.confidence)
    return Ruling("passed" if passed else "failed", reason, amount=value, interval=interval)


def _against(
    gate: Gate, limit: Limit, figure: Measurement, samples: dict[str, float] | None, found: tuple[Record, Measurement]
) -> Ruling:
    (other, before), bound = found, gate.limits()[limit]
    if before.value is None or math.isnan(before.value):
        return Ruling("not enough evidence", f"the baseline's {figure.metric} has no value")
    amount = _amount(limit, before.value, figure)
    interval = None
    if samples is not None:
        pairs = _paired(samples, other.by_sample(before))
        if pairs is None:
            reason = "the samples are not those of the baseline; validate both on the same ones"
            return Ruling("not enough evidence", reason, before.value)
        interval = _amount_interval(limit, pairs, figure, gate.confidence)
    shown = f"{'ratio' if limit == 'max_ratio' else 'drop'} {number(amount)}{span(interval)}"
    # Written so that what is not a number never passes.
    if not amount <= bound:
        status, reason = "failed", f"{shown}, more than {number(bound)}"
    elif interval is not None and not interval[1] <= bound:
        status = "not enough evidence"
        reason = f"{shown}: with these samples it could be more than {number(bound)}; validate on more of them"
    else:
        status, reason = "passed", f"{shown}, at most {number(bound)}"
    return Ruling(status, reason, before.value, amount, interval)


def _paired(after: dict[str, float], before: dict[str, float] | None) -> tuple[list[float], list[float]] | None:
    if before is None or before.keys() != after.keys() or not after:
        return None
    return [before[name] for name in after], list(after.values())


def _amount(limit: Limit, before: float, figure: Measurement) -> float:
    value = figure.value if figure.value is not None else math.nan
    if limit == "max_ratio":
        return share(value, before, of_zeros=1.0)
    drop = 0.0 if before == value else (before - value) * (-1 if figure.higher_is_better is False else 1)
    return drop if limit == "max_drop" else share(drop, abs(before), of_zeros=0.0)


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

"""What a figure is compared with: the baseline that is nearest to it, if the two may be compared at all."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.record import Figure, Record
from .gate import Gate

__all__ = ["find_baseline"]

_SAME = ("dataset", "slice", "stage", "scenario", "statistic", "step", "against", "input", "output")
_NEAR = (
    *("device", "precision", "runtime", "arithmetic", "of", "reference", "dataset_hash"),
    *("hint", "streams", "batch", "size"),
)
"""Labels in which a baseline must be like the figure, and those in which the nearer of several is."""

_FINDINGS = frozenset({"samples", "verdict"})
"""Labels that say what came of a measurement, not what was measured."""


def find_baseline(
    gate: Gate, record: Record, figure: Figure, baselines: Sequence[Record], *, across_machines: bool
) -> tuple[Record, Figure] | str:
    """Find what a figure is compared with, or say why there is nothing."""
    labels = figure.labels
    same = [
        (other, before)
        for other in baselines
        for before in other.figures
        if before.name == figure.name
        and gate.compares(labels, before.labels)
        and all(before.labels.get(key, "") == labels.get(key, "") for key in _SAME)
    ]
    if gate.baseline_model is None and "candidate" in labels:
        same = [pair for pair in same if pair[1].labels.get("candidate") == labels["candidate"]]
    if not same:
        where = labels.get("candidate") or labels.get("dataset") or "this data set"
        return f"no baseline has {figure.name} of this model on {where}; give --baseline, or set baseline_model"
    for key in _NEAR:
        nearer = [pair for pair in same if pair[1].labels.get(key, "") == labels.get(key, "")]
        same = nearer or same
    for alike in (_same_labels, _same_weights):
        same = [(other, before) for other, before in same if alike((record, figure), (other, before))] or same
    if len(same) > 1:
        return f"{len(same)} baselines of {figure.name} are equally near; give the one that is meant"
    other, before = same[0]
    for setting, what in (("dataset_hash", "data set hash"), ("reference", "reference"), ("border", "border")):
        # A benchmark, which measures accuracy beside times, notes it at the figure.
        values = (
            pair[1].labels.get(setting, pair[0].settings.get(setting)) for pair in ((other, before), (record, figure))
        )
        if len(set(map(str, values))) > 1:
            return f"the baseline has another {what}; validate the baseline again on this data"
    machines = ((e.cpu, e.cores) for e in (other.environment, record.environment))
    if figure.is_of_machine and len(set(machines)) > 1 and not across_machines:
        return "the baseline was measured on another machine; times of two machines are not compared"
    was, now = before.labels.get("arithmetic", ""), labels.get("arithmetic", "")
    if figure.is_of_machine and was != now and gate.baseline_arithmetic is None:
        return (
            f"the baseline was computed in {was or 'an unknown arithmetic'}, this in {now or 'an unknown one'}; "
            "times of two arithmetics are not compared unless the gate says baseline_arithmetic"
        )
    return other, before


def _same_labels(first: tuple[Record, Figure], second: tuple[Record, Figure]) -> bool:
    told = [{key: text for key, text in figure.labels.items() if key not in _FINDINGS} for _, figure in (first, second)]
    return told[0] == told[1]


def _same_weights(first: tuple[Record, Figure], second: tuple[Record, Figure]) -> bool:
    made_from = [{ref.weights for ref in record.artifacts} for record, _ in (first, second)]
    return made_from[0] == made_from[1] != {""}

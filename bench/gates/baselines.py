"""What a figure is compared with: the baseline that is nearest to it, if the two may be compared at all."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ...core import Aspect, Difference, Measurement, Record, comparable, differences
from .gate import Gate

__all__ = ["find_baseline"]

_Found = tuple[Record, Measurement]


def find_baseline(
    gate: Gate, figure: Measurement, baselines: Sequence[Record], *, across_machines: bool
) -> _Found | str:
    """Find what a figure is compared with, or say why there is nothing."""
    named = [
        (record, before)
        for record in baselines
        for before in record.of_metric(figure.metric)
        if not before.role and _is_named(gate, before, figure)
    ]
    across = _across(gate, figure, across_machines=across_machines)
    may = [found for found in named if comparable(found[1], figure, across=across) is None]
    if may:
        least = min(_distance(before, figure) for _, before in may)
        nearest = [found for found in may if _distance(found[1], figure) == least]
        if len(nearest) == 1:
            return nearest[0]
        return f"{len(nearest)} baselines of {figure.metric} are equally near; give the one that is meant"
    refused = [[each for each in differences(before, figure) if each.aspect not in across] for _, before in named]
    same = [found for found in refused if found[0].aspect != "metric" and not _is_elsewhere(found, figure)]
    if not same:
        where = figure.candidate or figure.dataset or "this data set"
        return f"no baseline has {figure.metric} of this model on {where}; give --baseline, or set baseline_model"
    return _why(min(same, key=len)[0], figure)


def _distance(before: Measurement, figure: Measurement) -> tuple[int, ...]:
    """Tell how far a baseline is that may be compared: by what it is of, then by how and where it was measured."""
    machines = [one.machine.hardware if one.machine else () for one in (before, figure)]
    return (
        len(differences(before, figure)),
        before.device != figure.device,
        before.candidate != figure.candidate,
        before.executions != figure.executions,
        machines[0] != machines[1],
    )


def _is_named(gate: Gate, before: Measurement, figure: Measurement) -> bool:
    if gate.baseline_arithmetic is not None and not fnmatchcase(before.arithmetic, gate.baseline_arithmetic):
        return False
    if gate.baseline_model is None:
        return before.model == figure.model
    return fnmatchcase(before.model, gate.baseline_model)


def _across(gate: Gate, figure: Measurement, *, across_machines: bool) -> set[Aspect]:
    """In what a baseline may differ: what the gate names, and how the weights are stored where answers are compared."""
    across: set[Aspect] = set() if figure.unit.depends_on_machine else {"precision"}
    if gate.baseline_model is not None:
        across |= {"model", "weights", "precision", "size"}
    if gate.baseline_arithmetic is not None:
        across.add("arithmetic")
    if across_machines:
        across.add("machine")
    return across


def _is_elsewhere(found: Sequence[Difference], figure: Measurement) -> bool:
    """Tell whether a baseline is of another data set: one by another name, or of another part of it."""
    data = next((each for each in found if each.aspect == "data"), None)
    if data is None:
        return False
    here = figure.data
    return here is None or not data.before.startswith(f"{here.name} ") or f", {here.slice}, " not in data.before


def _why(difference: Difference, figure: Measurement) -> str:
    was, now = difference.before or "unknown", difference.after or "unknown"
    times = "times" if figure.unit.is_time else f"figures of {figure.metric}"
    if difference.aspect == "data":
        return f"the baseline has another data set hash, reference or border ({was}; this {now}); validate it again"
    if difference.aspect == "machine":
        return f"the baseline was measured on another machine ({was}); {times} of two machines are not compared"
    if difference.aspect == "arithmetic":
        return (
            f"the baseline was computed in {was}, this in {now}; {times} of two arithmetics are not compared unless "
            "the gate says baseline_arithmetic"
        )
    if difference.aspect == "size":
        return f"the baseline ran at {was}, this at {now}; {times} of two input sizes are not compared"
    if difference.aspect == "settings":
        return f"the baseline was run otherwise ({was}; this {now}); measure both alike"
    return (
        f"the baseline is of other {'weights' if difference.aspect == 'weights' else difference.aspect} ({was}; this "
        f"{now}); {times} of the two are not compared unless the gate says baseline_model"
    )

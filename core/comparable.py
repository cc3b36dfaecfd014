"""May two figures be set side by side? Here alone is decided what is gated, compared, ranked or drawn as a trend."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from .measurement import Measurement, VariantRef
from .record import Record

__all__ = ["Aspect", "Difference", "comparable", "differences", "identity", "thing"]

Aspect = Literal["metric", "model", "weights", "precision", "data", "size", "arithmetic", "machine", "settings"]
"""In what two figures may differ.

`metric` is all that says what was measured (its unit, stage, statistic, …), `model` which model and in which format,
`settings` how it was run, which moves times alone.
"""


class Difference(NamedTuple):
    """One aspect in which two figures differ, in words."""

    aspect: Aspect
    before: str
    after: str

    def __str__(self) -> str:
        """Return it as part of a sentence."""
        return f"{self.aspect}: {self.before or 'not known'}, then {self.after or 'not known'}"


def identity(figure: Measurement) -> dict[Aspect, tuple[object, ...]]:
    """Return all that a figure is of, by aspect: two figures of equal identities are of the very same thing.

    The machine and how the model was run are part of it where the figure's unit depends on the machine, and only there.
    """
    data, timed = figure.data, figure.unit.depends_on_machine
    found: dict[Aspect, tuple[object, ...]] = {
        "metric": (
            *(figure.metric, str(figure.unit), figure.stage, figure.statistic, figure.scenario, figure.step),
            *(figure.against, figure.baseline, figure.input, figure.output, figure.role),
        ),
        "model": tuple((one.id, one.name) for one in figure.variants),
        "weights": tuple(one.weights_sha256 or tuple(sorted(one.sha256.items())) for one in figure.variants),
        "precision": tuple(one.precision for one in figure.variants),
        "data": (data.sha256 or data.name, data.reference, data.slice, data.border) if data else (),
    }
    if figure.unit.depends_on_execution:
        found["size"] = tuple(one.size for one in figure.executions)
        found["arithmetic"] = tuple(one.arithmetic for one in figure.executions)
    if timed:
        found["machine"] = figure.machine.hardware if figure.machine else ()
        found["settings"] = tuple(
            (one.name, one.devices, one.batch, one.hint, one.streams, one.threads, one.instruction_set)
            for one in figure.executions
        )
    return found


def thing(record: Record) -> object:
    """Return what a record is of, to be compared: of two with equal ones, the older is the other's history."""
    figures = frozenset(tuple(identity(figure).items()) for figure in record.measurements)
    return record.kind, tuple((one.id, one.name, one.format, one.precision) for one in record.variants), figures


def differences(before: Measurement, after: Measurement) -> tuple[Difference, ...]:
    """Return in what two figures differ, the gravest aspect first."""
    was, now = identity(before), identity(after)
    shown = (_shown(before), _shown(after))
    return tuple(
        Difference(aspect, shown[0][aspect], shown[1][aspect]) for aspect in was if was[aspect] != now.get(aspect)
    )


def comparable(before: Measurement, after: Measurement, *, across: Collection[Aspect] = ()) -> Difference | None:
    """Return what forbids to compare two figures; None where they may be.

    Args:
        before: the older one, or the baseline.
        after: the other one.
        across: aspects in which they may differ, because somebody asked for just that.
    """
    return next((each for each in differences(before, after) if each.aspect not in across), None)


def _shown(figure: Measurement) -> dict[Aspect, str]:
    data = figure.data
    where = f"{data.name} {data.sha256[:8]}".strip() if data else ""
    if data:
        where += f", {data.slice}, against {data.reference}, border {data.border}"
    what = (
        *(figure.metric, figure.unit, figure.stage, figure.statistic, figure.scenario, figure.step, figure.against),
        *(figure.baseline, figure.input, figure.output),
    )
    runs = [
        f"{one.name} on {' '.join(one.devices) or 'an unknown device'}, batch {one.batch or 'any'}, "
        f"{one.streams} streams, {one.threads} threads"
        + (f", hint {one.hint}" if one.hint else "")
        + (f", no further than {one.instruction_set}" if one.instruction_set else "")
        for one in figure.executions
    ]
    return {
        "metric": " ".join(part for part in what if part),
        "model": figure.model,
        "weights": " + ".join(_weights(one)[:8] for one in figure.variants if _weights(one)),
        "precision": figure.precision,
        "data": where,
        "size": " + ".join(one.size_text or "any" for one in figure.executions),
        "arithmetic": figure.arithmetic,
        "machine": figure.machine.label if figure.machine else "",
        "settings": "; ".join(runs),
    }


def _weights(variant: VariantRef) -> str:
    """The hash that tells its weights from others: the checkpoint's, or that of its first file whose is not known."""
    return variant.weights_sha256 or next((digest for _, digest in sorted(variant.sha256.items())), "")

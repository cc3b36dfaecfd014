"""A gate: limits on a figure, and what the figure is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...core import (
    Aspect,
    Difference,
    Measurement,
    Record,
    comparable,
    differences,
)

__all__ = ["LIMITS", "FigureGate", "Gate", "Limit", "Strict", "find_baseline"]

Limit = Literal["min", "max", "max_drop", "max_drop_relative", "max_ratio"]

LIMITS: tuple[Limit, ...] = ("min", "max", "max_drop", "max_drop_relative", "max_ratio")
"""Kinds of limit. `min` and `max` bound the figure itself. The others compare with a baseline: `max_drop` bounds how
much worse the figure may be, `max_drop_relative` the same as a share of the baseline, `max_ratio` the figure itself as
a multiple of the baseline's: of a time, 1.1 is a tenth slower, where a speed-up would be 0.91."""


class Strict(BaseModel):
    """Base of the tables of a file of gates: nothing else stands in them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class FigureGate(Strict):
    """Base of the gates that are for figures, which they name by patterns.

    Attributes:
        model: a shell pattern (`*`, `?`, `[...]`), matched with case, as are the next four.
        precision: of the weights.
        device: that executed it.
        arithmetic: that was executed.
        dataset: by its name.
    """

    PATTERNS: ClassVar[tuple[str, ...]] = ("model", "precision", "device", "arithmetic", "dataset")
    """What is named by a pattern, as a measurement calls it."""

    model: str = "*"
    precision: str = "*"
    device: str = "*"
    arithmetic: str = "*"
    dataset: str = "*"

    def names(self, figure: Measurement) -> bool:
        """Tell whether a figure is of what the patterns name."""
        return all(fnmatchcase(str(getattr(figure, each)), str(getattr(self, each))) for each in self.PATTERNS)

    def named(self) -> list[str]:
        """Return the patterns that leave something out, each as `name=pattern`."""
        return [f"{each}={value}" for each in self.PATTERNS if (value := str(getattr(self, each))) != "*"]


class Gate(FigureGate):
    """Limits on one metric, and which figures they are for; what else names them is as in `FigureGate`.

    Attributes:
        metric: by its name.
        candidate: the name in a benchmark, a pattern as the next two.
        stage: `model`, which is the network alone in a benchmark, or a stage of the whole way of a benchmark, a run or
            a video, such as `total` or `infer`.
        statistic: `p50`, `p90` or `p99` of a stage's latency in a run or a video.
        slice: `all` or the name of one slice, such as `kind=hair`; no pattern.
        class_: the label of one class, for `iou` of a model of classes; written as `class`, and short for the slice
            `class=LABEL`.
        baseline_model: a pattern for the models that a drop is measured from, whose weights, precision and input size
            may then be others; without it the figure's own.
        baseline_arithmetic: a pattern for the baseline's arithmetic; without it the figure's own.
        samples: the least number of samples for a verdict, where there are any.
        confidence: of the interval that a drop is judged by, and a figure of a gate that is certain.
        certain: `min` and `max` bound the whole interval of the figure over its samples, and not the figure alone.
        min: the least that the figure may be; as all limits as `LIMITS` says.
        max: the most.
        max_drop: how much worse than the baseline.
        max_drop_relative: how much worse, as a share of the baseline.
        max_ratio: how many times the baseline's figure; of a time, more is slower.
    """

    PATTERNS: ClassVar[tuple[str, ...]] = (*FigureGate.PATTERNS, "candidate", "statistic")

    metric: Annotated[str, Field(min_length=1)]
    candidate: str = "*"
    stage: str = "model"
    statistic: str = "*"
    slice: str = "all"
    class_: str = Field(default="", alias="class")
    baseline_model: str | None = None
    baseline_arithmetic: str | None = None
    samples: Annotated[int, Field(ge=1)] = 10
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    certain: bool = False
    min: float | None = None
    max: float | None = None
    max_drop: Annotated[float, Field(ge=0)] | None = None
    max_drop_relative: Annotated[float, Field(ge=0)] | None = None
    max_ratio: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if not self.limits():
            raise ValueError(f"a gate needs a limit: one of {', '.join(LIMITS)}")
        if self.certain and self.min is None and self.max is None:
            raise ValueError("certain is for min and max; a drop or a ratio is judged by its interval anyway")
        if self.class_ and self.slice != "all":
            raise ValueError("class and slice name two parts; give one of them")
        if self.class_ and self.metric != "iou":
            raise ValueError(f"{self.metric} is not of a class; the metric of one is iou")
        return self

    @property
    def part(self) -> str:
        """Return which part of the samples it is for, as a measurement calls its slice."""
        return f"class={self.class_}" if self.class_ else self.slice

    def limits(self) -> dict[Limit, float]:
        """Return the limits that are set."""
        return {kind: value for kind in LIMITS if (value := getattr(self, kind)) is not None}

    def covers(self, figure: Measurement) -> bool:
        """Tell whether the gate is for a figure, its metric and slice aside."""
        # Only times have stages; what has none is not told apart by them.
        return self.names(figure) and (not figure.stage or fnmatchcase(figure.stage, self.stage))

    def wants(self, figure: Measurement) -> bool:
        """Tell whether a figure is of the gate's metric and slice."""
        return figure.metric == self.metric and figure.slice == self.part

    def describe(self) -> str:
        """Return the gate in one line, without its limits."""
        told = self.named()
        told += [f"stage={self.stage}"] if self.stage != "model" else []
        return " ".join([self.metric, *told, *([self.part] if self.part != "all" else [])])


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

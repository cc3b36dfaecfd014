"""Gates: limits on figures, written in a TOML file that people keep beside their models."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...core import InputError, Measurement, did_you_mean, first_mistake, read_toml

__all__ = ["LIMITS", "Gate", "GateFile", "Limit", "read_gates"]

Limit = Literal["min", "max", "max_drop", "max_drop_relative", "max_ratio"]

LIMITS: tuple[Limit, ...] = ("min", "max", "max_drop", "max_drop_relative", "max_ratio")
"""Kinds of limit. `min` and `max` bound the figure itself. The others compare with a baseline: `max_drop` bounds how
much worse the figure may be, `max_drop_relative` the same as a share of the baseline, `max_ratio` the figure divided by
the baseline."""


_PATTERNS = ("model", "precision", "device", "arithmetic", "dataset", "candidate", "statistic")
"""What a gate names by a pattern, as a measurement calls it."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Gate(_Strict):
    """Limits on one metric, and which figures they are for.

    model, precision, device, arithmetic, dataset, candidate, stage and statistic are shell patterns (`*`, `?`,
    `[...]`), matched with case. candidate is the name in a benchmark; stage is `model`, which is the network alone
    there, or a stage of the whole way of a benchmark, a run or a video, such as `total` or `infer`; statistic is `p50`,
    `p90` or `p99` of a stage's latency in a run or a video. `slice` is `all` or the name of one slice, such as
    `kind=hair`. baseline_model: a pattern for the models that a drop is measured from, whose weights, precision and
    input size may then be others; without it the figure's own. baseline_arithmetic: a pattern for the baseline's
    arithmetic; without it the figure's own. samples: the least number of samples for a verdict, where there are any.
    confidence: of the interval that a drop is judged by.
    """

    metric: Annotated[str, Field(min_length=1)]
    model: str = "*"
    precision: str = "*"
    device: str = "*"
    arithmetic: str = "*"
    dataset: str = "*"
    candidate: str = "*"
    stage: str = "model"
    statistic: str = "*"
    slice: str = "all"
    baseline_model: str | None = None
    baseline_arithmetic: str | None = None
    samples: Annotated[int, Field(ge=1)] = 10
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    min: float | None = None
    max: float | None = None
    max_drop: Annotated[float, Field(ge=0)] | None = None
    max_drop_relative: Annotated[float, Field(ge=0)] | None = None
    max_ratio: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if not self.limits():
            raise ValueError(f"a gate needs a limit: one of {', '.join(LIMITS)}")
        return self

    def limits(self) -> dict[Limit, float]:
        """Return the limits that are set."""
        every: dict[Limit, float | None] = {
            "min": self.min,
            "max": self.max,
            "max_drop": self.max_drop,
            "max_drop_relative": self.max_drop_relative,
            "max_ratio": self.max_ratio,
        }
        return {kind: value for kind, value in every.items() if value is not None}

    def covers(self, figure: Measurement) -> bool:
        """Tell whether the gate is for a figure, its metric and slice aside."""
        patterns = {name: str(getattr(self, name)) for name in _PATTERNS}
        matches = all(fnmatchcase(str(getattr(figure, name)), pattern) for name, pattern in patterns.items())
        # Only times have stages; what has none is not told apart by them.
        return matches and (not figure.stage or fnmatchcase(figure.stage, self.stage))

    def wants(self, figure: Measurement) -> bool:
        """Tell whether a figure is of the gate's metric and slice."""
        return figure.metric == self.metric and figure.slice == self.slice

    def describe(self) -> str:
        """Return the gate in one line, without its limits."""
        parts = [self.metric]
        for key in (*_PATTERNS, "stage"):
            value = str(getattr(self, key))
            if value != ("model" if key == "stage" else "*"):
                parts.append(f"{key}={value}")
        return " ".join([*parts, *([self.slice] if self.slice != "all" else [])])


class GateFile(_Strict):
    """A file of gates: a `[[gate]]` table for each."""

    version: Literal[1] = 1
    gate: Annotated[tuple[Gate, ...], Field(min_length=1)]


def read_gates(path: Path) -> tuple[Gate, ...]:
    """Read a file of gates.

    Raises:
        InputError: the file cannot be read, is not TOML, has no gate, or has a key or value that is not possible; the
            message names the gate, counted from 1, and the key.
    """
    _, content = read_toml(path, "give a TOML file of gates")
    try:
        return GateFile.model_validate(content).gate
    except ValidationError as error:
        first = error.errors()[0]
        near = did_you_mean(str(first["loc"][-1]), Gate.model_fields) if first["type"] == "extra_forbidden" else ""
        raise InputError(
            f"{path}: {first_mistake(error, 'file', between=' ')}{near}; a gate is a [[gate]] table with metric and "
            f"one of {', '.join(LIMITS)}"
        ) from error

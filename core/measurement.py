"""A measurement: one figure, with all that it is of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import core_schema

from .arithmetic import Precision
from .execution import Execution, Machine
from .provenance import ModelFormat
from .text import written_out

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

__all__ = ["Data", "Frozen", "Interval", "Measurement", "Unit", "VariantRef"]

Interval = tuple[float, float]
"""The low and the high end of a confidence interval."""

_OF_TIMES = frozenset({"ms", "s", "µs", "fps", "\N{MULTIPLICATION SIGN}", "of the time", "B of memory"})
_OF_A_WHILE = frozenset({"p", "queries", "independent samples", "late frames"})


class Unit(str):
    """A measurement's unit, as people write it; empty for a plain number."""

    __slots__ = ()

    @property
    def is_time(self) -> bool:
        """Tell whether it is of a time, or of how much is done in one, such as `images/s`."""
        return self in {"ms", "s", "µs", "fps"} or self.endswith("/s")

    @property
    def depends_on_machine(self) -> bool:
        """Tell whether figures in it are another machine's where that measures them.

        That is a time, a rate, a ratio or a share of times, a process's memory, and what comes about in a given time.
        The bytes of a file are not.
        """
        return self in _OF_TIMES or self in _OF_A_WHILE or self.endswith("/s")

    @property
    def depends_on_execution(self) -> bool:
        """Tell whether a figure in it is another where the model runs otherwise; a file's bytes are what they are."""
        return self != "B"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Read it from text."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class Frozen(BaseModel, frozen=True):
    """Base of what a record consists of."""

    # "strings" writes an infinite PSNR as "Infinity", which every JSON reader can parse, and reads it back.
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="strings")

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, data: object) -> object:
        """Take names of files that are no UTF-8, which no JSON could hold, with their bytes written out."""
        return written_out(data)


class VariantRef(Frozen, frozen=True):
    """A model that took part, as a record keeps it.

    Attributes:
        id: the zoo's id, or the file's name.
        name: that somebody gave the variant, such as that of a fine-tune; empty where nobody did.
        format: of its file.
        precision: of the stored weights; empty where nobody knows, as for a package's.
        sha256: of its files, by file name.
        weights_sha256: of the checkpoint that it was made from, whatever its format and precision; empty where unknown.
        contract: what surrounds the network, as JSON has it; empty where nobody knows.
        opset: of an ONNX file's operators; None for other formats.
        tools: versions of the packages that made it; empty where nobody knows.
    """

    id: str
    name: str = ""
    format: ModelFormat | Literal[""] = ""
    precision: Precision | Literal[""] = ""
    sha256: dict[str, str] = Field(default_factory=dict)
    weights_sha256: str = ""
    contract: dict[str, JsonValue] = Field(default_factory=dict)
    opset: int | None = None
    tools: dict[str, str] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return its id, with `@NAME` behind it where it has a name."""
        return f"{self.id}@{self.name}" if self.name else self.id


class Data(Frozen, frozen=True):
    """Samples that something was measured on.

    Attributes:
        name: of the data set.
        sha256: of its content; empty where nobody computed it.
        reference: what answers were compared with: `truth`, or the label of another model.
        slice: `all`, or a part of the samples, such as `kind=hair`.
        border: pixels around each image that were left out.
        count: samples that the figure is made of; None where nobody counts.
    """

    name: str
    sha256: str = ""
    reference: str = "truth"
    slice: str = "all"
    border: int = 0
    count: int | None = None


class Measurement(Frozen, frozen=True):
    """One figure with all that it is of.

    Attributes:
        metric: what was measured, such as `latency_p50` or `psnr_y`.
        value: None where it was asked for and did not come about; a gate never passes on it.
        unit: of the value.
        higher_is_better: None where neither is.
        interval: of the value, with 95% confidence; None where it was not computed beside it.
        variants: the models that took part, in their order; none where it is of the machine alone.
        executions: how each of them ran; as many, or none where nothing ran, as of a file's size.
        machine: where; that of its record.
        data: what was measured on, where its content counts.
        candidate: of a benchmark, by its name there.
        stage: of a way through several, such as `infer`; `model` is the network alone in a benchmark.
        statistic: of several values, such as `p50`.
        scenario: of a benchmark.
        step: of a conversion, such as `torch → onnx`.
        against: what a stage's answers were compared with.
        baseline: what a ratio is to.
        input: of a package's golden answers.
        output: of the same.
        verdict: of a comparison.
        role: `source` for the model that another one was made from, noted beside it.
    """

    metric: str
    value: float | None
    unit: Unit = Unit("")
    higher_is_better: bool | None = None
    interval: Interval | None = None
    variants: tuple[VariantRef, ...] = ()
    executions: tuple[Execution, ...] = ()
    machine: Machine | None = None
    data: Data | None = None
    candidate: str = ""
    stage: str = ""
    statistic: str = ""
    scenario: str = ""
    step: str = ""
    against: str = ""
    baseline: str = ""
    input: str = ""
    output: str = ""
    verdict: str = ""
    role: Literal["", "source"] = ""

    def measured(
        self,
        metric: str,
        value: float | None,
        unit: str = "",
        *,
        higher_is_better: bool | None = None,
        interval: Interval | None = None,
        stage: str | None = None,
        statistic: str = "",
    ) -> Measurement:
        """Return another figure of the same: what it is of is this one's, and its stage too unless one is given."""
        return self.model_copy(
            update={
                "metric": metric,
                "value": value,
                "unit": Unit(unit),
                "higher_is_better": higher_is_better,
                "interval": interval,
                "stage": self.stage if stage is None else stage,
                "statistic": statistic,
            }
        )

    @property
    def model(self) -> str:
        """Return the models' ids, with `@NAME` behind it where it has a name; several are joined by `+`."""
        return _joined(one.label for one in self.variants)

    @property
    def precision(self) -> str:
        """Return the precisions of the stored weights; several are joined by `+`."""
        return _joined(one.precision for one in self.variants)

    @property
    def device(self) -> str:
        """Return what executed them as the commands take it, such as `GPU` or `onnxruntime`; joined by `+`."""
        return _joined(one.name for one in self.executions)

    @property
    def arithmetic(self) -> str:
        """Return what they computed in; several are joined by `+`."""
        return _joined(one.arithmetic for one in self.executions)

    @property
    def execution(self) -> Execution | None:
        """Return how the only model ran; None where there are several, or none."""
        return self.executions[0] if len(self.executions) == 1 else None

    @property
    def dataset(self) -> str:
        """Return the data set's name; empty where there is none."""
        return self.data.name if self.data else ""

    @property
    def slice(self) -> str:
        """Return which part of the samples it is of; `all` where there are none."""
        return self.data.slice if self.data else "all"

    @property
    def is_whole(self) -> bool:
        """Tell whether it is of all samples."""
        return self.slice == "all"

    @property
    def labels(self) -> dict[str, str]:
        """Return what tells it from others in words, by name, for tables and for patterns; nothing that is empty."""
        how = self.execution
        data = self.data
        words = {
            "candidate": self.candidate,
            "model": self.model,
            "precision": self.precision,
            "device": self.device,
            "arithmetic": self.arithmetic,
            "size": how.size_text if how else "",
            "batch": str(how.batch) if how and how.batch else "",
            "hint": how.hint if how else "",
            "streams": str(how.streams) if how and how.streams else "",
            "dataset": self.dataset,
            "reference": data.reference if data else "",
            "slice": data.slice if data else "",
            "samples": str(data.count) if data and data.count is not None else "",
            "scenario": self.scenario,
            "stage": self.stage,
            "statistic": self.statistic,
            "step": self.step,
            "against": self.against,
            "baseline": self.baseline,
            "input": self.input,
            "output": self.output,
            "verdict": self.verdict,
            "role": self.role,
        }
        return {name: text for name, text in words.items() if text}


def _joined(words: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(word for word in words if word))

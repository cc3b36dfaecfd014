"""Records of what makes a model: its export, its parity, its quantization."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..measurement import Data, Frozen, Measurement
from ..record import Record, SampleTable, Series

__all__ = ["ExportRecord", "ParityRecord", "ParityStep", "QuantizeRecord"]


class ParityStep(Frozen, frozen=True):
    """A stage of a model compared with the one before it, on the same images.

    Attributes:
        before: the stage before; empty for the first.
        after: the stage.
        images: by id, in their order.
        values: by metric, a value for each image.
        snr: of the first output over all images, in dB.
        truth: by metric, the stage's own mean against the truth, where there is one.
        broken: what is beyond its limit, in words; empty where nothing is.
        unproven: why its masks are not enough evidence, in words; empty where they are.
    """

    before: str = ""
    after: str
    images: tuple[str, ...] = ()
    values: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    snr: float | None = None
    truth: dict[str, float] = Field(default_factory=dict)
    broken: str = ""
    unproven: str = ""

    @property
    def name(self) -> str:
        """Return it as an arrow."""
        return f"{self.before} → {self.after}" if self.before else self.after


class _Stepped(Record, frozen=True):
    """The stages of a model, each compared with the one before.

    Attributes:
        steps: in their order.
    """

    steps: tuple[ParityStep, ...] = ()

    @property
    def first_broken(self) -> ParityStep | None:
        """Return the first stage that is beyond its limit."""
        return next((step for step in self.steps if step.broken), None)

    @property
    def first_unproven(self) -> ParityStep | None:
        """Return the first stage of which the images don't show enough."""
        return next((step for step in self.steps if step.unproven), None)

    def series(self, figure: Measurement) -> Series | None:
        """Return a step's values for each image."""
        values = next((step.values.get(figure.metric) for step in self.steps if step.name == figure.step), None)
        return Series(values=values) if values else None


class ExportRecord(_Stepped, frozen=True):
    """The check of each step of an export."""

    kind: Literal["export"] = "export"


class ParityRecord(_Stepped, frozen=True):
    """The check of a model's stages as they lie on disk."""

    kind: Literal["parity"] = "parity"


class QuantizeRecord(Record, frozen=True):
    """What a quantization did, and what it cost.

    Attributes:
        ignored: layers that stayed in floating point.
        noise: layers by how much they lose when quantized, the worst first, with their signal-to-noise ratio in dB.
        allowed_drop: by metric; empty where no accuracy was asked for.
        tried: the drop with these layers left out (`none`, or names with commas between).
        calibration: the samples that it was calibrated on.
        table: the metric of each validated sample, under `source` and `int8`.
    """

    kind: Literal["quantize"] = "quantize"
    ignored: tuple[str, ...] = ()
    noise: tuple[tuple[str, float], ...] = ()
    allowed_drop: dict[str, float] = Field(default_factory=dict)
    tried: dict[str, float] = Field(default_factory=dict)
    calibration: Data | None = None
    table: SampleTable = SampleTable()

    def by_sample(self, figure: Measurement) -> dict[str, float] | None:
        """Return the metric of each sample, of the source or of what was made of it."""
        if figure.data is None or figure.metric.endswith("_drop"):
            return None
        return self.table.of("source" if figure.role == "source" else "int8") or None

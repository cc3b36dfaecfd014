"""Stage parity: does each stage of a model still compute what the one before it did, on real images?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import Contract, Data, Execution, Measurement, ParityStep, Unit, VariantRef
from ..images import Image
from ..infer import Runtime, Tensor, normalise, tensor_from
from ..metrics import get_metric
from .export_settings import JudgedFigure
from .tolerances import EXACT, HALF, Tolerance, compare

__all__ = ["EXACT", "HALF", "ParityCheck", "Window", "stage_input", "window"]

_CROP = 96
"""Side, in pixels, of what is cut from an image's centre for a super-resolution network."""


class Window(NamedTuple):
    """A part of an image, in pixels; it may be larger than the image, whose border is then repeated."""

    top: int
    left: int
    height: int
    width: int


def window(rows: int, columns: int, contract: Contract) -> Window:
    """Return which part of an image runs through a super-resolution network: its middle, as the contract allows.

    Where the size is free, height and width differ, so that a swap of the two cannot go unnoticed.
    """
    tall, wide = min(rows, _CROP), min(columns, _CROP - 16)
    height, width = contract.input.fit(tall, down=True)[0], contract.input.fit(wide, down=True)[1]
    return Window(max(rows - height, 0) // 2, max(columns - width, 0) // 2, height, width)


def stage_input(pixels: NDArray[np.uint8 | np.uint16], contract: Contract) -> Tensor:
    """Return what a stage runs on: the image for segmentation, its `window` (8 bits) for super-resolution."""
    if contract.task == "segmentation":
        return tensor_from(pixels, contract)
    top, left, height, width = window(pixels.shape[0], pixels.shape[1], contract)
    part = pixels[top : top + height, left : left + width]
    missing = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
    return normalise(np.pad(part, missing, mode="edge").astype(np.float32), contract)


@dataclass
class ParityCheck:
    """Runs the same inputs through every stage of a model, and compares each stage with the one before.

    Attributes:
        ids: of the inputs.
        inputs: (N, 3, H, W) each; at least one.
        contract: of the model.
        data: what the inputs are of, where they are a data set.
        truth: returns metrics of a stage's first output for the input of a place, against the truth; None without one.
        steps: what came of each stage so far.
        judged: the figures by which the last of them was judged.
        measurements: all of them as figures.
    """

    ids: Sequence[str]
    inputs: Sequence[Tensor]
    contract: Contract
    data: Data | None = None
    truth: Callable[[int, Tensor], dict[str, float]] | None = None
    steps: list[ParityStep] = field(default_factory=list[ParityStep])
    judged: tuple[JudgedFigure, ...] = ()
    measurements: list[Measurement] = field(default_factory=list[Measurement])
    _outputs: list[list[Tensor]] | None = None

    @classmethod
    def on(cls, images: Sequence[Image], contract: Contract, batch: int = 1) -> ParityCheck:
        """Return the check of a model on images, each of which is there so many times at once."""
        whole = contract.task == "segmentation"
        inputs = [stage_input(each.rgb if whole else each.with_depth(8).rgb, contract) for each in images]
        return cls([each.source for each in images], [np.repeat(tensor, batch, 0) for tensor in inputs], contract)

    def __call__(
        self, stage: str, runtime: Runtime, tolerance: Tolerance, variant: VariantRef | None = None
    ) -> ParityStep:
        """Run the inputs through a stage, and compare with the one before.

        Args:
            stage: its name.
            runtime: executes it.
            tolerance: how far it may move the outputs.
            variant: that is executed, where it is known by now.
        """
        outputs = [runtime.run_all(tensor) for tensor in self.inputs]
        step = ParityStep(after=stage, images=tuple(self.ids), truth=self._means(outputs))
        if self._outputs is not None:
            found = compare(self._outputs, outputs, self.contract, tolerance)
            values = {"largest_difference": found.largest, "mean_difference": found.mean, **found.task}
            before = self.steps[-1].after
            self.judged = found.judged
            said = {"broken": found.broken, "unproven": found.unproven}
            step = step.model_copy(update={"before": before, "snr": found.snr, **said})
            if found.judged:
                step = step.model_copy(update={"values": values})
        self._outputs = outputs
        self.steps.append(step)
        self.measurements += self._figures(step, runtime.info, variant)
        return step

    def _means(self, outputs: Sequence[Sequence[Tensor]]) -> dict[str, float]:
        truth = self.truth
        if truth is None:
            return {}
        rows = [truth(place, heads[0]) for place, heads in enumerate(outputs)]
        return {name: _mean([row[name] for row in rows]) for name in rows[0]}

    def _figures(self, step: ParityStep, how: Execution, variant: VariantRef | None) -> list[Measurement]:
        """Of each step the mean and the worst over the images; of its answers also those against the truth."""
        data = self.data
        common = Measurement(
            metric="snr",
            value=step.snr,
            unit=Unit("dB"),
            higher_is_better=True,
            variants=(variant,) if variant else (),
            executions=(how,),
            data=data.model_copy(update={"count": len(self.ids)}) if data else None,
            step=step.name,
            against="the stage before",
        )
        figures = [common] if step.values else []
        for name, values in step.values.items():
            better, unit = _direction(name)
            for statistic, value in (("mean", _mean(values)), ("worst", (min if better else max)(values))):
                figures.append(common.measured(name, value, unit, higher_is_better=better, statistic=statistic))
        of_truth = common.model_copy(update={"against": "truth"})
        for name, value in step.truth.items():
            better, unit = _direction(name)
            figures.append(of_truth.measured(name, value, unit, higher_is_better=better))
        return figures


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _direction(name: str) -> tuple[bool, Unit]:
    if name.endswith("_difference"):
        return False, Unit("of the range")
    metric = get_metric(name)
    return metric.higher_is_better, Unit(metric.unit)

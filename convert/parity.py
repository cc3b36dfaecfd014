"""Stage parity: does each stage of a model still compute what the one before it did, on real images?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..core import Contract, Data, Execution, Measurement, ParityStep, Unit, VariantRef
from ..datasets import AlphaMatte
from ..infer import Runtime, Tensor, matte_from
from ..metrics import get_metric, iou, mae, psnr
from .stage_input import image_from

__all__ = [
    "ARITHMETIC",
    "EXACT",
    "HALF",
    "IDENTICAL",
    "QUANTIZED",
    "Comparison",
    "ParityCheck",
    "Tolerance",
    "compare",
]

IDENTICAL = 100.0
"""dB that stand for the infinite PSNR of identical images, so that a mean of them is a number."""

_NO_NOISE = 200.0
"""dB that stand for an infinite signal-to-noise ratio."""


@dataclass(frozen=True)
class Tolerance:
    """How far a stage may move the outputs.

    largest, mean: absolute difference of the raw outputs, as a share of their range; infinite where only what the task
    makes of them is judged. iou: of the masks at 0.5. psnr: dB between the 8-bit images. undecided: a mask's pixel
    that is so near to 0.5 in both counts as the same in both; on a small subject, one that falls to either side would
    break the limit. on_average: the mean over the images is judged, not the worst of them; the largest difference is
    always that of all. mae: mean absolute difference of the masks, 0-1.
    """

    largest: float
    mean: float
    iou: float
    psnr: float
    undecided: float = 0.0
    on_average: bool = False
    mae: float = math.inf


EXACT = Tolerance(largest=5e-3, mean=1e-4, iou=0.999, psnr=60.0, undecided=5e-3)
"""For a stage that only reorders single-precision arithmetic."""

HALF = Tolerance(largest=math.inf, mean=math.inf, iou=0.96, psnr=58.0, undecided=0.1, mae=0.006)
"""For a stage that stores the weights in half precision, judged by what the masks or images lose.

Measured on weights that were not in FP16 before, on three to eighteen photos; the worst photo's mean difference of the
mask and its IoU: U2NETP 0.0022 and 1.0000, rembg's file of it 0.0026 and 0.9998, MODNet 0.0047 and 0.974 (on photos
without a person; 0.996 on others). PSNR of the worst of 22 images: IMDN x2 64.5 dB and x4 63.4, RFDN 64.3, RLFN 62.3;
Real-ESRGAN's RRDBNet, moved off the FP16 values that it is published in, 60.8. The largest difference says nothing: one
pixel of an edge is 0.1 off in U2NETP and 0.36 in MODNet. A fault is far beyond the limits: weights in 8 bits for each
channel make 0.17 of the mask and 40 to 52 dB, a layer's bias left out 0.014 and more, and 22 to 56 dB, in most
layers that were tried (seven of eight of U2NETP and IMDN, six of eight of MODNet).
"""

ARITHMETIC = Tolerance(largest=0.5, mean=5e-3, iou=0.97, psnr=40.0)
"""For a device that computes in f16 or bf16."""

QUANTIZED = Tolerance(largest=1.0, mean=0.03, iou=0.95, psnr=32.0, on_average=True)
"""For INT8, on average over the images: single ones may lie far off."""


@dataclass(frozen=True)
class Comparison:
    """One stage's outputs against those of the stage before it.

    largest, mean: for each image, the absolute difference as a share of the range, of the output that moved most.
    snr: of the first output over all images, in dB. task: metric to its value for each image, the judged one first;
    empty where the outputs cannot be compared. broken: what is beyond the tolerance, in words; empty where nothing is.
    """

    largest: tuple[float, ...]
    mean: tuple[float, ...]
    snr: float
    task: Mapping[str, tuple[float, ...]]
    broken: str


def compare(
    before: Sequence[Sequence[Tensor]], after: Sequence[Sequence[Tensor]], contract: Contract, tolerance: Tolerance
) -> Comparison:
    """Compare two stages, of whose outputs all that both have take part; the task's metrics are those of the first.

    Args:
        before: the outputs for each image; at least one image.
        after: the later stage's, in the same order.
        contract: of the model.
        tolerance: for the later stage.
    """
    for olds, news in zip(before, after, strict=True):
        for old, new in zip(olds, news, strict=False):
            if old.shape != new.shape:
                return _not_comparable(f"the output changed its shape from {old.shape} to {new.shape}")
            if not np.isfinite(new).all():
                return _not_comparable("the output holds values that are not finite")
    largest: list[float] = []
    mean: list[float] = []
    rows: list[dict[str, float]] = []
    noise = signal = 0.0
    for olds, news in zip(before, after, strict=True):
        differences = [np.abs(new - old) / contract.output.value_max for old, new in zip(olds, news, strict=False)]
        largest.append(max(float(difference.max()) for difference in differences))
        mean.append(max(float(difference.mean()) for difference in differences))
        noise += float(np.square(news[0] - olds[0], dtype=np.float64).sum())
        signal += float(np.square(olds[0], dtype=np.float64).sum())
        rows.append(_task(olds[0][:1], news[0][:1], contract, tolerance.undecided))
    snr = 10 * math.log10(signal / noise) if noise > 0 and signal > 0 else _NO_NOISE
    task = {name: tuple(row[name] for row in rows) for name in rows[0]}
    return Comparison(tuple(largest), tuple(mean), snr, task, _beyond(largest, mean, task, tolerance))


def _not_comparable(reason: str) -> Comparison:
    return Comparison((math.inf,), (math.inf,), -math.inf, {}, reason)


def _task(old: Tensor, new: Tensor, contract: Contract, undecided: float) -> dict[str, float]:
    if contract.task == "segmentation":
        before, after = matte_from(old, contract).alpha, matte_from(new, contract).alpha
        near: AlphaMatte = np.maximum(np.abs(before - 0.5), np.abs(after - 0.5))
        return {
            "iou": float(iou(np.where(near <= undecided, before, after), before)),
            "mae": float(mae(after, before)),
        }
    return {"psnr": min(float(psnr(image_from(new, contract), image_from(old, contract))), IDENTICAL)}


def _beyond(
    largest: Sequence[float], mean: Sequence[float], task: Mapping[str, Sequence[float]], tolerance: Tolerance
) -> str:
    main, values = next(iter(task.items()))
    average = tolerance.on_average
    judged = {
        "the largest difference": (max(largest), tolerance.largest, False),
        "the mean difference": (_mean(mean) if average else max(mean), tolerance.mean, False),
        main: (_mean(values) if average else min(values), tolerance.iou if main == "iou" else tolerance.psnr, True),
    }
    if "mae" in task:
        judged["the masks' mean difference"] = (
            _mean(task["mae"]) if average else max(task["mae"]),
            tolerance.mae,
            False,
        )
    # Written so that a value that is not a number is beyond its limit.
    return ", ".join(
        f"{name} is {value:.4g} ({'at least' if least else 'at most'} {allowed:g})"
        for name, (value, allowed, least) in judged.items()
        if not (value >= allowed if least else value <= allowed)
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


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
        measurements: the same as figures.
    """

    ids: Sequence[str]
    inputs: Sequence[Tensor]
    contract: Contract
    data: Data | None = None
    truth: Callable[[int, Tensor], dict[str, float]] | None = None
    steps: list[ParityStep] = field(default_factory=list[ParityStep])
    measurements: list[Measurement] = field(default_factory=list[Measurement])
    _outputs: list[list[Tensor]] | None = None

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
            step = step.model_copy(update={"before": before, "snr": found.snr, "broken": found.broken})
            if found.task:
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


def _direction(name: str) -> tuple[bool, Unit]:
    if name.endswith("_difference"):
        return False, Unit("of the range")
    metric = get_metric(name)
    return metric.higher_is_better, Unit(metric.unit)

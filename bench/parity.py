"""Stage parity: does each conversion step still compute what the one before it did, on real pictures?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from ..core.artifact import Stage
from ..core.contract import Contract
from ..core.errors import ParityError
from ..core.record import Figure
from ..infer.images.picture import Picture
from ..infer.resize import resize_pixels
from ..infer.runtimes import Runtime, Tensor
from ..infer.tensors import matte_from, normalise, pixels_from, tensor_from
from .metrics import iou, psnr

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EXACT", "HALF", "ParityLadder", "Tolerance", "open_stage"]

_CROP = 96
"""Side, in pixels, of what is cut from a picture's centre for a super-resolution network."""


@dataclass(frozen=True)
class Tolerance:
    """How far a step may move the outputs.

    largest, mean: absolute difference of the raw outputs, as a share of their range. iou: of the masks at 0.5.
    psnr: dB between the 8-bit pictures.
    """

    largest: float
    mean: float
    iou: float
    psnr: float


EXACT = Tolerance(largest=5e-3, mean=1e-4, iou=0.999, psnr=60.0)
"""For a step that only reorders single-precision arithmetic."""

HALF = Tolerance(largest=0.1, mean=2e-3, iou=0.99, psnr=45.0)
"""For a step that stores the weights in half precision."""


@dataclass
class ParityLadder:
    """Runs the same pictures through every stage and compares each with the one before.

    Usable as the `check` of `convert.export`. figures and samples grow with each step, for the record.
    """

    pictures: Sequence[Picture]
    contract: Contract
    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, list[JsonValue]] = field(default_factory=dict)
    _previous: tuple[str, list[Tensor]] | None = None

    def __call__(self, stage: str, runtime: Runtime, tolerance: Tolerance) -> None:
        """Run the pictures through `runtime` and compare with the stage before.

        Raises:
            ParityError: the step moved the outputs further than `tolerance`; the message names the step.
        """
        outputs = [runtime.run(self._tensor(picture)) for picture in self.pictures]
        before, self._previous = self._previous, (stage, outputs)
        if before is None:
            return
        step = f"{before[0]} → {stage}"
        value_range = self.contract.output.value_max
        pairs = list(zip(before[1], outputs, strict=True))
        for old, new in pairs:
            if old.shape != new.shape:
                raise ParityError(f"{step}: the output changed its shape from {old.shape} to {new.shape}")
            if not np.isfinite(new).all():
                raise ParityError(f"{step}: the output holds values that are not finite; nothing was written")
        differences = [np.abs(new - old) / value_range for old, new in pairs]
        largest = [float(difference.max()) for difference in differences]
        mean = [float(difference.mean()) for difference in differences]
        name, unit = ("iou", "") if self.contract.task == "segmentation" else ("psnr", "dB")
        task = [self._task_metric(old, new) for old, new in pairs]
        self._note(step, {"largest_difference": largest, "mean_difference": mean, name: task}, unit)
        limit = tolerance.iou if name == "iou" else tolerance.psnr
        # Written so that a difference that is not a number fails.
        if not (max(largest) <= tolerance.largest and max(mean) <= tolerance.mean and min(task) >= limit):
            raise ParityError(
                f"{step} moved the outputs: largest difference {max(largest):.2g} (allowed {tolerance.largest:.2g}), "
                f"mean {max(mean):.2g} (allowed {tolerance.mean:.2g}), {name} {min(task):.4g} (at least {limit:.4g}); "
                f"nothing was written"
            )

    def _note(self, step: str, rows: dict[str, list[float]], unit: str) -> None:
        for name, values in rows.items():
            better = name in {"iou", "psnr"}
            worst = min(values) if better else max(values)
            labels = {"step": step, "of": "the worst picture"}
            self.figures.append(
                Figure(
                    name=name,
                    value=worst,
                    unit=unit if better else "of the range",
                    higher_is_better=better,
                    labels=labels,
                )
            )
            self.samples[f"{step}: {name}"] = list(values)

    def _tensor(self, picture: Picture) -> Tensor:
        if self.contract.task == "segmentation":
            return tensor_from(picture.rgb, self.contract)
        fixed = self.contract.input
        if fixed.height and fixed.width:
            return normalise(resize_pixels(picture.rgb, fixed.height, fixed.width, "linear"), self.contract)
        # Height and width differ, so that a swap of the two cannot go unnoticed.
        multiple = self.contract.input.multiple
        height = min(picture.height, _CROP) // multiple * multiple
        width = min(picture.width, _CROP - 16) // multiple * multiple
        top, left = (picture.height - height) // 2, (picture.width - width) // 2
        window = picture.with_depth(8).rgb[top : top + height, left : left + width]
        return normalise(window.astype(np.float32), self.contract)

    def _picture(self, output: Tensor) -> NDArray[np.uint8]:
        return pixels_from(output, self.contract, np.uint8).astype(np.uint8, copy=False)

    def _task_metric(self, old: Tensor, new: Tensor) -> float:
        if self.contract.task == "segmentation":
            return iou(matte_from(new, self.contract).alpha, matte_from(old, self.contract).alpha)
        return psnr(self._picture(new), self._picture(old))


def open_stage(stage: Stage, source: nn.Module | Path) -> Runtime:
    """Open what executes a stage: the module itself, ONNX Runtime for ONNX, OpenVINO in f32 on the CPU for an IR."""
    if stage == "torch":
        from ..infer.runtimes.torch import TorchRuntime

        if isinstance(source, Path):
            raise TypeError("the torch stage is a module, not a file")
        return TorchRuntime(source)
    if not isinstance(source, Path):
        raise TypeError(f"the {stage} stage is a file, not a module")
    if stage == "onnx":
        from ..infer.runtimes.onnxruntime import OnnxRuntime

        return OnnxRuntime(source)
    from ..infer.runtimes.openvino import load

    return load(source, "CPU", exact=True).runtime

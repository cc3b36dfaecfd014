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

    Usable as the `check` of `convert.export`. batch: how many copies of each picture run at once, so that a batch that
    tracing made a constant is found. All outputs that both stages have are
    compared (an export may drop side heads); the task's metric is that of the first. figures and
    samples grow with each step, for the record.
    """

    pictures: Sequence[Picture]
    contract: Contract
    batch: int = 1
    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, list[JsonValue]] = field(default_factory=dict)
    _previous: tuple[str, list[list[Tensor]]] | None = None

    def __call__(self, stage: str, runtime: Runtime, tolerance: Tolerance) -> None:
        """Run the pictures through `runtime` and compare with the stage before.

        Raises:
            ParityError: the step moved the outputs further than `tolerance`; the message names the step.
        """
        outputs = [runtime.run_all(np.repeat(self._tensor(picture), self.batch, 0)) for picture in self.pictures]
        before, self._previous = self._previous, (stage, outputs)
        if before is None:
            return
        step = f"{before[0]} → {stage}"
        value_range = self.contract.output.value_max
        largest: list[float] = []
        mean: list[float] = []
        task: list[float] = []
        for olds, news in zip(before[1], outputs, strict=True):
            _check_outputs(step, olds, news)
            differences = [np.abs(new - old) / value_range for old, new in zip(olds, news, strict=False)]
            largest.append(max(float(difference.max()) for difference in differences))
            mean.append(max(float(difference.mean()) for difference in differences))
            task.append(self._task_metric(olds[0][:1], news[0][:1], tolerance))
        name, unit = ("iou", "") if self.contract.task == "segmentation" else ("psnr", "dB")
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
        # Height and width differ, so that a swap of the two cannot go unnoticed; a small picture's border is repeated.
        height, width = (
            -(-max(side, fixed.min_side) // fixed.multiple) * fixed.multiple for side in (_CROP, _CROP - 16)
        )
        top, left = max(picture.height - height, 0) // 2, max(picture.width - width, 0) // 2
        window = picture.with_depth(8).rgb[top : top + height, left : left + width]
        missing = ((0, height - window.shape[0]), (0, width - window.shape[1]), (0, 0))
        return normalise(np.pad(window, missing, mode="edge").astype(np.float32), self.contract)

    def _picture(self, output: Tensor) -> NDArray[np.uint8]:
        return pixels_from(output, self.contract, np.uint8).astype(np.uint8, copy=False)

    def _task_metric(self, old: Tensor, new: Tensor, tolerance: Tolerance) -> float:
        if self.contract.task == "segmentation":
            after, before = matte_from(new, self.contract).alpha, matte_from(old, self.contract).alpha
            # A pixel that lies on the threshold may fall to either side; on a small subject one would break the limit.
            undecided = (np.abs(before - 0.5) <= tolerance.largest) & (np.abs(after - 0.5) <= tolerance.largest)
            return iou(np.where(undecided, before, after), before)
        return psnr(self._picture(new), self._picture(old))


def _check_outputs(step: str, olds: list[Tensor], news: list[Tensor]) -> None:
    for old, new in zip(olds, news, strict=False):
        if old.shape != new.shape:
            raise ParityError(f"{step}: the output changed its shape from {old.shape} to {new.shape}")
        if not np.isfinite(new).all():
            raise ParityError(f"{step}: the output holds values that are not finite; nothing was written")


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

    return load(source, "CPU", exact=True, keep_batch=True).runtime

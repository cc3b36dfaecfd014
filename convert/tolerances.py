"""How far a stage of a model moved the outputs from those of the one before, and how far it may."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core import Contract, OutputContract
from ..datasets import AlphaMatte, Pixels
from ..infer import Tensor, matte_from, pixels_from
from ..metrics import iou, mae, psnr
from .export_settings import JudgedFigure

__all__ = [
    "ARITHMETIC",
    "EXACT",
    "HALF",
    "IDENTICAL",
    "QUANTIZED",
    "Comparison",
    "Tolerance",
    "compare",
    "image_from",
    "is_telling",
]

IDENTICAL = 100.0
"""dB that stand for the infinite PSNR of identical images, so that a mean of them is a number."""

_NO_NOISE = 200.0
"""dB that stand for an infinite signal-to-noise ratio."""


@dataclass(frozen=True)
class Tolerance:
    """How far a stage may move the outputs.

    Attributes:
        largest: absolute difference of the raw outputs, as a share of their range; infinite where only what the task
            makes of them is judged.
        mean: the same on average.
        iou: of the masks at 0.5.
        psnr: dB between the 8-bit images.
        undecided: a mask's pixel that is so near to 0.5 in both counts as the same in both; on a small subject, one
            that falls to either side would break the limit.
        on_average: the mean over the images is judged, not the worst of them; the largest difference is always that of
            all.
        mae: mean absolute difference of the masks, 0-1.
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

    Attributes:
        largest: for each image, the largest absolute difference as a share of the range, of the output that moved most;
            the one that counts is activated before.
        mean: for each image, the mean one.
        snr: of the first output over all images, in dB.
        task: metric to its value for each image, the judged one first; empty where there is nothing to judge.
        judged: the figures that the tolerance limits, beside their limits; none where the outputs cannot be compared.
        broken: what is beyond the tolerance, in words; empty where nothing is.
        unproven: why the masks say nothing, in words; empty where they do.
    """

    largest: tuple[float, ...]
    mean: tuple[float, ...]
    snr: float
    task: Mapping[str, tuple[float, ...]]
    judged: tuple[JudgedFigure, ...]
    broken: str
    unproven: str = ""


def compare(
    before: Sequence[Sequence[Tensor]], after: Sequence[Sequence[Tensor]], contract: Contract, tolerance: Tolerance
) -> Comparison:
    """Compare two stages, of whose outputs all that both have take part; the task's metrics are those of the first.

    Masks that are even on every image, empty ones for instance, agree whatever the network computes: they are no
    evidence, and in their place the mean difference of the activated outputs is held to the masks' limit.

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
        differences = [
            np.abs(one - other) / span
            for number, pair in enumerate(zip(olds, news, strict=False))
            for one, other, span in (_comparable(*pair, contract, counts=number == 0),)
        ]
        largest.append(max(float(difference.max()) for difference in differences))
        mean.append(max(float(difference.mean()) for difference in differences))
        noise += float(np.square(news[0] - olds[0], dtype=np.float64).sum())
        signal += float(np.square(olds[0], dtype=np.float64).sum())
        rows.append(_task(olds[0][:1], news[0][:1], contract, tolerance.undecided))
    snr = 10 * math.log10(signal / noise) if noise > 0 and signal > 0 else _NO_NOISE
    task = {name: tuple(row[name] for row in rows) for name in rows[0]}
    unproven = ""
    if contract.task == "segmentation" and not any(is_telling(heads[0][:1], contract) for heads in (*before, *after)):
        task, unproven = {}, "not enough evidence: the masks are empty or even on every image"
    judged = _judged(largest, mean, task, tolerance)
    broken = ", ".join(str(figure) for figure in judged if not figure.passed)
    return Comparison(tuple(largest), tuple(mean), snr, task, judged, broken, unproven)


def is_telling(output: Tensor, contract: Contract) -> bool:
    """Tell whether a segmentation network's output (1, C, h, w) tells one part of the image from another."""
    found = matte_from(output, contract)
    parts = found.alpha >= 0.5 if found.classes is None else found.classes
    return bool((parts != parts.flat[0]).any())


def _comparable(old: Tensor, new: Tensor, contract: Contract, *, counts: bool) -> tuple[Tensor, Tensor, float]:
    """Return two outputs as they are judged, and what a difference of them is a share of.

    The output that counts is activated as its contract says, since logits have no scale of their own; of any, the range
    that it really has is its range where that is the larger one.
    """
    wanted = contract.output
    if counts and wanted.kind != "image" and not wanted.indices:
        old, new = (_activated(each, wanted) for each in (old, new))
    return old, new, max(wanted.value_max, float(old.max()) - float(old.min()))


def _activated(output: Tensor, wanted: OutputContract) -> Tensor:
    if wanted.activation == "sigmoid":
        return (1 / (1 + np.exp(-np.clip(output, -60, 60)))).astype(np.float32)
    are_shares = output.min() >= 0 and np.allclose(output.sum(1), 1, atol=1e-3)
    if wanted.activation == "softmax" or (wanted.kind == "classes" and not are_shares):
        powers = np.exp(output - output.max(1, keepdims=True))
        return (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return output


def _not_comparable(reason: str) -> Comparison:
    return Comparison((math.inf,), (math.inf,), -math.inf, {}, (), reason)


def _task(old: Tensor, new: Tensor, contract: Contract, undecided: float) -> dict[str, float]:
    if contract.task == "segmentation":
        before, after = matte_from(old, contract).alpha, matte_from(new, contract).alpha
        near: AlphaMatte = np.maximum(np.abs(before - 0.5), np.abs(after - 0.5))
        return {
            "iou": float(iou(np.where(near <= undecided, before, after), before)),
            "mae": float(mae(after, before)),
        }
    return {"psnr": min(float(psnr(image_from(new, contract), image_from(old, contract))), IDENTICAL)}


def _judged(
    largest: Sequence[float], mean: Sequence[float], task: Mapping[str, Sequence[float]], tolerance: Tolerance
) -> tuple[JudgedFigure, ...]:
    def over_all(values: Sequence[float], *, at_least: bool = False) -> float:
        return math.fsum(values) / len(values) if tolerance.on_average else (min if at_least else max)(values)

    figures = [
        JudgedFigure("the largest difference", max(largest), tolerance.largest),
        JudgedFigure(
            "the mean difference", over_all(mean), tolerance.mean if task else min(tolerance.mean, tolerance.mae)
        ),
    ]
    for main, values in list(task.items())[:1]:
        limit = tolerance.iou if main == "iou" else tolerance.psnr
        figures.append(JudgedFigure(main, over_all(values, at_least=True), limit, at_least=True))
    if "mae" in task:
        figures.append(JudgedFigure("the masks' mean difference", over_all(task["mae"]), tolerance.mae))
    # What has no limit is judged all the same: it may not be a number.
    return tuple(figures)


def image_from(output: Tensor, contract: Contract) -> Pixels:
    """Return the 8-bit image of a super-resolution network's output."""
    return pixels_from(output, contract, np.uint8).astype(np.uint8, copy=False)

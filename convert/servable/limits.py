"""How far a package's answers may be from the recorded ones: what was measured when it was made decides."""

from __future__ import annotations

from typing import Literal

from ...core import Contract
from .manifest import OutputLimits
from .surround import ALPHA, CONFIDENCE, UPSCALED

__all__ = ["limits_from"]

Metric = Literal["mean", "max", "iou", "psnr", "share"]
Distances = dict[str, dict[str, float]]

_MARGIN = 2.0
"""Other processors of one arithmetic round at other places: twice what was measured is still the same."""

_SAME_MEAN, _SAME_MAX = 0.02, 4.0
"""Levels of 0-255. In f32 the reference models' masks and enlargements are the same to the level on AVX2 and AVX-512,
in INT8 too (class masks: a pixel on an edge); this much is left to processors that sum up in other orders."""

_SAME_SHARE = 0.001
_SAME_CONFIDENCE = 0.002

_KERNELS: dict[Metric, float] = {"iou": 0.97, "psnr": 35.0, "share": 0.03}
_UNMEASURED: dict[Metric, float] = {"iou": 0.9, "psnr": 35.0, "share": 0.05}
_OTHER_CONFIDENCE = 0.1

_LEAST: dict[Metric, float] = {"iou": 0.99, "psnr": 50.0, "share": 0.005}
"""The tightest limits of another arithmetic, where next to nothing was measured."""


def limits_from(contract: Contract, arithmetic: str, measured: dict[str, Distances]) -> dict[str, OutputLimits]:
    """Return a manifest's limits.

    The golden arithmetic, on kernels of the golden kind: differences of levels; for class masks the share of pixels
    that differ. Anything else: the task's metric, for an arithmetic by how far it was measured to move it.

    Args:
        contract: the network's.
        arithmetic: of the golden answers.
        measured: as a manifest has it.
    """
    metric, output = _judged(contract)
    moved = {name: far for name, far in measured.items() if name != "mattekit"}
    limits = {name: _moved(far, output, metric) for name, far in moved.items()}
    widest = max if metric == "share" else min
    unmeasured = _limits(contract, output, {metric: _UNMEASURED[metric]}, _OTHER_CONFIDENCE)
    if moved:
        # The arithmetics of half the width differ in how many digits they keep; one of them tells of the other.
        unmeasured[output] = {metric: widest(limit[output][metric] for limit in limits.values())}
    same = _same(contract, output)
    return {
        "same": same if arithmetic == "f32" else limits.get("f32", unmeasured),
        **limits,
        "arithmetic": unmeasured,
        "kernels": _limits(contract, output, {metric: _KERNELS[metric]}, _OTHER_CONFIDENCE),
    }


def _judged(contract: Contract) -> tuple[Metric, str]:
    match contract.output.kind:
        case "alpha":
            return "iou", ALPHA
        case "classes":
            return "share", ALPHA
        case "image":
            return "psnr", UPSCALED


def _limits(contract: Contract, output: str, own: dict[Metric, float], confidence: float) -> OutputLimits:
    """Return the output's own limits, and that of the confidence where the model gives one."""
    limits: OutputLimits = {output: own}
    if contract.output.kind != "image":
        limits[CONFIDENCE] = {"max": confidence}
    return limits


def _same(contract: Contract, output: str) -> OutputLimits:
    own: dict[Metric, float] = {"mean": _SAME_MEAN, "max": _SAME_MAX}
    if contract.output.kind == "classes":
        own = {"share": _SAME_SHARE}
    return _limits(contract, output, own, _SAME_CONFIDENCE)


def _moved(far: Distances, output: str, metric: Metric) -> OutputLimits:
    found = far[output][metric]
    match metric:
        case "iou":
            limit = min(_LEAST[metric], 1 - _MARGIN * (1 - found))
        case "psnr":
            # Twice the error is 6 dB less.
            limit = min(_LEAST[metric], found - 6.0)
        case _:
            limit = max(_LEAST[metric], _MARGIN * found)
    limits: OutputLimits = {output: {metric: limit}}
    if CONFIDENCE in far:
        limits[CONFIDENCE] = {"max": max(0.01, _MARGIN * far[CONFIDENCE]["max"])}
    return limits

"""Metrics: pure functions on arrays, and their registry.

A metric is added by writing its function in one of this package's files and one line in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ...core.errors import InputError
from .arrays import Float
from .segmentation import dice, iou, mae
from .super_resolution import psnr, psnr_y

__all__ = ["METRICS", "Metric", "Takes", "dice", "get_metric", "iou", "mae", "psnr", "psnr_y"]

Takes = Literal["masks", "pictures"]
"""What a metric's function is called with.

`masks`: (prediction, truth), both (H, W) floating 0-1.
`pictures`: (prediction, truth, border), two (H, W, 3) uint8 and the pixels to cut off each side.
"""


@dataclass(frozen=True)
class Metric:
    """A pure function with a unit and a direction.

    `takes` says what the function is called with.
    """

    name: str
    function: Callable[..., float | Float | Any]
    unit: str
    higher_is_better: bool
    takes: Takes = "masks"


_ALL = (
    Metric("iou", iou, "", higher_is_better=True),
    Metric("dice", dice, "", higher_is_better=True),
    Metric("mae", mae, "", higher_is_better=False),
    Metric("psnr", psnr, "dB", higher_is_better=True, takes="pictures"),
    Metric("psnr_y", psnr_y, "dB", higher_is_better=True, takes="pictures"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


def get_metric(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        InputError: there is none; the error lists those that there are.
    """
    try:
        return METRICS[name]
    except KeyError as error:
        raise InputError(f"there is no metric {name!r}; choose from {', '.join(sorted(METRICS))}") from error

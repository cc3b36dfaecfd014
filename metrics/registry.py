"""Every metric by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..core import InputError, Task, did_you_mean
from .classes import image_miou, miou, pixel_accuracy
from .flicker import dtssd, still_flicker
from .mattes import composite_error, connectivity, gradient, halo, mse, sad
from .segmentation import (
    adaptive_e_measure,
    adaptive_f_beta,
    dice,
    e_measure_curve,
    f_beta_curve,
    iou,
    mae,
    mean_e_measure,
    mean_f_beta,
)
from .structure import boundary_iou, s_measure, weighted_f_beta
from .super_resolution import psnr, psnr_y, ssim, ssim_y

__all__ = ["METRICS", "Metric", "Takes", "default_metrics", "get_metric", "metrics_for"]

Takes = Literal["masks", "curve", "composite", "images", "clip", "still_clip", "classes"]
"""What a metric's function is called with, and what it returns.

masks: (prediction, truth), both (H, W) floating 0-1; a float.
curve: the same; (256,) float64, one value per threshold. The figure of a set is the largest value of the curves' mean,
    and a sample's own figure is its curve at the threshold where that lies: the samples' mean is the set's figure.
composite: (prediction, truth, image) and the keywords of `composite_error`; a float.
images: (prediction, truth, border), two (H, W, 3) uint8 and the pixels to cut off each side; a float.
clip: (predictions, truths), the mattes of one clip in order; one float per clip.
still_clip: (predictions, frames), mattes and images of one clip in order; one float per clip.
classes: (confusion,), (classes, classes) pixels by true class and answer; a float. The figure of a set is that of its
    summed confusion, and a sample's own figure its share in it (`metrics.class_shares`); `image_miou`'s is a mean.
"""


@dataclass(frozen=True)
class Metric:
    """A pure function with a unit and a direction.

    Attributes:
        name: as it is typed and recorded.
        function: what computes it, called as `takes` says.
        unit: of its values; empty for a plain number.
        higher_is_better: its direction.
        takes: what the function is called with.
        best: the value of a perfect prediction.
    """

    name: str
    function: Callable[..., Any]
    unit: str
    higher_is_better: bool
    takes: Takes = "masks"
    best: float = 1.0


_INFINITY = float("inf")

_ALL = (
    Metric("iou", iou, "", higher_is_better=True),
    Metric("dice", dice, "", higher_is_better=True),
    Metric("mae", mae, "", higher_is_better=False, best=0),
    Metric("max_f_beta", f_beta_curve, "", higher_is_better=True, takes="curve"),
    Metric("mean_f_beta", mean_f_beta, "", higher_is_better=True),
    Metric("adaptive_f_beta", adaptive_f_beta, "", higher_is_better=True),
    Metric("weighted_f_beta", weighted_f_beta, "", higher_is_better=True),
    Metric("s_measure", s_measure, "", higher_is_better=True),
    Metric("max_e_measure", e_measure_curve, "", higher_is_better=True, takes="curve"),
    Metric("mean_e_measure", mean_e_measure, "", higher_is_better=True),
    Metric("adaptive_e_measure", adaptive_e_measure, "", higher_is_better=True),
    Metric("boundary_iou", boundary_iou, "", higher_is_better=True),
    Metric("sad", sad, "10³", higher_is_better=False, best=0),
    Metric("mse", mse, "", higher_is_better=False, best=0),
    Metric("gradient", gradient, "10³", higher_is_better=False, best=0),
    Metric("connectivity", connectivity, "10³", higher_is_better=False, best=0),
    Metric("composite_error", composite_error, "levels", higher_is_better=False, takes="composite", best=0),
    Metric("halo", halo, "levels", higher_is_better=False, best=0),
    Metric("dtssd", dtssd, "", higher_is_better=False, takes="clip", best=0),
    Metric("still_flicker", still_flicker, "levels", higher_is_better=False, takes="still_clip", best=0),
    Metric("miou", miou, "", higher_is_better=True, takes="classes"),
    Metric("pixel_accuracy", pixel_accuracy, "", higher_is_better=True, takes="classes"),
    Metric("image_miou", image_miou, "", higher_is_better=True, takes="classes"),
    Metric("psnr", psnr, "dB", higher_is_better=True, takes="images", best=_INFINITY),
    Metric("psnr_y", psnr_y, "dB", higher_is_better=True, takes="images", best=_INFINITY),
    Metric("ssim", ssim, "", higher_is_better=True, takes="images"),
    Metric("ssim_y", ssim_y, "", higher_is_better=True, takes="images"),
)


def _registry(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    names = [metric.name for metric in metrics]
    if len(set(names)) != len(names):
        raise ValueError(f"metric names must be unique: {', '.join(sorted(names))}")
    return {metric.name: metric for metric in metrics}


METRICS: dict[str, Metric] = _registry(_ALL)


def get_metric(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        InputError: there is none; the error lists those that there are.
    """
    try:
        return METRICS[name]
    except KeyError as error:
        known = ", ".join(sorted(METRICS))
        raise InputError(f"there is no metric {name!r}; choose from {known}{did_you_mean(name, METRICS)}") from error


_OF_CLASSES = ("miou", "pixel_accuracy")

_DEFAULT: dict[Task, tuple[str, ...]] = {
    "segmentation": ("iou", "mae", "max_f_beta", "weighted_f_beta", "s_measure", "mean_e_measure", "boundary_iou"),
    "super_resolution": ("psnr_y", "ssim_y", "psnr"),
}


def default_metrics(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics that are measured unless others are asked for."""
    return _DEFAULT[task]


def metrics_for(
    task: Task, names: Sequence[str] | None, *, clips: bool = False, classes: bool = False
) -> tuple[Metric, ...]:
    """Return the metrics of these names; `["all"]` means all that fit the task.

    Args:
        task: of the data set.
        names: of metrics, or None for the default ones.
        clips: whether the data set has videos, which `all` then includes the metrics of.
        classes: whether truth and answers are classes, which `all` and the default ones then include the metrics of.

    Raises:
        InputError: there is no such metric, or it does not fit the task.
    """
    for_images = task == "super_resolution"
    if names is not None and list(names) == ["all"]:
        fitting = (m for m in METRICS.values() if (m.takes == "images") == for_images)
        left_out = {*(() if clips else ("clip", "still_clip")), *(() if classes else ("classes",))}
        return tuple(m for m in fitting if m.takes not in left_out)
    usual = (*(_OF_CLASSES if classes else ()), *_DEFAULT[task])
    chosen = tuple(get_metric(name) for name in dict.fromkeys(names or usual))
    for metric in chosen:
        if (metric.takes == "images") != for_images:
            fitting_names = ", ".join(m.name for m in METRICS.values() if (m.takes == "images") == for_images)
            raise InputError(f"the metric {metric.name} does not fit {task}; choose from {fitting_names}")
    return chosen

"""Classes: how well a map of class numbers agrees with the ground truth.

What is counted is a confusion: how many pixels of each true class were answered as each class. The figures of a set
are those of its summed confusion, as PASCAL VOC and Cityscapes compute them, not means of figures of images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from .arrays import Float

__all__ = ["Confusion", "class_iou", "class_shares", "confusion", "image_miou", "miou", "pixel_accuracy"]

Confusion = NDArray[np.int64]
"""(classes, classes): pixels, the true class along the rows, the answer along the columns."""

Numbers = NDArray[np.uint8]
"""Class numbers, (H, W)."""


def confusion(prediction: Numbers, truth: Numbers, classes: int) -> Confusion:
    """Count pixels by true class and answer, (classes, classes) int64; where the truth is no class, none are counted.

    Raises:
        InputError: the maps are not of one size, or the prediction has a number that is no class.
    """
    if prediction.ndim != 2 or prediction.shape != truth.shape:
        raise InputError(
            f"maps of shape {prediction.shape} and {truth.shape} cannot be compared; give two of shape (height, width)"
        )
    if prediction.size and int(prediction.max()) >= classes:
        raise InputError(f"the prediction has the number {prediction.max()}, but there are {classes} classes")
    counted = truth < classes
    pairs = truth[counted].astype(np.intp) * classes + prediction[counted]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def class_iou(counts: Confusion) -> Float:
    """Return each class's intersection over union, 0-1, (classes,); NaN for one that is neither there nor answered.

    Everingham et al., "The PASCAL visual object classes challenge: a retrospective", IJCV 2015, section 2.3.
    """
    return _ratios(*_overlaps(counts))


def miou(counts: Confusion) -> float:
    """Return the mean of `class_iou` over the classes that it is a number for; NaN where there is none."""
    found = class_iou(counts)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def pixel_accuracy(counts: Confusion) -> float:
    """Return the share of pixels that are answered rightly, 0-1; NaN where no pixel counts."""
    return float(_ratios(np.trace(counts), counts.sum()))


def image_miou(counts: Confusion) -> float:
    """Return `miou` of one image's confusion; a set's figure is the mean over its images.

    Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013.
    """
    return miou(counts)


def class_shares(counts: Confusion) -> dict[str, Float]:
    """Return each image's share in the figures of a set, whose mean over the images is the figure.

    A figure is a ratio of sums, A / B, and image i's share A / B + (a_i - A / B * b_i) / mean(b): the ratio, moved by
    what the image changes in it to first order. Intervals of the shares' mean are then those of the delta method for
    ratios (Cochran, "Sampling techniques", 1977, chapter 6). A share may lie outside of 0-1.

    Args:
        counts: (images, classes, classes), a confusion for each image.

    Returns:
        `class_iou`, (images, classes), NaN for classes that are nowhere; `miou` and `pixel_accuracy`, (images,), NaN
        where no pixel counts.
    """
    hits, unions = _overlaps(counts)
    by_class = _shares(hits, unions)
    found = by_class[:, np.isfinite(by_class[0])]
    mean = found.mean(axis=1) if found.size else np.full(len(counts), np.nan)
    right, every = np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2))
    return {"class_iou": by_class, "miou": mean, "pixel_accuracy": _shares(right[:, None], every[:, None])[:, 0]}


def _overlaps(counts: Confusion) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return intersections and unions, (..., classes)."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return hits, counts.sum(axis=-1) + counts.sum(axis=-2) - hits


def _ratios(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Float:
    return np.divide(parts, wholes, out=np.full(np.shape(wholes), np.nan), where=np.asarray(wholes) > 0)


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Float:
    """Return the shares of ratios, (images, ratios)."""
    ratios = _ratios(parts.sum(axis=0), wholes.sum(axis=0))
    means = np.where(np.isfinite(ratios), wholes.mean(axis=0), np.nan)
    return ratios + (parts - ratios * wholes) / means

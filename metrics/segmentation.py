"""Segmentation: how well a mask agrees with the ground truth, pixel by pixel and at every threshold.

All functions take a prediction and a truth, (H, W), floating point, 0-1, and raise InputError where the two cannot be
compared. A pixel is foreground where its value is at least the threshold. `iou` and `dice` cut both arrays at their
`threshold`; the others cut the truth at 0.5. Predictions are taken as they are: nothing is min-max normalised here.

Conventions for the F- and E-measure are those of the evaluation code that the field shares (Fan et al.'s MATLAB
toolbox, PySODMetrics): 256 thresholds, which cut `floor(255 * prediction)` at >= 255, 254, ... 0, in this order.
"""

from __future__ import annotations

import numpy as np

from .arrays import Alpha, Bool, Float, check_pair, levels

__all__ = [
    "adaptive_e_measure",
    "adaptive_f_beta",
    "dice",
    "e_measure_curve",
    "f_beta_curve",
    "iou",
    "mae",
    "max_e_measure",
    "max_f_beta",
    "mean_e_measure",
    "mean_f_beta",
]

BETA_SQUARED = 0.3


def iou(prediction: Alpha, truth: Alpha, threshold: float = 0.5) -> float:
    """Return the intersection over union (Jaccard index), 0-1.

    Jaccard, Bulletin de la Société vaudoise des sciences naturelles 37, 1901. Two empty masks agree: 1.
    """
    check_pair(prediction, truth)
    a, b = prediction >= threshold, truth >= threshold
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def dice(prediction: Alpha, truth: Alpha, threshold: float = 0.5) -> float:
    """Return the Dice coefficient (F1), 0-1: twice the intersection over the sum of the areas.

    Dice, Ecology 26, 1945. Two empty masks agree: 1.
    """
    check_pair(prediction, truth)
    a, b = prediction >= threshold, truth >= threshold
    total = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / total if total else 1.0


def mae(prediction: Alpha, truth: Alpha) -> float:
    """Return the mean absolute error, 0-1, of the values themselves, without a threshold.

    Perazzi et al., "Saliency filters", CVPR 2012. The truth is not binarised, so soft mattes are measured as such.
    """
    check_pair(prediction, truth)
    return float(np.mean(np.abs(prediction.astype(np.float64) - truth)))


def f_beta_curve(prediction: Alpha, truth: Alpha) -> Float:
    """Return F-beta (beta squared 0.3) at the 256 thresholds, (256,) float64, 0-1.

    Achanta et al., "Frequency-tuned salient region detection", CVPR 2009. 0 wherever nothing is hit, so also
    everywhere for an empty truth, even if the prediction is empty too.
    """
    check_pair(prediction, truth)
    hits, false_alarms, foreground = _counts(prediction, truth)
    return _f_beta(hits, hits + false_alarms, foreground)


def max_f_beta(prediction: Alpha, truth: Alpha) -> float:
    """Return the largest value of `f_beta_curve`, 0-1, for one image.

    The figure of papers for a whole set is the largest value of the curves' mean, not the mean of these.
    """
    return float(f_beta_curve(prediction, truth).max())


def mean_f_beta(prediction: Alpha, truth: Alpha) -> float:
    """Return the mean of `f_beta_curve`, 0-1."""
    return float(f_beta_curve(prediction, truth).mean())


def adaptive_f_beta(prediction: Alpha, truth: Alpha) -> float:
    """Return F-beta (beta squared 0.3), 0-1, at twice the prediction's mean, 1 at most, without rounding to levels.

    Achanta et al., CVPR 2009. 0 where nothing is hit.
    """
    check_pair(prediction, truth)
    cut, real = _adaptive(prediction), truth >= 0.5
    hits, false_alarms = _one(cut & real), _one(cut & ~real)
    return float(_f_beta(hits, hits + false_alarms, int(np.count_nonzero(real)))[0])


def e_measure_curve(prediction: Alpha, truth: Alpha) -> Float:
    """Return the enhanced-alignment measure at the 256 thresholds, (256,) float64.

    Fan et al., "Enhanced-alignment measure for binary foreground map evaluation", IJCAI 2018. The sum is divided by
    the number of pixels less one, as in the authors' code, so that a perfect mask of N pixels gets N / (N - 1).
    For an empty truth it counts the pixels that are kept out, for a full one those that are kept.
    """
    check_pair(prediction, truth)
    hits, false_alarms, foreground = _counts(prediction, truth)
    return _e_measure(hits, false_alarms, foreground, truth.size)


def max_e_measure(prediction: Alpha, truth: Alpha) -> float:
    """Return the largest value of `e_measure_curve` for one image (see `max_f_beta` for a whole set)."""
    return float(e_measure_curve(prediction, truth).max())


def mean_e_measure(prediction: Alpha, truth: Alpha) -> float:
    """Return the mean of `e_measure_curve`."""
    return float(e_measure_curve(prediction, truth).mean())


def adaptive_e_measure(prediction: Alpha, truth: Alpha) -> float:
    """Return the E-measure at twice the prediction's mean, 1 at most, without rounding to levels."""
    check_pair(prediction, truth)
    cut, real = _adaptive(prediction), truth >= 0.5
    return float(_e_measure(_one(cut & real), _one(cut & ~real), int(np.count_nonzero(real)), truth.size)[0])


def _adaptive(prediction: Alpha) -> Bool:
    exact = prediction.astype(np.float64)
    return exact >= min(2 * float(exact.mean()), 1.0)


def _one(mask: Bool) -> Float:
    return np.array([np.count_nonzero(mask)], dtype=np.float64)


def _counts(prediction: Alpha, truth: Alpha) -> tuple[Float, Float, int]:
    """Count, per threshold from 255 down to 0, the cut pixels in the true foreground and in the true background."""
    real = truth >= 0.5
    both = np.bincount((levels(prediction) + (real.view(np.uint8).astype(np.uint16) << 8)).ravel(), minlength=512)
    background, foreground = both[255::-1], both[:255:-1]
    return np.cumsum(foreground).astype(np.float64), np.cumsum(background).astype(np.float64), int(foreground.sum())


def _f_beta(hits: Float, cut: Float, foreground: int) -> Float:
    precision = hits / np.maximum(cut, 1)
    recall = hits / max(foreground, 1)
    numerator = (1 + BETA_SQUARED) * precision * recall
    return numerator / np.where(numerator == 0, 1, BETA_SQUARED * precision + recall)


def _e_measure(hits: Float, false_alarms: Float, foreground: int, size: int) -> Float:
    eps = np.finfo(np.float64).eps
    cut = hits + false_alarms
    if foreground == 0:
        total = size - cut
    elif foreground == size:
        total = cut
    else:
        mean_cut, mean_real = cut / size, foreground / size
        misses = foreground - hits
        parts = (
            (hits, 1 - mean_cut, 1 - mean_real),
            (false_alarms, 1 - mean_cut, -mean_real),
            (misses, -mean_cut, 1 - mean_real),
            (size - cut - misses, -mean_cut, -mean_real),
        )
        total = np.zeros_like(cut, dtype=np.float64)
        for count, a, b in parts:
            alignment = 2 * a * b / (a * a + b * b + eps)
            total += count * np.square(alignment + 1) / 4
    return total / (size - 1 + eps)

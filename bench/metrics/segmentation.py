"""Segmentation: how well a mask agrees with the ground truth.

All functions take a prediction and a truth, (H, W), floating point, 0-1, and return a float; all raise InputError where
the arrays cannot be compared. A pixel is foreground where its value is at least the threshold; the truth's threshold is
always 0.5. Predictions are taken as they are: nothing is min-max normalised here.
"""

from __future__ import annotations

import numpy as np

from .arrays import Alpha, check_pair

__all__ = ["dice", "iou", "mae"]


def iou(prediction: Alpha, truth: Alpha, threshold: float = 0.5) -> float:
    """Return the intersection over union (Jaccard index), 0-1.

    Jaccard, Bulletin de la Société vaudoise des sciences naturelles 37, 1901. Both arrays are cut at `threshold`.
    Two empty masks agree: 1.
    """
    check_pair(prediction, truth)
    a, b = prediction >= threshold, truth >= threshold
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def dice(prediction: Alpha, truth: Alpha, threshold: float = 0.5) -> float:
    """Return the Dice coefficient (F1), 0-1: twice the intersection over the sum of the areas.

    Dice, Ecology 26, 1945. Both arrays are cut at `threshold`. Two empty masks agree: 1.
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

"""Segmentation: how well a mask agrees with the ground truth in its structure and along its boundary.

All functions take a prediction and a truth, (H, W), floating point, 0-1, return a float and raise InputError where the
two cannot be compared. The truth is cut at 0.5. Predictions are taken as they are, without min-max normalisation.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .arrays import Alpha, Bool, Float, check_pair

__all__ = ["band_width", "boundary_iou", "s_measure", "weighted_f_beta"]

_EPS = float(np.finfo(np.float64).eps)


def s_measure(prediction: Alpha, truth: Alpha) -> float:
    """Return the structure measure, 0-1: half object-aware, half region-aware similarity.

    Fan et al., "Structure-measure: a new way to evaluate foreground maps", ICCV 2017, alpha 0.5. For an empty truth it
    is 1 minus the prediction's mean, for a full one the prediction's mean.
    """
    check_pair(prediction, truth)
    real, exact = truth >= 0.5, prediction.astype(np.float64)
    share = float(real.mean())
    if share in {0.0, 1.0}:
        mean = float(exact.mean())
        return mean if share else 1 - mean
    objects = share * _object_score(exact[real]) + (1 - share) * _object_score(1 - exact[~real])
    return max(0.0, 0.5 * objects + 0.5 * _region_score(exact, real))


def _object_score(values: Float) -> float:
    mean = float(values.mean())
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean * mean + 1 + deviation + _EPS)


def _region_score(prediction: Float, real: Bool) -> float:
    """Weigh the similarity of the four rectangles that meet at the truth's centroid by their areas."""
    height, width = real.shape
    total = np.count_nonzero(real)
    # The rectangles left and above include the centroid's own column and row, as MATLAB's 1:X does; np.round rounds
    # halves to even, as the shared evaluation code does.
    y = int(np.round(real.sum(axis=1) @ np.arange(height) / total)) + 1
    x = int(np.round(real.sum(axis=0) @ np.arange(width) / total)) + 1
    score = 0.0
    for rows in (slice(0, y), slice(y, height)):
        for columns in (slice(0, x), slice(x, width)):
            part = real[rows, columns]
            if part.size:
                score += part.size / real.size * _similarity(prediction[rows, columns], part.astype(np.float64))
    return score


def _similarity(a: Float, b: Float) -> float:
    mean_a, mean_b = float(a.mean()), float(b.mean())
    away_a, away_b = a - mean_a, b - mean_b
    count = a.size - 1 + _EPS
    # Sums of products, not `@`: a threaded BLAS waits longer for its threads here than the sum takes.
    covariance = float((away_a * away_b).sum()) / count
    spread = float((away_a * away_a).sum() + (away_b * away_b).sum()) / count
    upper = 4 * mean_a * mean_b * covariance
    lower = (mean_a**2 + mean_b**2) * spread
    if upper != 0:
        return upper / (lower + _EPS)
    return 1.0 if lower == 0 else 0.0


def weighted_f_beta(prediction: Alpha, truth: Alpha) -> float:
    """Return the weighted F-measure (beta 1), 0-1.

    Margolin et al., "How to evaluate foreground maps?", CVPR 2014: errors within the object are smoothed by a 7x7
    Gaussian of sigma 5, errors outside grow with the distance from it. Where several object pixels are equally near a
    background pixel, the leftmost counts, then the topmost (as in SciPy's distance transform). 0 for an empty truth.
    """
    check_pair(prediction, truth)
    real = truth >= 0.5
    foreground = np.count_nonzero(real)
    if foreground == 0:
        return 0.0
    error = np.abs(prediction.astype(np.float64) - real)
    distance = np.zeros(real.shape)
    if foreground < real.size:
        single = cv2.distanceTransform((~real).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # The square of a distance between pixels is whole; OpenCV's float32 differs in its last digit from machine to
        # machine and from thread to thread.
        distance = np.sqrt(np.rint(np.square(single.astype(np.float64))))
    profile = np.exp(-np.square(np.arange(-3.0, 4.0)) / 50)
    profile /= profile.sum()
    spread = _error_of_nearest_object_pixel(error, real, distance)
    smooth = cv2.sepFilter2D(spread, cv2.CV_64F, profile, profile, borderType=cv2.BORDER_CONSTANT)
    inside = np.minimum(error, smooth)[real]
    outside = float((error * (2 - np.exp(math.log(0.5) / 5 * distance)))[~real].sum())
    hits = foreground - float(inside.sum())
    recall = 1 - float(inside.mean())
    precision = hits / (hits + outside + _EPS)
    return 2 * recall * precision / (recall + precision + _EPS)


def _error_of_nearest_object_pixel(error: Float, real: Bool, distance: Float) -> Float:
    """Replace each background pixel's error by that of the object pixel nearest to it, within the filter's reach.

    The filter, 3 pixels to each side, is read only at object pixels: no background pixel further than 3 rows and 3
    columns from the object is ever seen, hence none further than the square root of 18.
    """
    reach = 4
    offsets = sorted(
        ((dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)),
        key=lambda at: (at[0] ** 2 + at[1] ** 2, at[1], at[0]),
    )
    stride = real.shape[1] + 2 * reach
    padded_real = np.pad(real, reach).ravel()
    padded_error = np.pad(error, reach).ravel()
    rows, columns = np.nonzero(~real & (distance < 4.25))
    todo: NDArray[np.intp] = (rows + reach) * stride + columns + reach
    for dy, dx in offsets:
        source = todo + (dy * stride + dx)
        found = padded_real[source]
        if found.any():
            padded_error[todo[found]] = padded_error[source[found]]
            todo = todo[~found]
    return np.ascontiguousarray(padded_error.reshape(-1, stride)[reach:-reach, reach:-reach])


def band_width(height: int, width: int) -> int:
    """Return the width of the boundary band of an image, in pixels: 2% of its diagonal, rounded, 1 at least."""
    return max(1, round(0.02 * math.hypot(height, width)))


def boundary_iou(prediction: Alpha, truth: Alpha, threshold: float = 0.5) -> float:
    """Return the intersection over union of the masks' inner boundary bands, 0-1.

    Cheng et al., "Boundary IoU", CVPR 2021: the band is what an erosion by a square of `2 * band_width + 1` pixels
    takes away, and the image's edge counts as a boundary. Both arrays are cut at `threshold`. Two empty masks
    agree: 1.
    """
    check_pair(prediction, truth)
    reach = band_width(*truth.shape)
    a, b = _inner_band(prediction >= threshold, reach), _inner_band(truth >= threshold, reach)
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def _inner_band(mask: Bool, reach: int) -> Bool:
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * reach + 1, 2 * reach + 1))
    eroded = cv2.erode(mask.view(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & (eroded == 0)

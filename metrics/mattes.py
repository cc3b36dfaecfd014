"""Mattes: how well a soft alpha agrees with the exact one, and how far the composites that it makes are off.

All functions take a prediction and a truth, (H, W), floating point, 0-1, return a float and raise InputError where the
two cannot be compared. `region`, where given, is a boolean (H, W): only its pixels count, as in the unknown part of a
trimap. `sad`, `mse`, `gradient` and `connectivity` follow Rhemann et al., "A perceptually motivated online benchmark
for image matting", CVPR 2009, and the evaluation code of Xu et al., "Deep image matting", CVPR 2017, but for one thing:
no matte is min-max normalised before its gradient is taken (which changes nothing for a matte that reaches 0 and 1).

Composites are what a viewer sees of a mask's errors: an image is cut out with the predicted and with the true alpha,
both are laid over the same plain backgrounds, and the results are compared in levels of 0-255.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from .arrays import Alpha, Bool, Float, Pixels, check_pair
from .structure import band_width

__all__ = ["BACKGROUNDS", "boundary_band", "composite_error", "connectivity", "gradient", "halo", "mse", "sad"]

BACKGROUNDS: tuple[tuple[int, int, int], ...] = (
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
)
"""Plain RGB colours: an error that one of them hides, another one shows."""


def sad(prediction: Alpha, truth: Alpha, region: Bool | None = None) -> float:
    """Return the sum of absolute differences in thousands, as papers print it; it grows with the image's size."""
    check_pair(prediction, truth)
    return _sum(np.abs(prediction.astype(np.float64) - truth), region) / 1000


def mse(prediction: Alpha, truth: Alpha, region: Bool | None = None) -> float:
    """Return the mean squared error, 0-1 (papers often print a thousand times it); 0 for an empty region."""
    check_pair(prediction, truth)
    squared = np.square(prediction.astype(np.float64) - truth)
    count = squared.size if region is None else np.count_nonzero(region)
    return _sum(squared, region) / max(count, 1)


def gradient(prediction: Alpha, truth: Alpha, region: Bool | None = None) -> float:
    """Return the squared difference of the gradients' magnitudes, summed, in thousands.

    Gradients are Gaussian derivatives of sigma 1.4, 9 pixels wide, each filter scaled to a Euclidean norm of 1; the
    border is replicated.
    """
    check_pair(prediction, truth)
    return _sum(np.square(_magnitude(prediction) - _magnitude(truth)), region) / 1000


def connectivity(prediction: Alpha, truth: Alpha, region: Bool | None = None) -> float:
    """Return how differently the two mattes hang together, summed, in thousands.

    For ten thresholds 0.1 to 1.0 the largest 4-connected component common to both mattes is found; a pixel's degree of
    connection falls by what it has above the last threshold at which it belonged to it, if that is at least 0.15. The
    thresholds are exact tenths: 153/255 reaches 0.6.
    """
    check_pair(prediction, truth)
    a, b = prediction.astype(np.float64), truth.astype(np.float64)
    level = np.ones(a.shape)
    connected = np.ones(a.shape, dtype=np.bool_)
    for step in range(1, 11):
        common = ((a >= step / 10) & (b >= step / 10)).view(np.uint8)
        inside = connected & _largest_component(common)
        level[connected & ~inside] = (step - 1) / 10
        connected = inside
    return _sum(np.abs(_loss(a - level) - _loss(b - level)), region) / 1000


def _sum(values: Float, region: Bool | None) -> float:
    return float(values.sum() if region is None else values[region].sum())


def _loss(above: Float) -> Float:
    return np.where(above >= 0.15, above, 0)


def _largest_component(mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Bool:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return np.zeros(mask.shape, dtype=np.bool_)
    return np.asarray(labels == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA])))


def _magnitude(alpha: Alpha) -> Float:
    sigma, smallest = 1.4, 0.01
    reach = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * smallest)))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    smooth = np.exp(-np.square(at) / (2 * sigma**2))
    slope = at * smooth
    smooth, slope = smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)
    exact = alpha.astype(np.float64)
    across = cv2.sepFilter2D(exact, cv2.CV_64F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(exact, cv2.CV_64F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(across, down)


def composite_error(
    prediction: Alpha,
    truth: Alpha,
    image: Pixels,
    *,
    predicted_foreground: Pixels | None = None,
    true_foreground: Pixels | None = None,
    backgrounds: tuple[tuple[int, int, int], ...] = BACKGROUNDS,
) -> float:
    """Return the root mean squared error of the composites, in levels of 0-255, averaged over the backgrounds.

    A composite is `alpha * foreground + (1 - alpha) * background`, in the images' own (gamma-encoded) values, not
    rounded. Where a foreground, (H, W, 3) uint8 RGB, is not given, `image` itself stands for it.

    Raises:
        InputError: the arrays are not of one size, or there is no background.
    """
    check_pair(prediction, truth)
    mine = image if predicted_foreground is None else predicted_foreground
    real = image if true_foreground is None else true_foreground
    for array in (mine, real):
        if array.dtype != np.uint8 or array.shape != (*truth.shape, 3):
            raise InputError(
                f"an image of type {array.dtype} and shape {array.shape} does not fit a mask of shape {truth.shape}; "
                "give uint8 RGB of the same height and width"
            )
    if not backgrounds:
        raise InputError("composites need at least one background; give one RGB colour or more")
    a, b = prediction.astype(np.float64)[..., None], truth.astype(np.float64)[..., None]
    # alpha * F + (1 - alpha) * B, predicted less true, is this difference plus (b - a) * B.
    difference, weight = a * mine - b * real, b - a
    errors = [
        np.sqrt(np.mean(np.square(difference + weight * np.array(colour, dtype=np.float64)))) for colour in backgrounds
    ]
    return float(np.mean(errors))


def boundary_band(truth: Alpha, reach: int | None = None) -> Bool:
    """Return the pixels, (H, W) bool, within `reach` pixels (in rows and in columns) of both sides of the boundary.

    The boundary is that of the truth cut at 0.5; the edge of the image is none. `reach` is `band_width` unless given.
    """
    width = band_width(*truth.shape) if reach is None else reach
    mask: NDArray[np.uint8] = (truth >= 0.5).astype(np.uint8)
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * width + 1, 2 * width + 1))
    return np.asarray(cv2.dilate(mask, square) != cv2.erode(mask, square))


def halo(prediction: Alpha, truth: Alpha) -> float:
    """Return how much of the old background shines through around the object, in levels of 0-255.

    It is 255 times the mean, over `boundary_band`, of what the prediction has more than the truth: the largest shift
    that a viewer can see there, an old background laid over its own opposite. Missing alpha does not count (see
    `composite_error`). 0 where the truth has no boundary.

    Raises:
        InputError: the masks cannot be compared.
    """
    check_pair(prediction, truth)
    band = boundary_band(truth)
    if not band.any():
        return 0.0
    excess = np.maximum(prediction.astype(np.float64) - truth, 0)
    return 255 * float(excess[band].mean())

"""Composites: how far the final image is off, which is what a viewer sees of a mask's errors.

An image is cut out with the predicted and with the true alpha, both are laid over the same plain backgrounds, and the
results are compared in levels of 0-255.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from .arrays import Alpha, Bool, Pixels, check_pair
from .structure import band_width

__all__ = ["BACKGROUNDS", "boundary_band", "composite_error", "halo"]

BACKGROUNDS: tuple[tuple[int, int, int], ...] = (
    (0, 0, 0),
    (255, 255, 255),
    (128, 128, 128),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
)
"""Plain RGB colours: an error that one of them hides, another one shows."""


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

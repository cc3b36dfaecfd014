"""MATLAB's antialiased bicubic reduction, which the field's low-resolution images are made with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from .sample import Pixels

__all__ = ["crop_to_multiple", "reduce_bicubic"]


def crop_to_multiple(image: Pixels, scale: int) -> Pixels:
    """Cut rows and columns off the bottom and the right until both sides are multiples of `scale`.

    Raises:
        InputError: nothing would be left.
    """
    height, width = (side // scale * scale for side in image.shape[:2])
    if scale < 1 or not height or not width:
        raise InputError(f"an image of {image.shape[1]}x{image.shape[0]} cannot be reduced by {scale}")
    return image[:height, :width]


def reduce_bicubic(image: Pixels, scale: int) -> Pixels:
    """Reduce an image as MATLAB's `imresize(image, 1/scale, "bicubic")` does: (H, W, 3) to (H/scale, W/scale, 3).

    Keys' kernel with a = -0.5, widened by the scale, weights normalised to 1, the border mirrored; first along the
    rows, rounded to 8 bits (halves up), then along the columns, rounded again, as MATLAB does for uint8. Bit-exact
    with the published low-resolution images of Set5.

    Args:
        image: (H, W, 3) uint8; the sides are multiples of `scale` (see `crop_to_multiple`).
        scale: a whole number of at least 1; 1 returns the image.

    Raises:
        InputError: a side is not a multiple of the scale.
    """
    height, width = image.shape[:2]
    if scale < 1 or height % scale or width % scale or not image.size:
        raise InputError(f"an image of {width}x{height} cannot be reduced by {scale}; crop it to multiples of {scale}")
    if scale == 1:
        return image
    down = _reduce_rows(image, scale)
    return np.ascontiguousarray(_reduce_rows(down.transpose(1, 0, 2), scale).transpose(1, 0, 2))


def _reduce_rows(image: Pixels, scale: int) -> Pixels:
    indices, weights = _contributions(image.shape[0], scale)
    total = np.zeros((indices.shape[0], *image.shape[1:]))
    for tap in range(indices.shape[1]):
        total += weights[:, tap, None, None] * image[indices[:, tap]]
    return np.floor(np.clip(total, 0, 255) + 0.5).astype(np.uint8)


def _contributions(length: int, scale: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return, for each output position, the input positions that it is made of, and their weights."""
    reach = 2 * scale
    centre = (np.arange(length // scale) + 0.5) * scale - 0.5
    first = np.floor(centre - reach).astype(np.intp)
    indices = first[:, None] + np.arange(2 * reach + 2)
    weights = _keys((centre[:, None] - indices) / scale)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    return mirrored[indices % (2 * length)], weights


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    a = np.abs(x)
    near, far = 1.5 * a**3 - 2.5 * a**2 + 1, -0.5 * a**3 + 2.5 * a**2 - 4 * a + 2
    return np.where(a <= 1, near, np.where(a <= 2, far, 0))

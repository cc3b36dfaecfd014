"""What every metric asks of its arrays, said once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core import InputError

__all__ = ["Alpha", "Bool", "Float", "Pixels", "check_images", "check_pair", "levels"]

Alpha = NDArray[np.floating]
"""A matte or mask, (H, W), values 0-1."""

Pixels = NDArray[np.uint8]
"""An image, (H, W, 3), RGB, uint8."""

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]


def check_pair(prediction: Alpha, truth: Alpha) -> None:
    """Refuse two masks that cannot be compared.

    Raises:
        InputError: not two-dimensional, not of one size, without pixels, or with values that are NaN or outside 0-1.
    """
    if prediction.ndim != 2 or prediction.shape != truth.shape:
        raise InputError(
            f"masks of shape {prediction.shape} and {truth.shape} cannot be compared; give two of shape (height, width)"
        )
    if prediction.size == 0:
        raise InputError("masks without pixels cannot be compared; give masks of at least 1x1")
    for name, array in (("prediction", prediction), ("truth", truth)):
        # A comparison with NaN is False, so this refuses NaN too.
        if not (array.min() >= 0 and array.max() <= 1):
            raise InputError(f"the {name} has values that are NaN or outside 0-1; divide 8-bit masks by 255")


def check_images(prediction: Pixels, truth: Pixels, border: int = 0) -> None:
    """Refuse two images that cannot be compared when `border` pixels are cut off each side.

    Raises:
        InputError: not uint8 RGB of one size, or nothing is left within the border.
    """
    if prediction.dtype != np.uint8 or truth.dtype != np.uint8:
        raise InputError(f"images of type {prediction.dtype} and {truth.dtype} cannot be compared; give uint8")
    if prediction.ndim != 3 or prediction.shape[2] != 3 or prediction.shape != truth.shape:
        raise InputError(
            f"images of shape {prediction.shape} and {truth.shape} cannot be compared; "
            "give two RGB images of shape (height, width, 3)"
        )
    if border < 0 or min(truth.shape[:2]) <= 2 * border:
        raise InputError(f"a border of {border} leaves nothing of an image of shape {truth.shape}; crop less")


def levels(prediction: Alpha) -> NDArray[np.uint8]:
    """Return values 0-1 as levels 0-255, cut off (not rounded), as the published evaluation code does.

    A mask that came from 8 bits gets its own levels back: float32's k/255 may lie below k/255, hence the small step up.
    """
    return (prediction.astype(np.float64) * 255 + 1e-4).astype(np.uint8)

"""An image and its predicted alpha, put together."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError
from ..images import Image, Pixels, to_depth

__all__ = ["cut_out"]


def cut_out(
    image: Image, alpha: NDArray[np.uint8 | np.uint16 | np.floating], *, colours: Pixels | None = None
) -> Image:
    """Return the image with `alpha` as its alpha channel, times the one that it already has.

    Args:
        image: (H, W) pixels of 8 or 16 bits; the result has the same depth, profile and notes.
        alpha: (H, W), uint8 (0-255), uint16 (0-65535) or floating point (0-1, clipped), 0 background to full subject.
        colours: (H, W, 3) of the image's type to take in place of its own: the foreground colours that were estimated
            for the half-transparent edge, so that the old background doesn't show as a halo.

    Returns:
        An `Image` whose colours are straight and kept even where alpha is 0 (resampling and a blurred background need
        them); writing it to a file clears those.

    Raises:
        ImageError: `alpha` or `colours` don't fit the image, or `alpha` holds a value that is not finite.
    """
    name = image.source or "the image"
    if alpha.shape != (image.height, image.width):
        raise ImageError(
            f"{name}: the mask's shape is {alpha.shape}, the image's {(image.height, image.width)}; resize the "
            "mask to the image first"
        )
    rgb = image.rgb if colours is None else colours
    if rgb.shape != image.rgb.shape or rgb.dtype != image.rgb.dtype:
        raise ImageError(f"{name}: the foreground colours are {rgb.shape} {rgb.dtype}, the image {image.rgb.shape}")
    mask = _as_depth(alpha, image.depth, name)
    if image.alpha is not None:
        # The product of two 16-bit values needs 32 bits and more precision than a 32-bit float has.
        kind = cv2.CV_8U if image.depth == 8 else cv2.CV_64F
        product = cv2.multiply(mask, image.alpha, scale=1 / image.full, dtype=kind)
        mask = np.rint(product).astype(mask.dtype) if image.depth == 16 else product
    return replace(image, rgb=rgb, alpha=np.asarray(mask, dtype=image.rgb.dtype))


def _as_depth(alpha: NDArray[np.uint8 | np.uint16 | np.floating], depth: int, name: str) -> Pixels:
    """Return alpha as uint8 or uint16, rounded to the nearest."""
    if alpha.dtype.name in ("uint8", "uint16"):
        return to_depth(cast("Pixels", alpha), depth)
    if not np.issubdtype(alpha.dtype, np.floating):
        raise ImageError(f"{name}: the mask is {alpha.dtype}; give uint8, uint16, or floating point from 0 to 1")
    # The sum is finite if and only if all values are, short of an overflow that no mask comes near.
    if not np.isfinite(alpha.sum(dtype=np.float64)):
        raise ImageError(f"{name}: the mask holds values that are not finite; the model's output is broken")
    full = (1 << depth) - 1
    scaled = np.rint(
        np.clip(alpha, 0, 1) * np.float64(full) if depth == 16 else np.clip(alpha, 0, 1) * np.float32(full)
    )
    return scaled.astype(np.uint8 if depth == 8 else np.uint16)

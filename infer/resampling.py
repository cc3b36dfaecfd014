"""Images and masks resampled as networks' authors did it."""

from __future__ import annotations

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from ..core import ResizeFilter
from ..images import Pixels, to_depth

__all__ = ["resize_mask", "resize_pixels"]

_Mask = TypeVar("_Mask", np.uint8, np.float32)

_PILLOW: dict[ResizeFilter, PilImage.Resampling] = {
    "lanczos": PilImage.Resampling.LANCZOS,
    "bilinear_antialias": PilImage.Resampling.BILINEAR,
    "bicubic_antialias": PilImage.Resampling.BICUBIC,
}


def resize_pixels(rgb: Pixels, height: int, width: int, resize: ResizeFilter) -> NDArray[np.float32]:
    """Resize an image for a network.

    `linear` interpolates in float32 and reads only the pixels that it needs, so that a large image costs no more than
    a small one; the others are Pillow's own, rounded to 8 bits, as the tools that define them do: the same to the bit.

    Args:
        rgb: (H, W, 3), uint8 or uint16.
        height: of the result, in pixels.
        width: of the result, in pixels.
        resize: the filter.

    Returns:
        (height, width, 3) float32, values 0-255 whatever the input's depth, channels in the input's order.
    """
    if resize == "linear":
        return _gather_linear(rgb, height, width) * np.float32(1.0 if rgb.dtype == np.uint8 else 1 / 257)
    pixels = cast("NDArray[np.uint8]", to_depth(rgb, 8))
    small = PilImage.fromarray(pixels).resize((width, height), _PILLOW[resize])
    return np.asarray(small, dtype=np.float32)


def resize_mask(mask: NDArray[_Mask], height: int, width: int, resize: ResizeFilter) -> NDArray[_Mask]:
    """Bring a mask (h, w), uint8 or float32, to an image's size with the contract's filter, in its dtype and range."""
    if mask.shape == (height, width):
        return mask
    grows = height >= mask.shape[0] and width >= mask.shape[1]
    if resize == "linear" or (resize == "bilinear_antialias" and grows):
        # Anti-aliasing changes nothing where no side shrinks, and OpenCV is ten times as fast as Pillow.
        resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        resized = np.asarray(PilImage.fromarray(mask).resize((width, height), _PILLOW[resize]))
        if mask.dtype == np.float32:
            # Lanczos and bicubic overshoot; 8-bit images are clipped by Pillow itself.
            resized = np.clip(resized, mask.min(), mask.max())
    return cast("NDArray[_Mask]", resized)


def _gather_linear(rgb: Pixels, height: int, width: int) -> NDArray[np.float32]:
    top, bottom, down = _neighbours(rgb.shape[0], height)
    left, right, across = _neighbours(rgb.shape[1], width)
    across = across[:, None]
    down = down[:, None, None]

    def row(index: NDArray[np.intp]) -> NDArray[np.float32]:
        picked = rgb[index]
        first = picked[:, left].astype(np.float32)
        return (first + (picked[:, right].astype(np.float32) - first) * across).astype(np.float32, copy=False)

    upper = row(top)
    return (upper + (row(bottom) - upper) * down).astype(np.float32, copy=False)


def _neighbours(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each target position: its two source neighbours (clamped at the border) and the second one's weight."""
    position = (np.arange(target, dtype=np.float64) + 0.5) * (source / target) - 0.5
    position = np.clip(position, 0, source - 1)
    first = np.floor(position).astype(np.intp)
    second = np.minimum(first + 1, source - 1)
    return first, second, (position - first).astype(np.float32)

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


# An image of four times the target's side or more is first averaged to twice of it or more, which moves U2NETP's masks
# by 0.16/255 on average and takes a fifth of the time at 12 megapixels.
_REDUCING_GAP = 2.0

# Lanczos enlarges a mask so many times, and linear interpolation does the rest: within 0.09/255 of Lanczos alone on
# average, in a sixth of the time at 12 megapixels.
_LANCZOS_GROWTH = 3


def resize_pixels(rgb: Pixels, height: int, width: int, resize: ResizeFilter) -> NDArray[np.float32]:
    """Resize an image for a network.

    `linear` interpolates in float32 and reads only the pixels that it needs, so that a large image costs no more than
    a small one; the others are Pillow's and round to 8 bits, as the tools that define them do.

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
    tall, wide = pixels.shape[:2]
    down = across = 1
    if resize == "lanczos":
        down = max(1, int(tall / height / _REDUCING_GAP))
        across = max(1, int(wide / width / _REDUCING_GAP))
    box = (0, 0, wide / across, tall / down)
    small = PilImage.fromarray(_averaged(pixels, down, across)).resize((width, height), _PILLOW[resize], box)
    return np.asarray(small, dtype=np.float32)


def resize_mask(mask: NDArray[_Mask], height: int, width: int, resize: ResizeFilter) -> NDArray[_Mask]:
    """Bring a mask (h, w), uint8 or float32, to an image's size with the contract's filter, in its dtype and range."""
    if mask.shape == (height, width):
        return mask
    grows = height >= mask.shape[0] and width >= mask.shape[1]
    if resize == "linear" or (resize == "bilinear_antialias" and grows):
        # Anti-aliasing changes nothing where no side shrinks, and OpenCV is ten times as fast as Pillow.
        resized = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    elif resize == "lanczos" and min(height / mask.shape[0], width / mask.shape[1]) > _LANCZOS_GROWTH + 1:
        between = resize_mask(mask, mask.shape[0] * _LANCZOS_GROWTH, mask.shape[1] * _LANCZOS_GROWTH, resize)
        resized = cv2.resize(between, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        resized = np.asarray(PilImage.fromarray(mask).resize((width, height), _PILLOW[resize]))
        if mask.dtype == np.float32:
            # Lanczos and bicubic overshoot; 8-bit images are clipped by Pillow itself.
            resized = np.clip(resized, mask.min(), mask.max())
    return cast("NDArray[_Mask]", resized)


def _averaged(pixels: NDArray[np.uint8], down: int, across: int) -> NDArray[np.uint8]:
    """Return the mean of each block of (down, across) pixels, rounded; blocks at the right and below may be smaller.

    The same as Pillow's `PilImage.reduce` to one level, in a third of the time: Pillow would first copy the image.
    """
    if down == across == 1:
        return pixels
    tall, wide = pixels.shape[0] // down, pixels.shape[1] // across
    small = np.empty((-(-pixels.shape[0] // down), -(-pixels.shape[1] // across), 3), np.uint8)
    for rows, source_rows in ((slice(tall), slice(tall * down)), (slice(tall, None), slice(tall * down, None))):
        for columns, source in ((slice(wide), slice(wide * across)), (slice(wide, None), slice(wide * across, None))):
            part = small[rows, columns]
            if part.size:
                size = (part.shape[1], part.shape[0])
                part[:] = cv2.resize(pixels[source_rows, source], size, interpolation=cv2.INTER_AREA)
    return small


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

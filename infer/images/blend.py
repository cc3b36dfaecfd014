"""Putting straight-alpha pixels over others, exactly: every sample is the float formula's result, rounded."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .picture import Picture, Pixels

__all__ = ["over", "over_colour"]

# So many samples at a time are held in floating point: the memory doesn't grow with the picture.
_BAND = 1 << 21


def over(rgb: Pixels, alpha: Pixels, backdrop: Pixels) -> Pixels:
    """Return rgb * a + backdrop * (1 - a) with a = alpha / white, rounded to the nearest.

    Args:
        rgb: (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same type.
        backdrop: (H, W, 3) of the same type; (1, 1, 3) is one colour for all.
    """
    height, width = alpha.shape
    full = float(np.iinfo(rgb.dtype).max)
    rows = max(1, _BAND // width)
    flat = backdrop.shape[:2] == (1, 1)
    out = np.empty_like(rgb)
    for top in range(0, height, rows):
        band = slice(top, top + rows)
        weight = np.multiply(alpha[band], np.float32(1 / full), dtype=np.float32)
        rest = cv2.subtract(np.ones_like(weight), weight)
        front = np.ascontiguousarray(rgb[band])
        back = np.broadcast_to(backdrop, front.shape) if flat else backdrop[band]
        back = np.ascontiguousarray(back)
        if rgb.dtype == np.uint8:
            cv2.blendLinear(front, back, weight, rest, dst=out[band])
        else:
            mixed = cv2.blendLinear(front.astype(np.float32), back.astype(np.float32), weight, rest)
            out[band] = np.clip(np.rint(mixed), 0, full)
    return out


def over_colour(picture: Picture, colour: tuple[int, int, int]) -> Picture:
    """Return the picture composited on a colour (RGB, 0-255, in the picture's colour space), without alpha."""
    if picture.alpha is None:
        return picture
    backdrop = np.asarray(colour, dtype=np.uint8).astype(picture.rgb.dtype)
    if picture.depth == 16:
        backdrop *= np.uint16(257)
    rgb = over(picture.rgb, picture.alpha, backdrop.reshape(1, 1, 3))
    return replace(picture, rgb=rgb, alpha=None)

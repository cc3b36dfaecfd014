"""Putting straight-alpha pixels over others, and resampling them, without dark or bright fringes.

Every composited sample is the float formula's result, rounded to the nearest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from .image import Image, Pixels

__all__ = ["over", "over_alpha", "over_colour", "resample", "resize_straight"]

_Samples = NDArray[np.uint8 | np.uint16 | np.float32]

# blendLinear divides by the sum of the weights plus 1e-5, which must be nothing beside that sum.
_BLEND_TOTAL = 4096.0

# So many pixels at a time are held in floating point: the memory doesn't grow with the image.
_BAND = 1 << 20


def over(rgb: Pixels, alpha: Pixels, background: Pixels) -> Pixels:
    """Return rgb * a + background * (1 - a) with a = alpha / white, rounded to the nearest.

    Args:
        rgb: (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same type.
        background: (H, W, 3) of the same type; (1, 1, 3) is one colour for all.
    """
    out = np.empty_like(rgb, order="C")
    for band in _bands(alpha):
        weight, rest = _weights(alpha[band], _BLEND_TOTAL)
        front = np.ascontiguousarray(rgb[band])
        back = np.ascontiguousarray(_rows(background, band, front.shape))
        if rgb.dtype == np.uint8:
            out[band] = cv2.blendLinear(front, back, weight, rest)
        else:
            mixed = cv2.blendLinear(front.astype(np.float32), back.astype(np.float32), weight, rest)
            out[band] = np.clip(np.rint(mixed), 0, 65535)
    return out


def over_alpha(rgb: Pixels, alpha: Pixels, background: Pixels, background_alpha: Pixels) -> tuple[Pixels, Pixels]:
    """Composite on a background that is itself transparent in places (the "over" operator on straight alpha).

    Args:
        rgb: (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same type.
        background: (H, W, 3) or (1, 1, 3) of the same type.
        background_alpha: (H, W) or (1, 1) of the same type.

    Returns:
        Straight colours and alpha; where both are wholly transparent, the colours of `rgb`.
    """
    full = np.float32(np.iinfo(rgb.dtype).max)
    out, out_alpha = np.empty_like(rgb, order="C"), np.empty_like(alpha, order="C")
    for band in _bands(alpha):
        weight, rest = _weights(alpha[band])
        rest *= _rows(background_alpha, band, weight.shape) / full
        total = weight + rest
        out_alpha[band] = np.rint(total * full)
        empty = total == 0
        share = np.where(empty, np.float32(1), weight / np.where(empty, np.float32(1), total))[..., None]
        back = _rows(background, band, rgb[band].shape).astype(np.float32)
        out[band] = np.rint(back + (rgb[band] - back) * share)
    return out, out_alpha


def over_colour(image: Image, colour: tuple[int, int, int]) -> Image:
    """Return the image composited on a colour (RGB, 0-255, in the image's colour space), without alpha."""
    if image.alpha is None:
        return image
    background = np.asarray(colour, dtype=image.rgb.dtype) * np.asarray(image.full // 255, dtype=image.rgb.dtype)
    rgb = over(image.rgb, image.alpha, background.reshape(1, 1, 3))
    grey = image.grey and len(set(colour)) == 1
    return replace(image, rgb=rgb, alpha=None, grey=grey)


def resample(pixels: _Samples, width: int, height: int) -> _Samples:
    """Resample (H, W) or (H, W, C) pixels: first by area where an axis shrinks, then bicubically where one grows."""
    shrunk = (min(width, pixels.shape[1]), min(height, pixels.shape[0]))
    if shrunk != pixels.shape[1::-1]:
        pixels = cast("_Samples", cv2.resize(pixels, shrunk, interpolation=cv2.INTER_AREA))
    if shrunk != (width, height):
        pixels = cast("_Samples", cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC))
    return pixels


def resize_straight(rgb: Pixels, alpha: Pixels | None, width: int, height: int) -> tuple[Pixels, Pixels | None]:
    """Resample colours and alpha so that what is transparent doesn't bleed into what is not.

    Args:
        rgb: (H, W, 3) uint8 or uint16, straight.
        alpha: (H, W) of the same type, or None.
        width: of the result, in pixels.
        height: of the result, in pixels.

    Returns:
        (height, width, 3) and (height, width) of the same type; black where alpha becomes 0.
    """
    if (width, height) == rgb.shape[1::-1]:
        return rgb, alpha
    if alpha is None:
        return cast("Pixels", resample(rgb, width, height)), None
    full = int(np.iinfo(rgb.dtype).max)
    # Half of 255 * 255 fits in 16 bits, with room for what a bicubic filter overshoots; that takes half of the memory
    # of floating point.
    kind = cv2.CV_16U if full == 255 else cv2.CV_32F
    weighted = resample(
        cast("_Samples", cv2.multiply(rgb, cv2.merge([alpha] * 3), scale=0.5, dtype=kind)), width, height
    )
    whole = np.full_like(alpha, full)
    weights = resample(cast("_Samples", cv2.multiply(alpha, whole, scale=0.5, dtype=kind)), width, height)
    out = np.empty((height, width, 3), rgb.dtype)
    out_alpha = np.empty((height, width), rgb.dtype)
    for band in _bands(out_alpha):
        weight = weights[band].astype(np.float32)
        rounded = np.clip(np.rint(weight * np.float32(2 / full)), 0, full)
        out_alpha[band] = rounded
        factor = np.divide(full, weight, out=np.zeros_like(weight), where=rounded > 0)
        out[band] = np.clip(np.rint(weighted[band] * factor[..., None]), 0, full)
    return out, out_alpha


def _bands(alpha: Pixels) -> list[slice]:
    """Return the rows of an image in bands of about `_BAND` pixels."""
    height, width = alpha.shape
    rows = max(1, _BAND // width)
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def _weights(alpha: Pixels, total: float = 1.0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return alpha as 0-`total`, and what it leaves of it."""
    weight = np.multiply(alpha, np.float32(total / np.iinfo(alpha.dtype).max), dtype=np.float32)
    return weight, np.float32(total) - weight


def _rows(pixels: Pixels, band: slice, shape: tuple[int, ...]) -> Pixels:
    """Return a band of a background; one that is a single pixel stands for all."""
    if pixels.shape[:2] != (1, 1):
        return pixels[band]
    # A whole row first: copying rows is several times faster than copying pixels.
    row = np.repeat(pixels, shape[1], axis=1)
    return np.broadcast_to(row, shape)

"""How far an image is enlarged, and the last resampling to that size; textures go on at their opposite edges."""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np

from ..core import ImageError
from ..images import Image, Pixels, resize_straight
from .framing import crop_to

__all__ = ["MOST_SCALE", "bled", "enlarge_alpha", "resampled", "scale_within", "with_edges"]

MOST_SCALE = 16
"""Largest enlargement in each direction."""

# Pixels that a resampling filter reaches, generously.
_FILTER = 16


def scale_within(image: Image, within: tuple[int, int]) -> float:
    """Return how many times an image is enlarged, or made smaller, to fit.

    Args:
        image: of any size.
        within: width and height in pixels, one of them at least; 0 is any.

    Raises:
        ImageError: it would be enlarged too far.
    """
    outscale = min(limit / side for limit, side in zip(within, image.size, strict=True) if limit)
    if outscale > MOST_SCALE:
        raise ImageError(
            f"{image.source or 'the image'}: {image.width}x{image.height} would be enlarged {outscale:.1f} times; "
            f"{MOST_SCALE} is the most, so ask for a smaller size"
        )
    return outscale


def resampled(image: Image, size: tuple[int, int], *, wrap: bool) -> Image:
    """Resample to a width and height; what is that large already is returned itself.

    With `wrap`, the image is a texture that goes on at its opposite edges, and the result is one too.
    """
    if size == image.size:
        return image
    if not wrap:
        rgb, alpha = resize_straight(image.rgb, image.alpha, *size)
        return image.with_changes(rgb=rgb, alpha=alpha)
    # So many pixels more on each side that they are a whole number of pixels of the result too.
    steps = [old // math.gcd(old, new) for old, new in zip(image.size, size, strict=True)]
    across, down = (-(-_FILTER // step) * step for step in steps)
    right, below = (margin * new // old for margin, new, old in zip((across, down), size, image.size, strict=True))
    around = with_edges(image, across, down)
    rgb, alpha = resize_straight(around.rgb, around.alpha, size[0] + 2 * right, size[1] + 2 * below)
    there = (slice(below, below + size[1]), slice(right, right + size[0]))
    return crop_to(image.with_changes(rgb=rgb, alpha=alpha), there)


def with_edges(image: Image, across: int, down: int) -> Image:
    """Return an image with so many pixels more on each side, which are those of the opposite side."""
    margins = ((down, down), (across, across))
    alpha = None if image.alpha is None else np.pad(image.alpha, margins, mode="wrap")
    return image.with_changes(rgb=np.pad(image.rgb, (*margins, (0, 0)), mode="wrap"), alpha=alpha)


def enlarge_alpha(alpha: Pixels, scale: int) -> Pixels:
    """Enlarge an alpha (H, W) bicubically."""
    size = (alpha.shape[1] * scale, alpha.shape[0] * scale)
    return cast("Pixels", cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC))


def bled(rgb: Pixels, alpha: Pixels) -> Pixels:
    """Give each hidden pixel the colour of the nearest visible one."""
    hidden = (alpha == 0).astype(np.uint8)
    if not hidden.any() or hidden.all():
        return rgb
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    visible = hidden == 0
    colours = np.zeros((int(labels.max()) + 1, 3), rgb.dtype)
    colours[labels[visible]] = rgb[visible]
    return colours[labels]

"""Small images for a report, read from files beside the records and from folders that were named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Image, encode_image, over_colour, read_image, resize_straight
from .document import Thumbnail

__all__ = ["SIDE", "composite", "cut_out", "difference", "enlarged", "errors", "is_inside", "load", "thumbnail"]

SIDE = 320
"""Longest side in pixels."""

_QUALITY = 82
_BACKDROP = (0, 133, 119)
_ADDED, _MISSED = np.array([214, 69, 0]), np.array([17, 85, 204])
_GAIN = 4


def is_inside(path: Path, folders: Sequence[Path]) -> bool:
    """Tell whether a path lies in one of the folders, after all links."""
    real = path.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def load(path: Path) -> Image:
    """Read an image in 8 bits, no larger than a thumbnail.

    Raises:
        ImageError: it cannot be read, or is too large.
    """
    return _fitted(read_image(path).with_depth(8))


def thumbnail(image: Image, label: str, alt: str) -> Thumbnail:
    """Encode an image for the page."""
    fitted = _fitted(image)
    data = encode_image(Image(fitted.rgb, fitted.alpha), "webp", quality=_QUALITY)
    return Thumbnail(label, alt, data, fitted.width, fitted.height)


def cut_out(image: Image, mask: Image) -> Image | None:
    """Return the image with the mask as its alpha; None where their sizes differ."""
    if image.size != mask.size:
        return None
    return Image(image.rgb, np.ascontiguousarray(mask.rgb[..., 0]))


def composite(cut: Image) -> Image:
    """Return a cut-out on a colour that shows its edges."""
    return over_colour(cut, _BACKDROP)


def errors(answer: Image, truth: Image) -> Image | None:
    """Return where a mask is wrong, on white: orange where it adds, blue where it misses; None where sizes differ."""
    if answer.size != truth.size:
        return None
    off = (answer.rgb[..., :1].astype(np.float32) - truth.rgb[..., :1]) / 255
    colour = np.where(off > 0, _ADDED, _MISSED)
    rgb = 255 + np.abs(off) * (colour - 255)
    return Image(np.rint(rgb).astype(np.uint8))


def difference(answer: Image, truth: Image) -> Image | None:
    """Return how far an enlarged image is from the truth, four times as bright; None where sizes differ."""
    if answer.size != truth.size:
        return None
    off: NDArray[np.int16] = np.abs(answer.rgb.astype(np.int16) - truth.rgb)
    return Image(np.minimum(_GAIN * off, 255).astype(np.uint8))


def enlarged(image: Image, size: tuple[int, int]) -> Image:
    """Return an image in another size (width, height), by bicubic interpolation."""
    return Image(np.asarray(cv2.resize(image.rgb, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8))


def _fitted(image: Image) -> Image:
    share = SIDE / max(image.width, image.height)
    if share >= 1:
        return image
    width, height = max(1, round(image.width * share)), max(1, round(image.height * share))
    rgb, alpha = resize_straight(image.rgb, image.alpha, width, height)
    return Image(rgb, alpha)

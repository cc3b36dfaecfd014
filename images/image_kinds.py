"""Images as callers have them: paths, bytes, open files, arrays and Pillow's images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from ..core import ImageError
from .decode import decode
from .image import Image, Pixels
from .pixels import MAX_PIXELS_VARIABLE, pixel_limit
from .read import read_image

__all__ = ["ImageLike", "image_of"]

ImageLike: TypeAlias = "Image | str | os.PathLike[str] | bytes | IO[bytes] | PilImage.Image | NDArray[Any]"
"""An image: a file's path, its bytes or the open file; a Pillow image; an array (H, W) of grey, (H, W, 3) in RGB or
(H, W, 4) in RGBA with straight alpha, uint8 or uint16, the full range of its type; or our own."""


def image_of(image: ImageLike) -> Image:
    """Read an image of any kind; our own is returned itself.

    An array is copied where it is not C-contiguous, and shared otherwise.

    Raises:
        ImageError: it cannot be read, is too large, or is an array or Pillow image of another shape, type or mode.
    """
    if isinstance(image, Image):
        return image
    if isinstance(image, str | os.PathLike):
        return read_image(Path(image))
    if isinstance(image, bytes):
        return read_image(image)
    if isinstance(image, PilImage.Image):
        return _from_pil(image)
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if hasattr(image, "read"):
        return read_image(image.read(), name=str(getattr(image, "name", "") or "") or None)
    raise ImageError(
        f"{type(image).__name__} is no image; give a path, bytes, an open file, a Pillow image, or an array (H, W), "
        "(H, W, 3) or (H, W, 4) of uint8 or uint16"
    )


def _from_array(array: NDArray[Any]) -> Image:
    if array.dtype.name not in {"uint8", "uint16"} or 0 in array.shape:
        raise ImageError(
            f"an array of {array.dtype} and shape {array.shape} is no image; give uint8 or uint16, the full range of "
            "its type"
        )
    if array.ndim == 2:
        return Image(cast("Pixels", cv2.cvtColor(np.ascontiguousarray(array), cv2.COLOR_GRAY2RGB)), grey=True)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise ImageError(
            f"an array of shape {array.shape} is no image; give (H, W) of grey, (H, W, 3) in RGB or (H, W, 4) in RGBA"
        )
    alpha = np.ascontiguousarray(array[..., 3]) if array.shape[2] == 4 else None
    return Image(np.ascontiguousarray(array[..., :3]), alpha)


def _from_pil(image: PilImage.Image) -> Image:
    if image.mode in {"F", "I"} or 0 in image.size:
        raise ImageError(
            f"a Pillow image of mode {image.mode} and size {image.size} has no range of colours; convert it to L, RGB "
            "or RGBA"
        )
    width, height = image.size
    if width * height > pixel_limit(None):
        raise ImageError(
            f"a Pillow image of {width}x{height} is larger than the limit of {pixel_limit(None) / 1e6:.4g} megapixels; "
            f"shrink it, or set {MAX_PIXELS_VARIABLE} to a larger number of pixels"
        )
    # Not opened from a file's bytes: what `decode` does faster from those, Pillow does.
    decoded = decode(cast("Any", image.copy()), b"")
    called = str(getattr(image, "filename", "") or "")
    return Image(decoded.rgb, decoded.alpha, decoded.icc, decoded.grey, called, metadata=decoded.metadata)

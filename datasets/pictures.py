"""Read and write the pictures of data sets: 8-bit RGB, and masks of 1, 8 or 16 bits."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ImageError
from ..images.pixels import DAMAGE, MAX_PIXELS_VARIABLE, pixel_limit, still_png
from .sample import AlphaMatte, Pixels

__all__ = ["SUFFIXES", "read_alpha", "read_rgb", "size_of", "write_png"]

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""What counts as a picture in a folder, in lower case."""

_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")


def read_rgb(path: Path) -> Pixels:
    """Read a picture as (H, W, 3) uint8 RGB, turned upright by its EXIF orientation; an alpha channel is dropped.

    Raises:
        ImageError: the file cannot be read, or is not a picture.
    """
    return _decode(path, cv2.IMREAD_COLOR)[..., ::-1].astype(np.uint8)


def read_alpha(path: Path) -> AlphaMatte:
    """Read a mask as (H, W) float32, 0-1, from 1, 8 or 16 bits; colours are turned to grey.

    A mask with no values but 0 and 1 is read as binary: no published set means 1/255 by it.

    Raises:
        ImageError: the file cannot be read, or is not a picture of 8 or 16 bits.
    """
    raw = _decode(path, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    if raw.dtype.name not in {"uint8", "uint16"}:
        raise ImageError(f"{path}: a mask of type {raw.dtype} cannot be used; give 8 or 16 bits")
    largest = 1 if raw.max() == 1 else np.iinfo(raw.dtype).max
    return (raw / np.float32(largest)).astype(np.float32)


def size_of(path: Path) -> tuple[int, int]:
    """Return a picture's height and width, in pixels.

    Raises:
        ImageError: the file cannot be read, or is not a picture.
    """
    return _decode(path, cv2.IMREAD_COLOR).shape[:2]


def write_png(path: Path, array: NDArray[np.uint8]) -> None:
    """Write (H, W) or (H, W, 3) RGB uint8 as PNG; the folder must exist.

    Raises:
        ImageError: it cannot be encoded.
    """
    bgr = np.ascontiguousarray(array[..., ::-1] if array.ndim == 3 else array)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise ImageError(f"{path}: a picture of shape {array.shape} cannot be written as PNG")
    path.write_bytes(data.tobytes())


def _decode(path: Path, flags: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    unusable = f"{path}: not a picture that can be decoded; replace or remove the file"
    _require_size(data, path, unusable)
    try:
        decoded = cv2.imdecode(np.frombuffer(still_png(data), dtype=np.uint8), flags)
    except cv2.error as error:
        raise ImageError(unusable) from error
    if decoded is None:
        raise ImageError(unusable)
    return decoded  # pyright: ignore[reportReturnType] - OpenCV's stubs do not tell the depth


def _require_size(data: bytes, path: Path, unusable: str) -> None:
    """Look at the width and height in the header, before anything of that size is allocated."""
    limit = pixel_limit()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=_FORMATS) as image:
                pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = limit + 1
    except DAMAGE as error:
        # What Pillow raises for headers that are damaged or made to do harm.
        raise ImageError(unusable) from error
    if pixels > limit:
        raise ImageError(
            f"{path}: more pixels than the limit of {limit}; shrink it, or set {MAX_PIXELS_VARIABLE} to a larger number"
        )

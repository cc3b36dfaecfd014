"""Read and write the images of data sets: 8-bit RGB, and masks of 1, 8 or 16 bits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError
from ..images import read_image
from .sample import AlphaMatte, Pixels

__all__ = ["read_alpha", "read_rgb", "write_png"]


def read_rgb(path: Path) -> Pixels:
    """Read an image as (H, W, 3) uint8 RGB, as every run reads it; an alpha channel is dropped.

    Raises:
        ImageError: the file cannot be read, or is not an image.
    """
    return read_image(path).with_depth(8).rgb.astype(np.uint8, copy=False)


def read_alpha(path: Path) -> AlphaMatte:
    """Read a mask as (H, W) float32, 0-1, from 1, 8 or 16 bits; colours are turned to grey, profiles are not applied.

    A mask with no values but 0 and 1 is read as binary: no published set means 1/255 by it.

    Raises:
        ImageError: the file cannot be read, or is not an image of 8 or 16 bits.
    """
    image = read_image(path, profiles=False)
    raw = image.rgb[..., 0] if image.grey else cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY)
    largest = 1 if raw.max() == 1 else image.full
    return (raw / np.float32(largest)).astype(np.float32)


def write_png(path: Path, array: NDArray[np.uint8]) -> None:
    """Write (H, W) or (H, W, 3) RGB uint8 as PNG; the folder must exist.

    Raises:
        ImageError: it cannot be encoded.
    """
    bgr = np.ascontiguousarray(array[..., ::-1] if array.ndim == 3 else array)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise ImageError(f"{path}: an image of shape {array.shape} cannot be written as PNG")
    path.write_bytes(data.tobytes())

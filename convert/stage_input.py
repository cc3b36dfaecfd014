"""What the stages of a model run on when they are compared: whole images, or a part of each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import Contract
from ..datasets import Pixels
from ..infer import Tensor, normalise, pixels_from, tensor_from

__all__ = ["Window", "image_from", "stage_input", "window"]

_CROP = 96
"""Side, in pixels, of what is cut from an image's centre for a super-resolution network."""


class Window(NamedTuple):
    """A part of an image, in pixels; it may be larger than the image, whose border is then repeated."""

    top: int
    left: int
    height: int
    width: int


def window(rows: int, columns: int, contract: Contract) -> Window:
    """Return which part of an image runs through a super-resolution network: its middle, as the contract allows.

    Where the size is free, height and width differ, so that a swap of the two cannot go unnoticed.
    """
    tall, wide = min(rows, _CROP), min(columns, _CROP - 16)
    height, width = contract.input.fit(tall, down=True)[0], contract.input.fit(wide, down=True)[1]
    return Window(max(rows - height, 0) // 2, max(columns - width, 0) // 2, height, width)


def stage_input(pixels: NDArray[np.uint8 | np.uint16], contract: Contract) -> Tensor:
    """Return what a stage runs on: the image for segmentation, its `window` (8 bits) for super-resolution."""
    if contract.task == "segmentation":
        return tensor_from(pixels, contract)
    top, left, height, width = window(pixels.shape[0], pixels.shape[1], contract)
    part = pixels[top : top + height, left : left + width]
    missing = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
    return normalise(np.pad(part, missing, mode="edge").astype(np.float32), contract)


def image_from(output: Tensor, contract: Contract) -> Pixels:
    """Return the 8-bit image of a super-resolution network's output."""
    return pixels_from(output, contract, np.uint8).astype(np.uint8, copy=False)

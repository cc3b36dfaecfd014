"""Images to tensors, as a contract says: resampling, channels, normalising."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import Contract
from ..images import Pixels
from .resampling import resize_pixels
from .runtimes.base import Tensor

__all__ = ["LUMA", "Placed", "luma_of", "normalise", "placed", "tensor_from"]

LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
"""Shares of red, green and blue (ITU-R BT.601)."""


def tensor_from(rgb: Pixels, contract: Contract, alpha: Pixels | None = None) -> Tensor:
    """Resize an image to the size at which a segmentation network sees it, and normalise it.

    Args:
        rgb: (H, W, 3) RGB, uint8 or uint16.
        contract: of the network.
        alpha: (H, W) of the same type, for a network that takes four channels; full where None.

    Returns:
        (1, C, height, width) float32, contiguous.
    """
    wanted = contract.input
    place = placed(contract, rgb.shape[0], rgb.shape[1])
    pixels = resize_pixels(rgb, place.inner_height, place.inner_width, wanted.resize)
    opacity = None
    if wanted.channels == 4 and alpha is not None:
        small = cv2.resize(alpha, (place.inner_width, place.inner_height), interpolation=cv2.INTER_LINEAR)
        opacity = small.astype(np.float32) * np.float32(1.0 if alpha.dtype == np.uint8 else 1 / 257)
    inner = normalise(pixels, contract, opacity)
    if not place.is_padded:
        return inner
    divisor = _divisor(pixels, contract)
    tensor = np.empty((1, wanted.channels, place.height, place.width), np.float32)
    numbers = (wanted.per_channel(each) for each in (wanted.pad_value, wanted.mean, wanted.std))
    for channel, (level, mean, std) in enumerate(zip(*numbers, strict=True)):
        tensor[0, channel] = (level / divisor - mean) / std
    tensor[:, :, *place.inside] = inner
    return tensor


class Placed(NamedTuple):
    """How an image lies in what a segmentation network sees; all in pixels of that.

    Attributes:
        height: of the network's input.
        width: of the network's input.
        top: where the image begins.
        left: where the image begins.
        inner_height: of the image.
        inner_width: of the image.
    """

    height: int
    width: int
    top: int
    left: int
    inner_height: int
    inner_width: int

    @property
    def is_padded(self) -> bool:
        """Tell whether there is more than the image."""
        return (self.height, self.width) != (self.inner_height, self.inner_width)

    @property
    def inside(self) -> tuple[slice, slice]:
        """Return the rows and columns of the image."""
        return slice(self.top, self.top + self.inner_height), slice(self.left, self.left + self.inner_width)

    def inside_of(self, height: int, width: int) -> tuple[slice, slice]:
        """Return the rows and columns of the image in an answer of another size; one of each at least."""
        rows = _scaled_span(self.top, self.inner_height, height / self.height)
        return rows, _scaled_span(self.left, self.inner_width, width / self.width)


def _scaled_span(start: int, length: int, ratio: float) -> slice:
    first = round(start * ratio)
    return slice(first, max(first + 1, round((start + length) * ratio)))


def placed(contract: Contract, height: int, width: int) -> Placed:
    """Return how an image of a size, in pixels, lies in what the network sees."""
    wanted = contract.input
    if wanted.height is None or wanted.width is None:
        ratio = 1.0 if wanted.short_side is None else wanted.short_side / min(height, width)
        tall, wide = (wanted.nearest(side * ratio) for side in (height, width))
        return Placed(tall, wide, 0, 0, tall, wide)
    if wanted.aspect == "stretch":
        return Placed(wanted.height, wanted.width, 0, 0, wanted.height, wanted.width)
    ratio = min(wanted.height / height, wanted.width / width)
    tall, wide = max(1, round(height * ratio)), max(1, round(width * ratio))
    return Placed(wanted.height, wanted.width, (wanted.height - tall) // 2, (wanted.width - wide) // 2, tall, wide)


def normalise(pixels: NDArray[np.float32], contract: Contract, alpha: NDArray[np.float32] | None = None) -> Tensor:
    """Take the contract's channels and apply `(x / divide_by - mean) / std`.

    Args:
        pixels: (h, w, 3) RGB float32, values 0-255.
        contract: whose input is prepared.
        alpha: (h, w) float32, 0-255, for a contract of four channels; full where None.

    Returns:
        (1, C, h, w) float32, contiguous.
    """
    wanted = contract.input
    divisor = _divisor(pixels, contract)
    tensor = np.empty((1, wanted.channels, *pixels.shape[:2]), np.float32)
    means, stds = wanted.per_channel(wanted.mean), wanted.per_channel(wanted.std)
    for channel, source in enumerate(_channels(pixels, contract, alpha)):
        factor = np.float32(1 / (divisor * stds[channel]))
        np.multiply(source, factor, out=tensor[0, channel])
        tensor[0, channel] -= np.float32(means[channel] / stds[channel])
    return tensor


def _divisor(pixels: NDArray[np.float32], contract: Contract) -> float:
    # The floor keeps an all-black image at 0 instead of 0 / 0.
    divide_by = contract.input.divide_by
    return max(float(pixels.max()), 1e-6) if divide_by == "image_max" else divide_by


def _channels(
    pixels: NDArray[np.float32], contract: Contract, alpha: NDArray[np.float32] | None
) -> list[NDArray[np.float32]]:
    """Return what each channel is normalised from, (h, w) each, 0-255."""
    wanted = contract.input
    if wanted.colour_order == "Y":
        luma = luma_of(pixels)
        return [luma * np.float32(219 / 255) + np.float32(16) if wanted.luma == "studio" else luma]
    order = (0, 1, 2) if wanted.colour_order.startswith("RGB") else (2, 1, 0)
    planes = [pixels[:, :, source] for source in order]
    if wanted.channels == 4:
        planes.append(np.full(pixels.shape[:2], 255, np.float32) if alpha is None else alpha)
    return planes


def luma_of(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the luma, (h, w), of (h, w, 3) RGB, in the same range."""
    return np.asarray(cv2.transform(pixels, LUMA), dtype=np.float32).reshape(pixels.shape[:2])

"""Images to tensors and back, as a contract says: resampling, normalising, reading what a network answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from ..core import Contract, ModelError, OutputContract, ResizeFilter
from ..images import Pixels, to_depth
from .runtimes.base import Tensor

__all__ = [
    "LEAST_SPREAD",
    "MatteTensor",
    "classes_at",
    "matte_from",
    "normalise",
    "pixels_from",
    "resize_mask",
    "resize_pixels",
    "tensor_from",
]

LEAST_SPREAD = 0.25
"""Smallest range of a raw mask that min-max normalisation stretches to 0-1.

An image with a subject spans nearly all of it, and U2NETP stays below 0.05 on flat ones; below this limit there is
nothing but noise, or one even value. White noise is no such case: its textures span 0.6.
"""


@dataclass(frozen=True)
class MatteTensor:
    """What a segmentation network said, at its own size.

    Attributes:
        alpha: (h, w) float32, 0-1.
        confidence: range of the raw mask before min-max normalisation, 0-1 (for class networks the winner's mean
            probability).
        foreground: False where the network saw no subject; the alpha is 0 then.
        classes: (h, w) uint8 indices into the contract's labels, for class networks.
        scores: (labels, h, w) float32 that they are the largest of, where the network gives scores.
    """

    alpha: NDArray[np.float32]
    confidence: float
    foreground: bool
    classes: NDArray[np.uint8] | None = None
    scores: NDArray[np.float32] | None = None


def tensor_from(rgb: Pixels, contract: Contract) -> Tensor:
    """Resize an image to the contract's size and normalise it.

    Args:
        rgb: (H, W, 3) RGB, uint8 or uint16.
        contract: of a network with a fixed input size.

    Returns:
        (1, 3, height, width) float32, contiguous.
    """
    wanted = contract.input
    if wanted.height is None or wanted.width is None:
        raise ModelError("this network takes any size; only one with a fixed input size can be fed a resized image")
    return normalise(resize_pixels(rgb, wanted.height, wanted.width, wanted.resize), contract)


def normalise(pixels: NDArray[np.float32], contract: Contract) -> Tensor:
    """Apply `(x / divide_by - mean) / std` and the colour order.

    Args:
        pixels: (h, w, 3) RGB float32, values 0-255.
        contract: whose input is prepared.

    Returns:
        (1, 3, h, w) float32, contiguous.
    """
    wanted = contract.input
    # The floor keeps an all-black image at 0 instead of 0 / 0.
    divisor = max(float(pixels.max()), 1e-6) if wanted.divide_by == "image_max" else wanted.divide_by
    order = (0, 1, 2) if wanted.colour_order == "RGB" else (2, 1, 0)
    tensor = np.empty((1, 3, *pixels.shape[:2]), np.float32)
    for channel, source in enumerate(order):
        factor = np.float32(1 / (divisor * wanted.std[channel]))
        np.multiply(pixels[:, :, source], factor, out=tensor[0, channel])
        tensor[0, channel] -= np.float32(wanted.mean[channel] / wanted.std[channel])
    return tensor


def matte_from(output: Tensor, contract: Contract) -> MatteTensor:
    """Read a segmentation network's output (1, C, h, w).

    Raises:
        ModelError: the output does not have the shape that the contract promises, or holds values that are not finite.
    """
    wanted = contract.output
    channels = len(wanted.labels) if wanted.kind == "classes" else 1
    if output.ndim != 4 or output.shape[:2] != (1, channels):
        raise ModelError(f"the network's output has shape {output.shape}, its contract promises (1, {channels}, h, w)")
    if not np.isfinite(output).all():
        raise ModelError("the network's output holds values that are not finite; check its weights and its precision")
    if wanted.kind == "classes":
        return _classes_from(output[0])
    return _alpha_from(output[0, 0], wanted)


def pixels_from(output: Tensor, contract: Contract, dtype: type[np.uint8] | type[np.uint16]) -> Pixels:
    """Turn a super-resolution output (1, 3, h, w) into pixels (h, w, 3) RGB of `dtype`, clipped and rounded."""
    full = np.float32(np.iinfo(dtype).max)
    pixels = cv2.merge(list(output[0]))
    pixels *= full / np.float32(contract.output.value_max)
    if contract.input.colour_order == "BGR":
        pixels = pixels[:, :, ::-1]
    np.clip(pixels, 0, full, out=pixels)
    return np.rint(pixels, out=pixels).astype(dtype)


def _alpha_from(raw: NDArray[np.float32], wanted: OutputContract) -> MatteTensor:
    if wanted.activation == "sigmoid":
        raw = (1 / (1 + np.exp(-np.clip(raw, -60, 60)))).astype(np.float32)
    if wanted.invert:
        raw = 1 - raw
    low, high = float(raw.min()), float(raw.max())
    spread = high - low
    if not wanted.min_max or spread < LEAST_SPREAD:
        # Stretching a range this small would turn noise into a full mask: the values stay as they are, and where even
        # the largest says background, nothing of them is shown.
        foreground = high >= 0.5
        return MatteTensor(np.clip(raw, 0, 1) if foreground else np.zeros_like(raw), spread, foreground)
    return MatteTensor((raw - np.float32(low)) / np.float32(spread), spread, foreground=True)


def _classes_from(scores: NDArray[np.float32]) -> MatteTensor:
    classes = scores.argmax(0).astype(np.uint8)
    alpha = (classes > 0).astype(np.float32)
    # The winner's softmax probability, averaged over the image.
    winner = 1 / np.exp(scores - scores.max(0)).sum(0)
    return MatteTensor(alpha, float(winner.mean()), bool(alpha.any()), classes, scores)


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


def classes_at(result: MatteTensor, height: int, width: int) -> NDArray[np.uint8]:
    """Return a class network's numbers at an image's size, (height, width) uint8.

    Scores are enlarged by linear interpolation and the largest wins, as the field's evaluation code does; of a network
    that gives numbers alone, the nearest one is taken.

    Raises:
        ModelError: the network tells no classes apart.
    """
    if result.classes is None:
        raise ModelError("the network tells no classes apart")
    if result.scores is None:
        return cv2.resize(result.classes, (width, height), interpolation=cv2.INTER_NEAREST_EXACT).astype(np.uint8)
    best = np.full((height, width), -np.inf, dtype=np.float32)
    numbers = np.zeros((height, width), dtype=np.uint8)
    for number, plane in enumerate(result.scores):
        scores = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
        wins = scores > best
        numbers[wins] = number
        np.maximum(best, scores, out=best)
    return numbers


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

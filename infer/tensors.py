"""Images to tensors and back, as a contract says."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import Contract, ModelError, OutputContract
from ..images import Pixels
from .resize import resize_pixels
from .runtimes.base import Tensor

__all__ = ["LEAST_SPREAD", "MatteTensor", "matte_from", "normalise", "pixels_from", "tensor_from"]

LEAST_SPREAD = 0.25
"""Smallest range of a raw mask that min-max normalisation stretches to 0-1.

An image with a subject spans nearly all of it, and U2NETP stays below 0.05 on flat ones; below this limit there is
nothing but noise, or one even value. White noise is no such case: its textures span 0.6.
"""


@dataclass(frozen=True)
class MatteTensor:
    """What a segmentation network said, at its own size.

    alpha: (h, w) float32, 0-1. confidence: range of the raw mask before min-max normalisation, 0-1
    (for class networks the winner's mean probability). foreground: False
    where the network saw no subject; the alpha is 0 then. classes: (h, w) uint8 indices into the contract's labels, for
    class networks.
    """

    alpha: NDArray[np.float32]
    confidence: float
    foreground: bool
    classes: NDArray[np.uint8] | None = None


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
    return MatteTensor(alpha, float(winner.mean()), bool(alpha.any()), classes)

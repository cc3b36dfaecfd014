"""What networks answer, read as a contract says: mattes, class numbers, pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import Contract, ModelError, OutputContract
from ..images import Pixels
from .runtimes.base import Tensor
from .tensors import LUMA, luma_of

__all__ = ["LEAST_SPREAD", "MatteTensor", "activated", "classes_at", "matte_from", "pixels_from"]

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


def matte_from(output: Tensor, contract: Contract) -> MatteTensor:
    """Read a segmentation network's output (1, C, h, w).

    Raises:
        ModelError: the output does not have the shape that the contract promises, or holds values that are not finite,
            or numbers that are no class.
    """
    wanted = contract.output
    channels = len(wanted.labels) if wanted.kind == "classes" and not wanted.indices else 1
    right = output.ndim == 4 and output.shape[0] == 1
    if wanted.kind == "alpha" and wanted.channel is not None:
        right = right and output.shape[1] > wanted.channel
        channels = wanted.channel + 1
    elif right:
        right = output.shape[1] == channels
    if not right:
        least = " or more" if wanted.channel is not None else ""
        raise ModelError(
            f"the network's output has shape {output.shape}, its contract promises (1, {channels}{least}, h, w)"
        )
    if not np.isfinite(output).all():
        raise ModelError("the network's output holds values that are not finite; check its weights and its precision")
    if wanted.kind == "classes":
        return _numbers_from(output[0, 0], wanted) if wanted.indices else _classes_from(output[0], wanted)
    return _alpha_from(_subject(output[0], wanted), wanted)


def _subject(output: NDArray[np.float32], wanted: OutputContract) -> NDArray[np.float32]:
    """Return the channel that is the subject, (h, w), activated."""
    number = wanted.channel or 0
    # Of a softmax each channel counts, of a sigmoid its own alone.
    whole = output if wanted.activation == "softmax" else output[number : number + 1]
    return activated(whole[None], wanted)[0, number if wanted.activation == "softmax" else 0]


def activated(output: Tensor, wanted: OutputContract) -> Tensor:
    """Return an output (N, C, h, w) as its contract activates it; scores of classes as probabilities, if they are none.

    Class numbers and images stay as they are.
    """
    if wanted.kind == "image" or wanted.indices:
        return output
    if wanted.activation == "sigmoid":
        return (1 / (1 + np.exp(-np.clip(output, -60, 60)))).astype(np.float32)
    if wanted.activation == "softmax" or (wanted.kind == "classes" and not _are_shares(output)):
        powers = np.exp(output - output.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)
    return output


def _are_shares(scores: Tensor) -> bool:
    return bool(scores.min() >= 0 and np.allclose(scores.sum(1), 1, atol=1e-3))


def pixels_from(
    output: Tensor,
    contract: Contract,
    dtype: type[np.uint8] | type[np.uint16],
    source: NDArray[np.float32] | None = None,
) -> Pixels:
    """Turn a super-resolution output (1, C, h, w) into pixels (h, w, 3) RGB of `dtype`, clipped and rounded.

    Args:
        output: of the network.
        contract: of the network.
        dtype: of the result.
        source: the image that was enlarged, (h', w', 3) RGB float32, 0-255, whose colour, enlarged by bicubic
            interpolation, a network of luma alone gets; grey where None.
    """
    full = np.float32(np.iinfo(dtype).max)
    planes = list(output[0])
    if contract.input.colour_order == "Y":
        planes = _coloured(planes[0] * np.float32(255 / contract.output.value_max), contract, source)
        pixels = cv2.merge(planes) * (full / np.float32(255))
    else:
        pixels = cv2.merge(planes)
        pixels *= full / np.float32(contract.output.value_max)
    if contract.input.colour_order == "BGR":
        pixels = pixels[:, :, ::-1]
    np.clip(pixels, 0, full, out=pixels)
    return np.rint(pixels, out=pixels).astype(dtype)


def _alpha_from(raw: NDArray[np.float32], wanted: OutputContract) -> MatteTensor:
    if wanted.value_max != 1:
        raw = raw / np.float32(wanted.value_max)
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


def _classes_from(scores: NDArray[np.float32], wanted: OutputContract) -> MatteTensor:
    classes = scores.argmax(0).astype(np.uint8)
    alpha = (classes > 0).astype(np.float32)
    # The winner's probability, averaged over the image.
    winner = activated(scores[None], wanted)[0].max(0)
    return MatteTensor(alpha, float(winner.mean()), bool(alpha.any()), classes, scores)


def _numbers_from(numbers: NDArray[np.float32], wanted: OutputContract) -> MatteTensor:
    rounded = np.rint(numbers)
    last = len(wanted.labels) - 1
    if np.abs(rounded - numbers).max() > 1e-3 or rounded.min() < 0 or rounded.max() > last:
        raise ModelError(
            f"the network's output has values from {numbers.min():g} to {numbers.max():g}, which are no class numbers "
            f"of 0 to {last}; check the contract's indices and labels"
        )
    classes = rounded.astype(np.uint8)
    return MatteTensor((classes > 0).astype(np.float32), 1.0, bool(classes.any()), classes)


def _coloured(
    luma: NDArray[np.float32], contract: Contract, source: NDArray[np.float32] | None
) -> list[NDArray[np.float32]]:
    """Return red, green and blue, 0-255, of an enlarged luma and the small image's colour."""
    if contract.input.luma == "studio":
        luma = (luma - np.float32(16)) * np.float32(255 / 219)
    if source is None:
        return [luma, luma, luma]
    own = luma_of(source)
    size = (luma.shape[1], luma.shape[0])
    red, blue = (
        np.asarray(cv2.resize(source[:, :, channel] - own, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)
        for channel in (0, 2)
    )
    # Luma is the weighted sum of the three, so that the differences' weighted sum is 0.
    shares = LUMA[0]
    green = -(shares[0] * red + shares[2] * blue) / shares[1]
    return [luma + red, luma + green, luma + blue]


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

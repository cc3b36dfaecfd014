"""From an image's pixels to what a network takes, as operators of a graph; the same as `infer` does with arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from openvino import opset1, opset13 as ops

from ...core import InputContract
from .resample import Number, constant, one, quotient, resize

if TYPE_CHECKING:
    from openvino import Node

__all__ = ["ImagePlace", "Sides", "as_stored", "fed", "luma_of", "padded", "placed", "rounded"]

_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


@dataclass(frozen=True)
class Sides:
    """A height and a width that are known when the graph runs: int64, of one element each."""

    height: Node
    width: Node


@dataclass(frozen=True)
class ImagePlace:
    """How an image lies in what a segmentation network sees.

    Attributes:
        whole: the size of the network's input.
        inner: the image's size there.
        top: where the image begins; None where it is all that there is.
        left: the same.
    """

    whole: Sides
    inner: Sides
    top: Node | None = None
    left: Node | None = None


def placed(sides: Sides, wanted: InputContract) -> ImagePlace:
    """Return how an image lies in what the network sees."""
    if wanted.height is None or wanted.width is None:
        whole = _free(sides, wanted)
        return ImagePlace(whole, whole)
    whole = Sides(one(wanted.height), one(wanted.width))
    if wanted.aspect == "stretch":
        return ImagePlace(whole, whole)
    # The smaller of the two ratios, as whole numbers: what the other side gives is no less than the network's.
    tall = rounded(ops.multiply(sides.height, one(wanted.width)), sides.width)
    wide = rounded(ops.multiply(sides.width, one(wanted.height)), sides.height)
    inner = Sides(
        ops.minimum(ops.maximum(tall, one(1)), whole.height), ops.minimum(ops.maximum(wide, one(1)), whole.width)
    )
    top, left = (
        ops.divide(ops.subtract(side, part), one(2))
        for side, part in ((whole.height, inner.height), (whole.width, inner.width))
    )
    return ImagePlace(whole, inner, top, left)


def _free(sides: Sides, wanted: InputContract) -> Sides:
    """Return the image's own size, or one whose shorter side is given, in the nearest multiples."""
    lengths, divisor = (sides.height, sides.width), one(wanted.multiple)
    if wanted.short_side is not None:
        divisor = ops.multiply(ops.minimum(sides.height, sides.width), divisor)
        lengths = tuple(ops.multiply(length, one(wanted.short_side)) for length in lengths)
    least = max(-(-wanted.min_side // wanted.multiple), 1)
    tall, wide = (
        ops.multiply(ops.maximum(rounded(length, divisor), one(least)), one(wanted.multiple)) for length in lengths
    )
    return Sides(tall, wide)


def rounded(dividend: Node, divisor: Node) -> Node:
    """Divide whole numbers, and round to the nearest; halves go to the even one, as Python's `round` does."""
    twice = ops.multiply(divisor, one(2))
    raised = ops.add(ops.multiply(dividend, one(2)), divisor)
    up = ops.divide(raised, twice)
    is_half = ops.equal(ops.mod(raised, twice), one(0))
    is_odd = ops.equal(ops.mod(up, one(2)), one(1))
    return ops.subtract(up, ops.convert(ops.logical_and(is_half, is_odd), "i64"))


def fed(planes: Node, place: ImagePlace, wanted: InputContract, number: Number, colour_order: str) -> Node:
    """Resize an image to its place, take the network's channels, normalise them, and fill what lies around.

    Args:
        planes: (1, 3, H, W) float32, 0-255.
        place: as `placed` says.
        wanted: the network's input.
        number: makes numbers.
        colour_order: of the planes.

    Returns:
        (1, C, h, w) float32.
    """
    pixels = resize(planes, place.inner.height, place.inner.width, wanted.resize)
    levels, divisor = _channels(pixels, wanted, colour_order), _divisor(pixels, wanted)
    if place.top is None or place.left is None:
        return _normalised(levels, wanted, divisor, number)
    bottom = ops.subtract(ops.subtract(place.whole.height, place.inner.height), place.top)
    right = ops.subtract(ops.subtract(place.whole.width, place.inner.width), place.left)
    starts = ops.concat([constant([0, 0]), place.top, place.left], 0)
    ends = ops.concat([constant([0, 0]), bottom, right], 0)
    blank = ops.broadcast(constant([0.0]), ops.concat([constant([1, 1]), place.inner.height, place.inner.width], 0))
    around = opset1.pad(blank, starts, ends, "constant", constant(1.0))
    fill = np.array(wanted.per_channel(wanted.pad_value), np.float32).reshape(1, wanted.channels, 1, 1)
    levels = opset1.pad(levels, starts, ends, "constant", constant(0.0))
    levels = ops.add(levels, ops.multiply(around, ops.constant(fill)))
    return _normalised(levels, wanted, divisor, number)


def padded(planes: Node, sides: Sides, wanted: InputContract, number: Number, colour_order: str) -> tuple[Node, Node]:
    """Repeat an image's lower and right border up to what a super-resolution network takes, and normalise.

    Returns:
        The planes (1, 3, h, w) float32, 0-255, and what the network takes of them, (1, C, h, w) float32.
    """
    if wanted.multiple > 1 or wanted.min_side > 1:
        missing = [ops.subtract(_rounded_up(length, wanted), length) for length in (sides.height, sides.width)]
        ends = ops.concat([ops.constant(np.array([0, 0], dtype=np.int64)), *missing], 0)
        # The value, which no edge needs, is given: OpenVINO would add one when it writes the graph, named from a
        # counter.
        planes = opset1.pad(planes, ops.constant(np.zeros(4, dtype=np.int64)), ends, "edge", constant(0.0))
    levels = _channels(planes, wanted, colour_order)
    return planes, _normalised(levels, wanted, _divisor(planes, wanted), number)


def _rounded_up(length: Node, wanted: InputContract) -> Node:
    enough = ops.maximum(length, one(wanted.min_side))
    steps = ops.divide(ops.add(enough, one(wanted.multiple - 1)), one(wanted.multiple))
    return ops.multiply(steps, one(wanted.multiple))


def _channels(pixels: Node, wanted: InputContract, colour_order: str) -> Node:
    """Return the network's channels, (1, C, h, w), of pixels (1, 3, h, w) in a colour order, 0-255."""
    if wanted.colour_order == "Y":
        return luma_of(pixels, wanted, colour_order)
    if wanted.colour_order[:3] != colour_order:
        pixels = ops.gather(pixels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    if wanted.channels == 3:
        return pixels
    # A packaged graph takes images without an alpha, which are opaque.
    first = ops.gather(pixels, ops.constant(np.array([0])), ops.constant(np.int64(1)))
    return ops.concat([pixels, ops.add(ops.multiply(first, constant([0.0])), constant([255.0]))], 1)


def luma_of(pixels: Node, wanted: InputContract, colour_order: str) -> Node:
    """Return the luma of pixels as a network takes it, (1, 1, h, w)."""
    shares = np.array(_LUMA if colour_order == "RGB" else _LUMA[::-1], np.float32).reshape(1, 3, 1, 1)
    luma = ops.reduce_sum(ops.multiply(pixels, ops.constant(shares)), one(1), keep_dims=True)
    if wanted.luma == "studio":
        luma = ops.add(ops.multiply(luma, constant([219 / 255])), constant([16.0]))
    return luma


def _divisor(pixels: Node, wanted: InputContract) -> Node | None:
    """Return the largest value of an image's pixels, where it is divided by that."""
    if wanted.divide_by != "image_max":
        return None
    largest = ops.reduce_max(pixels, ops.constant(np.array([1, 2, 3])), keep_dims=True)
    return ops.maximum(largest, constant(1e-6))


def _normalised(levels: Node, wanted: InputContract, divisor: Node | None, number: Number) -> Node:
    shape = (1, wanted.channels, 1, 1)
    std = np.array(wanted.per_channel(wanted.std), dtype=np.float32).reshape(shape)
    shift = np.array(wanted.per_channel(wanted.mean), dtype=np.float32).reshape(shape) / std
    if divisor is not None:
        scaled = quotient(levels, ops.multiply(divisor, ops.constant(std)), number)
    else:
        scaled = ops.multiply(levels, ops.constant(1 / (np.float32(wanted.divide_by) * std)))
    return ops.add(scaled, ops.constant(-shift))


def as_stored(tensor: Node, wanted: InputContract) -> Node:
    """Return a tensor (1, C, h, w) float32 in the type and layout that the network takes."""
    if wanted.dtype == "u8":
        tensor = ops.convert(ops.clamp(ops.round(tensor, "half_to_even"), 0.0, 255.0), "u8")
    elif wanted.dtype == "f16":
        tensor = ops.convert(tensor, "f16")
    return ops.transpose(tensor, constant([0, 2, 3, 1])) if wanted.layout == "NHWC" else tensor

"""From an image's pixels to what a network takes, as operators of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from openvino import opset1, opset13 as ops

from ...core import Contract, InputContract
from .resample import Number, constant, one, quotient, resize

if TYPE_CHECKING:
    from openvino import Node

__all__ = ["Place", "Sides", "as_stored", "in_channels", "normalised", "on_canvas", "padded"]

_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


@dataclass(frozen=True)
class Sides:
    """A height and a width that are known when the graph runs: int64, of one element each."""

    height: Node
    width: Node


@dataclass(frozen=True)
class Place:
    """Where an image lies in what the network takes: its first row and column there, and its size."""

    top: Node
    left: Node
    sides: Sides


def in_channels(pixels: Node, wanted: InputContract, colour_order: str) -> Node:
    """Return the network's channels, (1, C, h, w) float32 of 0-255, of pixels (1, 3, h, w) in a colour order."""
    order = wanted.colour_order
    if order == "Y":
        shares = np.array(_LUMA if colour_order == "RGB" else _LUMA[::-1], np.float32).reshape(1, 3, 1, 1)
        luma = ops.reduce_sum(ops.multiply(pixels, ops.constant(shares)), ops.constant(np.array([1])), keep_dims=True)
        if wanted.luma == "studio":
            luma = ops.add(ops.multiply(luma, constant([219 / 255])), constant([16.0]))
        return luma
    if order[:3] != colour_order:
        pixels = ops.gather(pixels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    if wanted.channels == 4:
        # A packaged graph takes images without an alpha, which are opaque.
        first = ops.gather(pixels, ops.constant(np.array([0])), ops.constant(np.int64(1)))
        opaque = ops.add(ops.multiply(first, constant([0.0])), constant([255.0]))
        pixels = ops.concat([pixels, opaque], 1)
    return pixels


def normalised(levels: Node, wanted: InputContract, number: Number) -> Node:
    """Return `(x / divide_by - mean) / std` of levels (1, C, h, w)."""
    shape = (1, wanted.channels, 1, 1)
    std = np.array(wanted.per_channel(wanted.std), dtype=np.float32).reshape(shape)
    shift = np.array(wanted.per_channel(wanted.mean), dtype=np.float32).reshape(shape) / std
    if wanted.divide_by == "image_max":
        largest = ops.reduce_max(levels, ops.constant(np.array([1, 2, 3])), keep_dims=True)
        scaled = quotient(levels, ops.multiply(ops.maximum(largest, constant(1e-6)), ops.constant(std)), number)
    else:
        scaled = ops.multiply(levels, ops.constant(1 / (np.float32(wanted.divide_by) * std)))
    return ops.add(scaled, ops.constant(-shift))


def on_canvas(levels: Node, sides: Sides, wanted: InputContract) -> tuple[Node, Place | None]:
    """Resize an image to what a segmentation network takes, and say where it lies in that; None where all of it.

    Args:
        levels: (1, C, H, W) float32, 0-255.
        sides: H and W.
        wanted: the network's input.
    """
    if wanted.height is None or wanted.width is None:
        rows, columns = _free(sides, wanted)
        return resize(levels, rows, columns, wanted.resize), None
    if wanted.aspect == "stretch":
        return resize(levels, one(wanted.height), one(wanted.width), wanted.resize), None
    inner = _inside(sides, wanted.height, wanted.width)
    top, left = (
        ops.divide(ops.subtract(one(whole), length), one(2))
        for whole, length in ((wanted.height, inner.height), (wanted.width, inner.width))
    )
    bottom = ops.subtract(ops.subtract(one(wanted.height), inner.height), top)
    right = ops.subtract(ops.subtract(one(wanted.width), inner.width), left)
    starts = ops.concat([constant([0, 0]), top, left], 0)
    ends = ops.concat([constant([0, 0]), bottom, right], 0)
    small = opset1.pad(
        resize(levels, inner.height, inner.width, wanted.resize), starts, ends, "constant", constant(0.0)
    )
    blank = ops.broadcast(constant([0.0]), ops.concat([constant([1, 1]), inner.height, inner.width], 0))
    around = opset1.pad(blank, starts, ends, "constant", constant(1.0))
    fill = np.array(wanted.per_channel(wanted.pad_value), np.float32).reshape(1, wanted.channels, 1, 1)
    return ops.add(small, ops.multiply(around, ops.constant(fill))), Place(top, left, inner)


def _free(sides: Sides, wanted: InputContract) -> tuple[Node, Node]:
    """Return the image's own size, or one whose shorter side is given, in multiples that the network takes."""
    lengths = (sides.height, sides.width)
    if wanted.short_side is not None:
        shorter = ops.minimum(*lengths)
        twice = ops.multiply(shorter, one(2))
        lengths = tuple(
            ops.divide(ops.add(ops.multiply(length, one(2 * wanted.short_side)), shorter), twice) for length in lengths
        )
    rows, columns = (_rounded_up(length, wanted) for length in lengths)
    return rows, columns


def _inside(sides: Sides, height: int, width: int) -> Sides:
    """Return the largest size of an image's proportions that fits."""

    def other(length: Node, whole: Node, least: int) -> Node:
        # length * least / whole, rounded.
        twice = ops.multiply(whole, one(2))
        return ops.divide(ops.add(ops.multiply(ops.multiply(length, one(least)), one(2)), whole), twice)

    rows = ops.minimum(ops.maximum(other(sides.height, sides.width, width), one(1)), one(height))
    columns = ops.minimum(ops.maximum(other(sides.width, sides.height, height), one(1)), one(width))
    return Sides(rows, columns)


def padded(planes: Node, sides: Sides, contract: Contract) -> Node:
    """Repeat the lower and right border of an image up to what a super-resolution network takes."""
    wanted = contract.input
    if wanted.height is None and wanted.multiple == wanted.min_side == 1:
        return planes
    missing = [ops.subtract(_rounded_up(length, wanted), length) for length in (sides.height, sides.width)]
    ends = ops.concat([ops.constant(np.array([0, 0], dtype=np.int64)), *missing], 0)
    # The value, which no edge needs, is given: OpenVINO would add one when it writes the graph, named from a counter.
    return opset1.pad(planes, ops.constant(np.zeros(4, dtype=np.int64)), ends, "edge", constant(0.0))


def _rounded_up(length: Node, wanted: InputContract) -> Node:
    enough = ops.maximum(length, one(wanted.min_side))
    steps = ops.divide(ops.add(enough, one(wanted.multiple - 1)), one(wanted.multiple))
    return ops.multiply(steps, one(wanted.multiple))


def as_stored(tensor: Node, wanted: InputContract) -> Node:
    """Return a tensor (1, C, h, w) float32 in the type and layout that the network takes."""
    if wanted.dtype == "u8":
        tensor = ops.convert(ops.clamp(ops.round(tensor, "half_to_even"), 0.0, 255.0), "u8")
    elif wanted.dtype == "f16":
        tensor = ops.convert(tensor, "f16")
    return ops.transpose(tensor, constant([0, 2, 3, 1])) if wanted.layout == "NHWC" else tensor

"""Cutting an image into overlapping tiles, and how large they may be."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import Contract, InputError, least_tile
from .runtimes import LoadedModel

if TYPE_CHECKING:
    import openvino

__all__ = ["Span", "activation_bytes", "is_out_of_memory", "ramp_of", "side_within", "spans"]

RAMP = 8
"""Pixels over which neighbouring tiles are blended, where both know their surroundings as far as the halo reaches."""

# What runtimes and drivers say; none of them has a code for it.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "out of memory",
    "out_of_memory",
    "not enough memory",
    "cannot allocate memory",
    "failed to allocate",
    "cl_out_of_resources",
    "cl_mem_object_allocation_failure",
    "exceeded max size of memory object",
)


class Span(NamedTuple):
    """One tile along one side, in pixels: it is computed from `start` to `stop`, and `first` to `last` of it are kept.

    ramp: of the kept pixels, so many at the beginning are blended into what the tile before has there.
    """

    start: int
    stop: int
    first: int
    last: int
    ramp: int


def spans(length: int, window: int, contract: Contract) -> list[Span]:
    """Cut a side into tiles of one length, which start on the network's grid.

    Args:
        length: of the side, in pixels.
        window: the longest tile, 0 for no limit.
        contract: whose halo and grid are kept to.
    """
    side = min(length, window) if window else length
    if side == length:
        return [Span(0, length, 0, length, 0)]
    step = contract.step
    # Every tile starts on the network's grid: the side is shortened until the last one does too.
    side -= (side - length) % step
    inside = side - 2 * contract.halo
    ramp = max(0, min(RAMP, inside - 2 * step))
    count = -(-(length - side) // ((inside - ramp) // step * step)) + 1
    starts = [index * (length - side) // (count - 1) // step * step for index in range(count)]
    # Neighbours meet in the middle of their overlap, where both are furthest from their borders.
    cuts = [(after + before + side) // 2 - ramp // 2 for before, after in pairwise(starts)]
    firsts, lasts = [0, *cuts], [*(cut + ramp for cut in cuts), length]
    return [
        Span(start, start + side, first, last, ramp if index else 0)
        for index, (start, first, last) in enumerate(zip(starts, firsts, lasts, strict=True))
    ]


def ramp_of(span: Span, scale: int) -> NDArray[np.float32]:
    """Return the weights, 0-1, of a tile's kept pixels along one side of the enlarged image."""
    weights = np.ones((span.last - span.first) * scale, np.float32)
    count = span.ramp * scale
    weights[:count] = (np.arange(count, dtype=np.float32) + np.float32(0.5)) / np.float32(max(count, 1))
    return weights


def side_within(model: LoadedModel, memory: int) -> int:
    """Return the side of the largest square tile that a network computes in so many bytes.

    Raises:
        InputError: not even the smallest tile does.
        ModelError: the model's file is neither an IR nor an ONNX file, so that nothing is known of its layers.
    """
    contract = model.contract
    step = contract.step
    least = -(-least_tile(contract) // step) * step
    # Nearly all of it grows with the area.
    sample = max(256 // step * step, least)
    side = int(sample * math.sqrt(memory / activation_bytes(model.path, sample))) // step * step
    while side > least and activation_bytes(model.path, side) > memory:
        side -= step
    if side < least:
        needed = activation_bytes(model.path, least)
        raise InputError(
            f"{model.path}: even tiles of {least} pixels need about {needed / 2**20:.0f} MiB, more than the "
            f"{memory / 2**20:.0f} MiB that were allowed; allow more, or take a smaller model"
        )
    return side


@cache
def activation_bytes(path: Path, side: int) -> int:
    """Estimate the memory that a network's values take on a square tile: at most so many bytes at any one moment.

    Every layer's output is held, in 4 bytes a value, until the last layer that reads it has run; the weights, which
    don't grow with the tile, are not counted.
    """
    from .runtimes.reading import read_model

    model = read_model(path)
    model.reshape([1, 3, side, side])
    layers = model.get_ordered_ops()
    place = {layer.get_friendly_name(): number for number, layer in enumerate(layers)}
    held = largest = 0
    freed: dict[int, int] = {}
    for number, layer in enumerate(layers):
        for value in layer.outputs() if layer.get_type_name() != "Constant" else ():
            size = 4 * _count(value)
            held += size
            last = max((place[to.get_node().get_friendly_name()] for to in value.get_target_inputs()), default=number)
            freed[last] = freed.get(last, 0) + size
        largest = max(largest, held)
        held -= freed.pop(number, 0)
    # The output is copied out of the device, put in the order of pixels, and rounded.
    return largest + 3 * 4 * _count(model.outputs[0])


def _count(value: openvino.Output) -> int:
    shape = value.get_partial_shape()
    return math.prod(shape.to_shape()) if shape.is_static else 0


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, or one that it came from, says that memory ran out."""
    current: BaseException | None = error
    while current is not None:
        text = str(current).lower()
        if isinstance(current, MemoryError) or any(words in text for words in _OUT_OF_MEMORY):
            return True
        current = current.__cause__ or current.__context__
    return False

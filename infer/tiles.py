"""Cutting an image into overlapping tiles: how large they may be, and what aligns coarse maps in them.

RFDN and RLFN look at a coarse view of the image, on a grid of `tile_step` pixels, and enlarge it bilinearly to the
image's size. The grid doesn't quite reach the border, so the enlargement stretches it by a factor that depends on
the size: in a tile it lies elsewhere than in the whole image, and seams show that no overlap removes. Here the
enlargement takes its weights as inputs, and a tile is given those that the whole image has at its place.
"""

from __future__ import annotations

import math
import os
import threading
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import Arithmetic, Contract, DeviceError, InputError, least_tile
from .runtimes import LoadedModel, RuntimeSettings, Tensor
from .runtimes.compiled import compile_model
from .runtimes.forking import Native, require_same_process

if TYPE_CHECKING:
    import openvino

__all__ = [
    "AlignedTiles",
    "Span",
    "TilePlace",
    "activation_bytes",
    "aligned_tiles",
    "ramp_of",
    "side_within",
    "spans",
]

RAMP = 8
"""Pixels over which neighbouring tiles are blended, where both know their surroundings as far as the halo reaches."""


class Span(NamedTuple):
    """One tile along one side, in pixels.

    Attributes:
        start: where it begins to be computed.
        stop: where that ends.
        first: where what is kept of it begins.
        last: where that ends.
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
    from .runtimes.model_file import read_model

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


class TilePlace(NamedTuple):
    """Where a tile starts in its image, and how large that is, in pixels.

    Attributes:
        top: of the tile.
        left: of the tile.
        height: of the image.
        width: of the image.
    """

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class _Opened:
    """The compiled network, its one request, and whose turn it is."""

    compiled: openvino.CompiledModel
    request: openvino.InferRequest
    turn: threading.Lock


class AlignedTiles:
    """A network that computes tiles as parts of a larger image.

    Args:
        model: the network, not changed.
        enlargements: the names of its layers that enlarge a coarse map to the input's size.
        step: pixels of the grid of those maps.
        device: an OpenVINO device.
        arithmetic: what it computes in.

    Raises:
        DeviceError: the device refused the network.
    """

    def __init__(
        self, model: openvino.Model, enlargements: frozenset[str], step: int, device: str, arithmetic: Arithmetic
    ) -> None:
        import openvino
        from openvino import opset13

        self._step = step
        self._device = device
        self._sizes = model.clone()
        self._enlargement = min(enlargements)
        self._counts: dict[int, int] = {}
        changed = model.clone()
        rows, columns = (opset13.parameter([-1, -1], np.float32) for _ in range(2))
        for layer in changed.get_ordered_ops():
            if layer.get_friendly_name() in enlargements:
                coarse = opset13.matmul(rows, layer.input_value(0), False, False)
                layer.output(0).replace(opset13.matmul(coarse, columns, False, False).output(0))
        # The stubs do not know that the class is a subclass of the one that they describe.
        whole = openvino.Model(changed.get_results(), [*changed.get_parameters(), rows, columns])  # pyright: ignore[reportGeneralTypeIssues]
        settings, process = RuntimeSettings(device, arithmetic), os.getpid()

        def opens() -> _Opened:
            if device != "CPU":
                require_same_process(process, f"{device}: the model opened for it")
            compiled = compile_model(whole, settings)
            return _Opened(compiled, compiled.create_infer_request(), threading.Lock())

        self._native = Native(opens)

    def run(self, tensor: Tensor, place: TilePlace) -> Tensor:
        """Execute the network on a tile (1, 3, h, w) float32 and return its output, as a part of the whole image's.

        Raises:
            DeviceError: the device failed.
        """
        height, width = tensor.shape[2:]
        with self._native.use() as opened, opened.turn:
            rows = self._weights(place.top, height, place.height)
            columns = np.ascontiguousarray(self._weights(place.left, width, place.width).T)
            try:
                result = opened.request.infer([tensor, rows, columns])
            except RuntimeError as error:
                raise DeviceError(f"{self._device}: the inference of a tile failed") from error
            return np.array(result[opened.compiled.outputs[0]], dtype=np.float32)

    def _weights(self, start: int, length: int, whole: int) -> NDArray[np.float32]:
        """Return how each pixel of a side mixes the coarse map's, (length, pixels of the tile's coarse map)."""
        many, few = self._coarse(whole), self._coarse(length)
        # Bilinear at half-pixel centres over the whole side, then counted from where the tile's own map starts.
        centre = np.clip((np.arange(start, start + length) + 0.5) * (many / whole) - 0.5, 0, many - 1)
        position = np.clip(centre - start / self._step, 0, few - 1)
        first = np.floor(position).astype(np.intp)
        share = (position - first).astype(np.float32)
        weights = np.zeros((length, few), np.float32)
        pixels = np.arange(length)
        weights[pixels, first] = 1 - share
        weights[pixels, np.minimum(first + 1, few - 1)] += share
        return weights

    def _coarse(self, length: int) -> int:
        """Return the side of the coarse map for a side of the input."""
        if length not in self._counts:
            self._sizes.reshape([1, 3, length, length])
            layer = next(
                layer for layer in self._sizes.get_ordered_ops() if layer.get_friendly_name() == self._enlargement
            )
            self._counts[length] = int(layer.input_value(0).get_shape()[2])
        return self._counts[length]


def aligned_tiles(model: LoadedModel) -> AlignedTiles | None:
    """Return what computes a model's tiles; None where tiles need no alignment, or another runtime executes it.

    Raises:
        DeviceError: the device refused the network.
    """
    contract = model.contract
    if contract.tile_step == 1 or contract.input.height is not None:
        return None
    how = model.runtime.info
    if how.runtime != "openvino":
        return None
    from .runtimes.model_file import read_model

    network = read_model(model.path)
    names = frozenset(
        layer.get_friendly_name()
        for layer in network.get_ordered_ops()
        if layer.get_type_name() == "Interpolate" and layer.get_attributes()["mode"] in {"linear", "linear_onnx"}
    )
    if not names:
        return None
    return AlignedTiles(network, names, contract.tile_step, how.device, how.arithmetic or "device")

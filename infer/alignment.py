"""Tiles for networks with spatial attention, whose coarse maps are stretched over whatever image they are given.

RFDN and RLFN look at a coarse view of the image, on a grid of `tile_step` pixels, and enlarge it bilinearly to the
image's size. The grid doesn't quite reach the border, so the enlargement stretches it by a factor that depends on
the size: in a tile it lies elsewhere than in the whole image, and seams show that no overlap removes. Here the
enlargement takes its weights as inputs, and a tile is given those that the whole image has at its place.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import Arithmetic, DeviceError
from .runtimes import LoadedModel, RuntimeSettings, Tensor
from .runtimes.compiled import compile_model
from .runtimes.forking import Native, require_same_process

if TYPE_CHECKING:
    import openvino

__all__ = ["AlignedTiles", "Place", "aligned_tiles"]


class Place(NamedTuple):
    """Where a tile starts in its image, and how large that is, in pixels."""

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

    def run(self, tensor: Tensor, place: Place) -> Tensor:
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
    from .runtimes.reading import read_model

    network = read_model(model.path)
    names = frozenset(
        layer.get_friendly_name()
        for layer in network.get_ordered_ops()
        if layer.get_type_name() == "Interpolate" and layer.get_attributes()["mode"] in {"linear", "linear_onnx"}
    )
    if not names:
        return None
    return AlignedTiles(network, names, contract.tile_step, how.device, how.arithmetic or "device")

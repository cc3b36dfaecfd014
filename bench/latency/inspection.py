"""Where the time goes inside a network: the executed layers, their arithmetic and the bytes that they move."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ...core import LayerTime
from ...infer import compile_model, executed_layers, read_model
from .candidates import Candidate
from .process import Inspected

if TYPE_CHECKING:
    import openvino

__all__ = ["inspect"]


def inspect(candidate: Candidate, cache: Path, iterations: int) -> Inspected:
    """Compile an OpenVINO candidate with counters and time its layers; then fill a model cache and compile from it.

    The counters cost time themselves, and so nothing else is measured in this process. A layer's time is the median
    over the iterations.

    Raises:
        MattekitError: the candidate cannot be opened.
    """
    import openvino

    compiled = compile_model(
        read_model(candidate.variant.path, candidate.shape), candidate.settings, {"PERF_COUNT": True}
    )
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(candidate.sample_input()))
    times: dict[str, list[float]] = {}
    for number in range(iterations + 1):
        request.start_async()
        request.wait()
        if number:
            for entry in request.profiling_info:
                times.setdefault(entry.node_name, []).append(entry.real_time.total_seconds() * 1000)
    layers = [
        LayerTime(
            name=layer.node.get_friendly_name(),
            type=layer.type,
            precision=layer.precision,
            primitive=layer.primitive,
            ms=median(times.get(layer.node.get_friendly_name(), [0.0])),
            flops=_flops(layer.node, layer.type),
            bytes=_bytes(layer.node),
        )
        for layer in executed_layers(compiled)
    ]
    return Inspected(cached_compile_ms=_cached_compile(candidate, cache), layers=layers)


def _cached_compile(candidate: Candidate, cache: Path) -> float | None:
    kept = {"CACHE_DIR": str(cache)}
    compile_model(read_model(candidate.variant.path, candidate.shape), candidate.settings, kept)
    model = read_model(candidate.variant.path, candidate.shape)
    started = time.perf_counter()
    compiled = compile_model(model, candidate.settings, kept)
    spent = (time.perf_counter() - started) * 1000
    try:
        return spent if compiled.get_property("LOADED_FROM_CACHE") else None
    except RuntimeError:
        return None


def _shapes(operation: openvino.Node) -> list[tuple[int, ...]]:
    """The static shapes of the inputs; an empty one stands for one that is not known."""
    shapes = [operation.get_input_partial_shape(index) for index in range(operation.get_input_size())]
    return [tuple(shape.to_shape()) if shape.is_static else () for shape in shapes]


def _output(operation: openvino.Node) -> tuple[int, ...]:
    shape = operation.get_output_partial_shape(0)
    return tuple(shape.to_shape()) if shape.is_static else ()


def _flops(operation: openvino.Node, kind: str) -> float:
    """Operations of a layer: two for each multiply-add; of what only moves or maps values, one for each output value.

    What is fused into a convolution (bias, activation, sum) is not counted, as in the literature.
    """
    inputs, output = _shapes(operation), _output(operation)
    size = float(np.prod(output)) if output else 0.0
    if kind == "Convolution" and len(inputs) > 1 and len(inputs[1]) >= 3:
        # Of grouped convolutions the weights have one dimension more in front.
        weights = inputs[1][2:] if len(inputs[1]) > len(output) else inputs[1][1:]
        return 2 * size * float(np.prod(weights))
    if kind == "Deconvolution" and len(inputs) > 1 and len(inputs[1]) >= 3:
        weights = inputs[1][2:] if len(inputs[1]) > len(output) else inputs[1][1:]
        return 2 * float(np.prod(inputs[0])) * float(np.prod(weights))
    if kind in {"FullyConnected", "MatMul"} and inputs and inputs[0]:
        return 2 * size * inputs[0][-1]
    return size


def _bytes(operation: openvino.Node) -> float:
    """Bytes that a layer reads and writes, each once."""
    moved = 0.0
    for shape, kind in (
        *zip(
            _shapes(operation),
            (operation.get_input_element_type(index) for index in range(operation.get_input_size())),
            strict=True,
        ),
        (_output(operation), operation.get_output_element_type(0)),
    ):
        moved += float(np.prod(shape)) * kind.bitwidth / 8 if shape else 0.0
    return moved

"""Quantized layers of an IR: which there are, how much noise each adds, and how to take the quantization back."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core import ModelError
from ..infer import Tensor
from .layer_kinds import WEIGHTED, is_constant

if TYPE_CHECKING:
    import openvino

__all__ = ["LayerNoise", "layer_influence", "layer_noise", "quantized_layers", "restore_layers"]

# What only moves numbers: quantization in front of it is quantization of whatever comes after it.
_MOVES = frozenset(
    {
        "BatchToSpace",
        "Concat",
        "DepthToSpace",
        "Interpolate",
        "MaxPool",
        "Pad",
        "Reshape",
        "Slice",
        "SpaceToBatch",
        "SpaceToDepth",
        "Split",
        "Squeeze",
        "StridedSlice",
        "Transpose",
        "Unsqueeze",
        "VariadicSplit",
    }
)


@dataclass(frozen=True)
class LayerNoise:
    """The noise that the quantization of one layer adds.

    Attributes:
        name: of the layer in both graphs.
        snr: signal-to-noise ratio of its output, its bias included, in dB, when its input is exact: the noise of the
            layers before it is not in it. 200 where there is no noise.
    """

    name: str
    snr: float


def quantized_layers(model: openvino.Model) -> list[str]:
    """Return the names of the layers that compute with quantized inputs or weights, in the order of the graph."""
    return [
        node.get_friendly_name()
        for node in model.get_ordered_ops()
        if node.get_type_name() not in _MOVES | {"FakeQuantize", "Result", "ShapeOf"}
        and node.get_output_size() == 1
        and not is_constant(node.output(0))
        and any(_is_quantized(value) for value in node.input_values())
    ]


def layer_noise(
    exact: openvino.Model, quantized: openvino.Model, tensors: Iterable[NDArray[np.generic]]
) -> list[LayerNoise]:
    """Measure the noise of every quantized layer by itself, in one pass; the noisiest comes first.

    Both graphs run as one, in which every quantizer reads what the exact network computed, so that each layer's
    quantized twin stands beside it with the same input. Only sums of squares leave the graph: memory stays near that of
    the two networks.

    Args:
        exact: the network in FP32 or FP16.
        quantized: the same network after quantization, its layers under the same names.
        tensors: inputs, as the network takes them, at least one.

    Raises:
        ModelError: `quantized` was not made from `exact`, or has no quantized layer.
    """
    import openvino
    from openvino import opset13

    exact, quantized = exact.clone(), quantized.clone()
    known = {node.get_friendly_name(): node for node in exact.get_ordered_ops()}
    names = quantized_layers(quantized)
    twins = {node.get_friendly_name(): node for node in quantized.get_ordered_ops()}
    strange = [name for name in names if name not in known]
    if strange or not names:
        what = f"the layer {strange[0]!r} is not in the first model" if strange else "it has no quantized layer"
        raise ModelError(f"the layers of the two models cannot be compared: {what}; give an INT8 IR and its source")
    pairs = [(_with_bias(known[name]), _with_bias(twins[name])) for name in names]
    for node in quantized.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize":
            value = node.input_value(0)
            source = known.get(value.get_node().get_friendly_name())
            if source is not None:
                node.input(0).replace_source_output(source.output(value.get_index()))
    for reader in quantized.inputs[0].get_target_inputs():
        reader.replace_source_output(exact.inputs[0])
    results: list[openvino.Node] = []
    for reference, twin in pairs:
        axes = opset13.constant(np.arange(len(reference.get_output_partial_shape(0)), dtype=np.int64))
        difference = opset13.subtract(twin.output(0), reference.output(0)).output(0)
        for value in (reference.output(0), difference):
            if value.get_element_type() != openvino.Type.f32:
                # A sum of squares is beyond what half precision holds.
                value = opset13.convert(value, "f32").output(0)  # noqa: PLW2901
            total = opset13.reduce_sum(opset13.multiply(value, value), axes, keep_dims=False)
            results.append(opset13.result(total))
    # The stubs do not know that the class is a subclass of the one that they describe.
    both = openvino.Model(results, exact.get_parameters())  # pyright: ignore[reportGeneralTypeIssues]
    compiled = openvino.Core().compile_model(both, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    sums = [0.0] * len(results)
    for tensor in tensors:
        outputs = compiled([tensor])
        sums = [old + float(outputs[number]) for number, old in enumerate(sums)]
    noise = [LayerNoise(name, _decibel(*sums[2 * i : 2 * i + 2])) for i, name in enumerate(names)]
    return sorted(noise, key=lambda layer: layer.snr)


def layer_influence(
    exact: openvino.Model, quantized: openvino.Model, names: Collection[str], tensors: Iterable[NDArray[np.generic]]
) -> list[LayerNoise]:
    """Measure what each layer's quantization does to the network's output; the most harmful comes first.

    For each layer the network runs once with that layer alone quantized. This is slower than `layer_noise`, but tells a
    noisy layer that matters from one that does not.

    Args:
        exact: the network in FP32 or FP16.
        quantized: the same network after quantization.
        names: of layers to measure, as `quantized_layers` gives them.
        tensors: inputs, as the network takes them, at least one; all are held in memory.

    Raises:
        ModelError: as `restore_layers`.
    """
    import openvino

    core, inputs, every = openvino.Core(), list(tensors), quantized_layers(quantized)
    config = {"INFERENCE_PRECISION_HINT": "f32"}

    def run(model: openvino.Model) -> list[Tensor]:
        compiled = core.compile_model(model, "CPU", config)
        return [np.array(compiled([tensor])[0], dtype=np.float32) for tensor in inputs]

    wanted = run(exact)
    signal = sum(float(np.square(y, dtype=np.float64).sum()) for y in wanted)
    found: list[LayerNoise] = []
    for name in names:
        outputs = run(restore_layers(quantized, exact, [other for other in every if other != name]))
        pairs = zip(outputs, wanted, strict=True)
        found.append(LayerNoise(name, _decibel(signal, sum(float(np.square(a - b).sum()) for a, b in pairs))))
    return sorted(found, key=lambda layer: layer.snr)


def restore_layers(quantized: openvino.Model, exact: openvino.Model, names: Collection[str]) -> openvino.Model:
    """Return a copy of a quantized network in which some layers compute as they did before.

    Such a layer reads its input in front of the quantizers and has its own weights and bias again; all the others stay
    as they are. What only moves numbers between a quantizer and the layer is doubled.

    Args:
        quantized: the network after quantization; it stays as it is.
        exact: the network that it was made from.
        names: of layers, as `quantized_layers` gives them.

    Raises:
        ModelError: there is no such quantized layer, or the source does not have it.
    """
    model, source = quantized.clone(), exact.clone()
    nodes = {node.get_friendly_name(): node for node in model.get_ordered_ops()}
    sources = {node.get_friendly_name(): node for node in source.get_ordered_ops()}
    moved: dict[str, openvino.Node] = {}
    for name in sorted(names):
        if name not in nodes or name not in sources:
            raise ModelError(f"there is no layer {name!r} to leave unquantized; list the layers with: mattekit parity")
        before = sources[name]
        for number, value in enumerate(before.input_values()):
            nodes[name].input(number).replace_source_output(_without_quantizers(value, nodes, moved))
        added, was = _with_bias(nodes[name]), _with_bias(before)
        if added.get_friendly_name() != name:
            for number, value in enumerate(was.input_values()):
                if is_constant(value):
                    added.input(number).replace_source_output(value)
    for name, node in moved.items():
        node.set_friendly_name(f"{name}/exact")
    model.validate_nodes_and_infer_types()
    return model


def _is_quantized(value: openvino.Output) -> bool:
    node = value.get_node()
    kind = node.get_type_name()
    if kind == "FakeQuantize":
        return True
    if kind == "Constant":
        return False
    if kind == "Convert":
        # Quantized weights are whole numbers, converted when the network runs.
        return node.get_input_element_type(0).get_type_name() in {"i8", "u8", "i4", "u4"}
    if kind in {"Multiply", "Subtract"} and is_constant(value):
        return _is_quantized(node.input_value(0))
    return kind in _MOVES and any(_is_quantized(before) for before in node.input_values())


def _with_bias(node: openvino.Node) -> openvino.Node:
    """The node that adds a layer's bias, or the layer itself."""
    readers = list(node.output(0).get_target_inputs())
    if node.get_type_name() in WEIGHTED and len(readers) == 1:
        reader = readers[0].get_node()
        if reader.get_type_name() == "Add" and any(is_constant(value) for value in reader.input_values()):
            return reader
    return node


def _without_quantizers(
    value: openvino.Output, nodes: Mapping[str, openvino.Node], moved: dict[str, openvino.Node]
) -> openvino.Output:
    """What a value of the source is in the quantized network: computed there, but with no quantizer right before it.

    Nodes of the source that only move numbers are taken over where the quantized network's own move quantized ones;
    they are noted in `moved`.
    """
    node = value.get_node()
    name = node.get_friendly_name()
    if is_constant(value):
        return value
    twin = nodes.get(name)
    if twin is None:
        raise ModelError(f"the quantized network has no node {name!r}, so it was not made from this source")
    number = value.get_index()
    if node.get_type_name() not in _MOVES or not _is_quantized(twin.output(number)):
        return twin.output(number)
    if name not in moved:
        moved[name] = node
        for index, before in enumerate(node.input_values()):
            node.input(index).replace_source_output(_without_quantizers(before, nodes, moved))
    return node.output(number)


def _decibel(signal: float, noise: float) -> float:
    if noise <= 0:
        return 200.0
    return 10 * math.log10(max(signal, 1e-30) / noise)

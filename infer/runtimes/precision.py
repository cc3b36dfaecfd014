"""What OpenVINO computes in: asked for when a model is compiled, and read back from the graph that is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...core import Arithmetic, ArithmeticUnavailableError, FloatArithmetic

if TYPE_CHECKING:
    import openvino

__all__ = [
    "ExecutedLayer",
    "arithmetic_config",
    "executed_arithmetic",
    "executed_layers",
    "require_arithmetic",
    "require_capability",
]

_DATA = frozenset({"Const", "Input", "Output", "Parameter", "Result"})
"""Layers of an executed graph that hold values and compute nothing."""

_CONVERTS = frozenset({"convert", "reorder"})
"""Layers that bring values from one arithmetic to another, and so belong to neither."""

_FLOATS: dict[str, FloatArithmetic] = {
    "f32": "f32",
    "fp32": "f32",
    "float": "f32",
    "bf16": "bf16",
    "bfloat16": "bf16",
    "f16": "f16",
    "fp16": "f16",
    "half": "f16",
}
_CAPABILITIES = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
_CHOOSING = frozenset({"AUTO", "MULTI", "HETERO", "BATCH"})


class ExecutedLayer(NamedTuple):
    """A layer of the graph that a device executes; empty where the plugin notes nothing.

    Attributes:
        node: of the graph.
        type: of the layer.
        precision: what it computes in.
        primitive: its implementation.
        originals: the names of the layers that became this one.
    """

    node: openvino.Node
    type: str
    precision: str
    primitive: str
    originals: str


def arithmetic_config(arithmetic: Arithmetic) -> dict[str, Any]:
    """Return the properties that ask OpenVINO for an arithmetic when it compiles a model."""
    return {} if arithmetic == "device" else {"INFERENCE_PRECISION_HINT": arithmetic}


def executed_layers(compiled: openvino.CompiledModel) -> list[ExecutedLayer]:
    """Return the executed layers in order, without those that hold values; none where the device tells no graph."""
    try:
        operations = compiled.get_runtime_model().get_ordered_ops()
    except RuntimeError:
        return []
    found: list[ExecutedLayer] = []
    for node in operations:
        info = node.get_rt_info()
        type_, precision, primitive, originals = (
            str(info[key].astype(str)) if key in info else ""
            for key in ("layerType", "runtimePrecision", "primitiveType", "originalLayersNames")
        )
        if type_ and type_ not in _DATA:
            found.append(ExecutedLayer(node, type_, _computed_in(precision, primitive), primitive, originals))
    return found


def _computed_in(precision: str, primitive: str) -> str:
    """Return a layer's precision: of a layer with weights in FP16 the CPU plugin notes f16, though it computes in f32.

    Implementations are called after what they compute with, such as `brgconv_avx512_f32`.
    """
    own = primitive.rpartition("_")[2].lower()
    return own if own in _FLOATS and precision.lower() in _FLOATS else precision


def executed_arithmetic(compiled: openvino.CompiledModel) -> FloatArithmetic:
    """Return what the floating-point layers are computed in: the lowest arithmetic that any of them has.

    Layers that a graph pins to f32 may stand among those of a lower one. A layer that reads the file's input is noted
    in that one's type, whatever it computes in. Empty where the device tells no graph, and no property either.
    """
    layers = executed_layers(compiled)
    counting = [layer for layer in layers if layer.type.lower() not in _CONVERTS and not _reads_half_input(layer)]
    found = {_FLOATS.get(layer.precision.lower()) for layer in counting}
    for arithmetic in ("bf16", "f16", "f32"):
        if arithmetic in found:
            return arithmetic
    if layers:
        # Integers alone: nothing is rounded to a lower precision.
        return "f32"
    try:
        return _FLOATS.get(str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string()), "")
    except RuntimeError:
        return ""


def _reads_half_input(layer: ExecutedLayer) -> bool:
    sources = (value.get_node() for value in layer.node.input_values())
    return any(
        source.get_type_name() == "Parameter" and source.get_output_element_type(0).get_type_name() == "f16"
        for source in sources
    )


def require_arithmetic(compiled: openvino.CompiledModel, device: str, asked: Arithmetic) -> FloatArithmetic:
    """Return what is computed in, as `executed_arithmetic` does.

    Raises:
        ArithmeticUnavailableError: it is another one than was asked for.
    """
    found = executed_arithmetic(compiled)
    if asked != "device" and found and found != asked:
        raise ArithmeticUnavailableError(
            f"{device}: {asked} was asked for, but the device computes in {found}; ask for --arithmetic {found}"
        )
    return found


def require_capability(core: openvino.Core, device: str, asked: Arithmetic) -> None:
    """Make sure that a device other than a CPU offers an arithmetic; a CPU is asked by compiling for it.

    Raises:
        ArithmeticUnavailableError: it does not; the message names what it offers.
    """
    family = device.partition(":")[0].partition(".")[0]
    if asked == "device" or family in _CHOOSING | {"CPU"}:
        return
    try:
        offered = [str(name) for name in core.get_property(device, "OPTIMIZATION_CAPABILITIES")]
    except RuntimeError:
        return
    if _CAPABILITIES[asked] not in offered:
        able = [name for name, capability in _CAPABILITIES.items() if capability in offered]
        raise ArithmeticUnavailableError(
            f"{device}: the device does not compute in {asked}; ask for --arithmetic {' or '.join([*able, 'device'])}"
        )

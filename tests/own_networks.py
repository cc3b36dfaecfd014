"""Networks of a user's own, of each kind that people have: small files with the contracts that describe them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["KINDS", "SIDE", "Kind", "class_network"]

SIDE = 32
_RNG = np.random.default_rng(7)
_FIRST = _RNG.normal(size=(8, 3, 3, 3)).astype(np.float32) * np.float32(0.4)
_BIAS = _RNG.normal(size=8).astype(np.float32)
_SECOND = _RNG.normal(size=(21, 8, 1, 1)).astype(np.float32)
_LARGER = _RNG.normal(size=(48, 3, 3, 3)).astype(np.float32) * np.float32(0.1)


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        write: writes one into a folder, and returns it.
        contract: the text of a contract that describes it.
        title: what it is, as the page's table calls it.
        unquantized: why it cannot be quantized, as the table says; empty where it can.
        precision: how its weights are stored.
        side: of the tiles that a super-resolution network is measured with.
    """

    write: Callable[[Path], Path]
    contract: str
    title: str = ""
    unquantized: str = ""
    precision: str = "fp32"
    side: int = SIDE

    @property
    def enlarges(self) -> bool:
        """Tell whether it is a super-resolution network."""
        return "super_resolution" in self.contract


def _contract(output: str, given: str = "", *, size: bool = True, task: str = "segmentation") -> str:
    sides = f"height = {SIDE}\nwidth = {SIDE}\n" if size else ""
    return f'task = "{task}"\n[input]\n{sides}{given}\n[output]\n{output}\n'


_NORMAL = "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n"
_CLASSES = 'kind = "classes"\nlabels = ["background", "upper", "lower"]'
_MANY = f'kind = "classes"\nlabels = {[f"c{number}" for number in range(21)]}'.replace("'", '"')
_LARGER_IMAGE = 'kind = "image"\nscale = 2'


def class_network(
    path: Path,
    classes: int = 3,
    *,
    ends: str = "",
    batch: int | str = 1,
    size: int | str = SIDE,
    half: bool = False,
    nhwc: bool = False,
    names: tuple[str, str] = ("input", "output"),
    outside: bool = False,
) -> Path:
    """Write an ONNX file of two convolutions with a ReLU between them.

    Args:
        path: of the file.
        classes: channels of the scores.
        ends: `sigmoid`, `softmax`, `argmax`, or `aside`: an output of another size comes first.
        batch: fixed, or a name for a free one.
        size: of both sides, fixed, or a name for free ones.
        half: all of it is in float16.
        nhwc: the layout of input and output.
        names: of input and output.
        outside: the weights lie in a file beside it.
    """
    import onnx
    from onnx import helper, numpy_helper

    given, answer = names
    number = np.float16 if half else np.float32
    kind = onnx.TensorProto.FLOAT16 if half else onnx.TensorProto.FLOAT
    sides = [size, size] if isinstance(size, int) else [f"{size}_h", f"{size}_w"]
    shape = [batch, *sides, 3] if nhwc else [batch, 3, *sides]
    nodes: list[Any] = []
    value = given
    if nhwc:
        nodes.append(helper.make_node("Transpose", [value], ["planes"], perm=[0, 3, 1, 2]))
        value = "planes"
    nodes.append(helper.make_node("Conv", [value, "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], name="first"))
    nodes.append(helper.make_node("Relu", ["c1"], ["r1"]))
    nodes.append(helper.make_node("Conv", ["r1", "w2"], ["scores"], name="second"))
    value = "scores"
    if ends == "sigmoid":
        nodes.append(helper.make_node("Sigmoid", [value], ["s"]))
        value = "s"
    if ends == "softmax":
        nodes.append(helper.make_node("Softmax", [value], ["s"], axis=1))
        value = "s"
    if ends == "argmax":
        nodes.append(helper.make_node("ArgMax", [value], ["s"], axis=1, keepdims=1))
        value = "s"
    if nhwc:
        nodes.append(helper.make_node("Transpose", [value], ["laid"], perm=[0, 2, 3, 1]))
        value = "laid"
    nodes.append(helper.make_node("Identity", [value], [answer]))
    integer = onnx.TensorProto.INT64 if ends == "argmax" else kind
    axes = [batch, None, None, None]
    outputs = [helper.make_tensor_value_info(answer, integer, axes)]
    if ends == "aside":
        nodes.append(helper.make_node("AveragePool", ["scores"], ["aux"], kernel_shape=[8, 8], strides=[8, 8]))
        outputs.insert(0, helper.make_tensor_value_info("aux", kind, axes))
    weights = {"w1": _FIRST, "b1": _BIAS, "w2": _SECOND[:classes]}
    graph = helper.make_graph(
        nodes,
        "own",
        [helper.make_tensor_value_info(given, kind, shape)],
        outputs,
        [numpy_helper.from_array(array.astype(number), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path), save_as_external_data=outside, location=f"{path.name}.data", size_threshold=0)
    return path


def enlarging_network(path: Path, scale: int = 2, *, size: int | str = "side") -> Path:
    """Write an ONNX file of a convolution and a DepthToSpace."""
    import onnx
    from onnx import helper, numpy_helper

    sides = [size, size] if isinstance(size, int) else [f"{size}_h", f"{size}_w"]
    kind = onnx.TensorProto.FLOAT
    weights = _LARGER[: 3 * scale**2].copy()
    for channel in range(3):
        weights[channel::3, channel, 1, 1] += 1
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("DepthToSpace", ["c"], ["output"], blocksize=scale),
    ]
    graph = helper.make_graph(
        nodes,
        "larger",
        [helper.make_tensor_value_info("input", kind, [1, 3, *sides])],
        [helper.make_tensor_value_info("output", kind, [1, 3, None, None])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def as_ir(folder: Path) -> Path:
    """Write what OpenVINO's own converter makes of the ONNX file."""
    import openvino
    from openvino.tools.ovc import convert_model

    model = convert_model(class_network(folder / "source.onnx"))
    openvino.save_model(model, folder / "own.xml", compress_to_fp16=False)
    return folder / "own.xml"


def prepared_ir(folder: Path) -> Path:
    """Write an IR that takes bytes and normalises them itself."""
    import openvino
    from openvino.preprocess import PrePostProcessor
    from openvino.tools.ovc import convert_model

    steps = PrePostProcessor(convert_model(class_network(folder / "source.onnx")))
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NCHW"))
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(openvino.Type.f32).mean([124, 116, 104]).scale([58, 57, 57])
    openvino.save_model(steps.build(), folder / "own.xml", compress_to_fp16=False)
    return folder / "own.xml"


def other_int8(folder: Path) -> Path:
    """Write the ONNX file with another quantizer's QuantizeLinear and DequantizeLinear around its convolutions."""
    import onnx
    from onnx import helper, numpy_helper

    path = class_network(folder / "own.onnx")
    model = onnx.load(str(path))
    for name, array in (("w1", _FIRST), ("w2", _SECOND[:3])):
        scale = np.float32(np.abs(array).max() / 127)
        levels = np.rint(array / scale).astype(np.int8)
        old = next(each for each in model.graph.initializer if each.name == name)
        model.graph.initializer.remove(old)
        for suffix, value in (("q", levels), ("scale", scale), ("zero", np.int8(0))):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"{name}_{suffix}"))
        widened = helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_scale", f"{name}_zero"], [name])
        model.graph.node.insert(0, widened)
    for place, value in ((2, "input"), (5, "r1")):
        scale, zero = (0.04, 114) if value == "input" else (0.08, 0)
        for suffix, number in (("scale", np.float32(scale)), ("zero", np.uint8(zero))):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(number), f"{value}_{suffix}"))
        around = [f"{value}_scale", f"{value}_zero"]
        pair = [
            helper.make_node("QuantizeLinear", [value, *around], [f"{value}_q"]),
            helper.make_node("DequantizeLinear", [f"{value}_q", *around], [f"{value}_dq"]),
        ]
        reader = next(node for node in model.graph.node if node.op_type == "Conv" and node.input[0] == value)
        reader.input[0] = f"{value}_dq"
        for step, node in enumerate(pair):
            model.graph.node.insert(place + step, node)
    onnx.save(model, str(path))
    return path


def _onnx(**how: Any) -> Callable[[Path], Path]:
    return lambda folder: class_network(folder / "own.onnx", **how)


KINDS: dict[str, Kind] = {
    "classes": Kind(_onnx(), _contract(_CLASSES, _NORMAL), "classes"),
    "free-size": Kind(
        _onnx(size="side", batch="n", names=("pixel_values:0", "logits/Identity")),
        _contract(_CLASSES, _NORMAL),
        "free size and batch, names with `:` and `/`",
    ),
    "many-classes": Kind(_onnx(classes=21, size="side"), _contract(_MANY, _NORMAL), "21 classes"),
    "ir": Kind(as_ir, _contract(_CLASSES, _NORMAL), "an IR"),
    "sigmoid": Kind(
        _onnx(classes=1, ends="sigmoid"), _contract('kind = "alpha"', _NORMAL), "one channel of probabilities"
    ),
    "softmax": Kind(
        _onnx(classes=2, ends="softmax"),
        _contract('kind = "alpha"\nchannel = 1', _NORMAL),
        "two channels, of which one counts",
    ),
    "numbers": Kind(_onnx(ends="argmax"), _contract(f"{_CLASSES}\nindices = true", _NORMAL), "class numbers"),
    "second-output": Kind(_onnx(ends="aside"), _contract(f'{_CLASSES}\nname = "output"', _NORMAL), "several outputs"),
    "nhwc": Kind(_onnx(nhwc=True), _contract(f'{_CLASSES}\nlayout = "NHWC"', f'layout = "NHWC"\n{_NORMAL}'), "NHWC"),
    "bytes": Kind(
        prepared_ir, _contract(_CLASSES, 'dtype = "u8"\ndivide_by = 1.0\n'), "an IR that takes bytes, and normalises"
    ),
    "letterbox": Kind(
        _onnx(classes=1, ends="sigmoid"),
        _contract('kind = "alpha"', 'aspect = "letterbox"\npad_value = [114]\ncolour_order = "BGR"\n'),
        "letterbox in grey, BGR",
    ),
    "batch-of-4": Kind(_onnx(batch=4), _contract(_CLASSES, _NORMAL), "batch of 4"),
    "half": Kind(
        _onnx(half=True, size="side"),
        _contract(_CLASSES, f'dtype = "f16"\n{_NORMAL}'),
        "float16 in and out",
        precision="fp16",
    ),
    "weights-outside": Kind(_onnx(outside=True), _contract(_CLASSES, _NORMAL), "weights in a file beside it"),
    "other-int8": Kind(
        other_int8,
        _contract(_CLASSES, _NORMAL),
        "INT8 of another quantizer (QuantizeLinear, DequantizeLinear)",
        unquantized="it is INT8",
        precision="int8",
    ),
    "enlarging": Kind(
        lambda folder: enlarging_network(folder / "own.onnx"),
        _contract(_LARGER_IMAGE, size=False, task="super_resolution"),
        "super-resolution of any size",
    ),
    "enlarging-tile": Kind(
        lambda folder: enlarging_network(folder / "own.onnx", size=SIDE),
        _contract(_LARGER_IMAGE, task="super_resolution").replace("[input]", "halo = 2\n[input]", 1),
        "super-resolution of a fixed tile",
    ),
    "enlarging-x4": Kind(
        lambda folder: enlarging_network(folder / "own.onnx", 4),
        _contract('kind = "image"\nscale = 4', size=False, task="super_resolution"),
        "super-resolution, x4",
    ),
}
"""Every kind, with a contract in which nothing is left to chance."""

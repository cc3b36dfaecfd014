"""Networks of one convolution, as IRs with a contract, which any machine compiles and runs in no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino
from mattekit.core import Contract, InputContract, OutputContract
from openvino import opset13 as ops

CONTRACT = Contract(task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=1))
WEIGHTS = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)


def save(result: Any, source: Any, path: Path) -> Path:
    """Write a graph as an IR with the contract."""
    construct: Any = openvino.Model
    model = construct([result], [source])
    model.set_rt_info(CONTRACT.to_json(), ["mattekit", "contract"])
    path.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(model, path, compress_to_fp16=False)
    return path


def convolution(path: Path) -> Path:
    """A convolution 3x3 from 3 to 3 channels and a ReLU, for any size."""
    source = ops.parameter([-1, 3, -1, -1], np.float32, name="input")
    result = ops.relu(ops.convolution(source, ops.constant(WEIGHTS), [1, 1], [1, 1], [1, 1], [1, 1]))
    return save(result, source, path)


def half_quantized(path: Path) -> Path:
    """A network that quantizes its input of 32x32, but not its weights: its convolution is one in f32."""
    source = ops.parameter([1, 3, 32, 32], np.float32, name="input")
    limits = [ops.constant(np.float32(value)) for value in (0, 1, 0, 1)]
    quantized = ops.fake_quantize(source, *limits, 256)
    result = ops.convolution(quantized, ops.constant(WEIGHTS), [1, 1], [1, 1], [1, 1], [1, 1])
    return save(result, source, path)


def write_onnx(path: Path, *, sign: int = 1) -> Path:
    """A convolution 1x1 for `rembg-u2netp` at its own size: it cuts out what is redder than green, or greener."""
    import onnx

    kind = onnx.TensorProto.FLOAT
    given = onnx.helper.make_tensor_value_info("input", kind, [1, 3, 320, 320])
    answer = onnx.helper.make_tensor_value_info("output", kind, [1, 1, 320, 320])
    nodes = [
        onnx.helper.make_node("Conv", ["input", "weights"], ["scores"]),
        onnx.helper.make_node("Sigmoid", ["scores"], ["output"]),
    ]
    weights = onnx.helper.make_tensor("weights", kind, [1, 3, 1, 1], [2 * sign, -2 * sign, 0])
    graph = onnx.helper.make_graph(nodes, "small", [given], [answer], [weights])
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path

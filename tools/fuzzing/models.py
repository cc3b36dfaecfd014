"""Targets that read models: ONNX files and IRs."""

from __future__ import annotations

import random
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from fuzzing.kinds import Target, from_bytes
from fuzzing.mutate import damaged

if TYPE_CHECKING:
    import onnx

__all__ = [
    "contract_text",
    "ir_files",
    "ir_seeds",
    "onnx_files",
    "onnx_seeds",
    "provenance_text",
]

_VALUES = (
    "",
    "0",
    "1",
    "-1",
    "2",
    "4294967295",
    "-9223372036854775808",
    "1e999",
    "nan",
    "?",
    "..",
    "f32",
    "u1",
    "x" * 999,
)
_TYPES = ("Convolution", "Parameter", "Result", "Const", "Add", "If", "Loop", "TensorIterator", "Nonsense", "Reshape")


def onnx_seeds() -> dict[str, bytes]:
    """Return two networks of a few nodes, with the contract and the provenance that an export writes."""
    return {"segmentation": _network("segmentation").SerializeToString(), "plain": _network("").SerializeToString()}


def _network(task: str) -> onnx.ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).standard_normal((1, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("Concat", ["c", "r"], ["cc"], axis=1),
        helper.make_node("ReduceMean", ["cc"], ["m"], axes=[1], keepdims=1),
        helper.make_node("Sigmoid", ["m"], ["output"], name="out"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1, 16, 16])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if task:
        for key, value in (("mattekit.contract", contract_text()), ("mattekit.provenance", provenance_text())):
            model.metadata_props.add(key=key, value=value)
    return model


def contract_text() -> str:
    from mattekit.core import Contract, InputContract, OutputContract

    return Contract(
        task="segmentation", input=InputContract(height=16, width=16), output=OutputContract(kind="alpha", min_max=True)
    ).to_json()


def provenance_text() -> str:
    from mattekit.core import Provenance

    return Provenance(
        model="u2netp",
        weights_file="w.pth",
        weights_sha256="ab" * 32,
        code_licence="Apache-2.0",
        weights_licence="Apache-2.0",
        commercial=True,
        route="onnx",
        tools={"openvino": "1"},
    ).to_json()


def onnx_files() -> Target:
    """Convert an ONNX file, compile and run it as a model; a part is opened by ONNX Runtime."""
    seeds = onnx_seeds()

    def prepare() -> None:
        # Loaded before memory is limited.
        import_module("onnxruntime")
        Path("model.onnx").write_bytes(seeds["segmentation"])
        for way in range(60):
            _open_onnx(random.Random(way))

    def make(rng: random.Random) -> dict[str, bytes]:
        data = rng.choice(list(seeds.values()))
        return {"model.onnx": damaged(data, rng) if rng.random() < 0.4 else _rewired(data, rng)}

    return Target("onnx", prepare, from_bytes("onnx", make), _open_onnx)


def _open_onnx(rng: random.Random) -> str | None:
    from mattekit.convert.ir import ir_from_onnx
    from mattekit.infer import OnnxRuntime, RuntimeSettings

    path = Path("model.onnx")
    chance = rng.random()
    if chance < 0.2:
        OnnxRuntime(path, RuntimeSettings(threads=1))
        return "taken by ONNX Runtime"
    # The converter takes ten times as long as the reader.
    if chance < 0.22:
        ir_from_onnx(path)
        return "converted"
    return _cut_out(path)


def _cut_out(path: Path) -> str | None:
    """Compile a model and run it on an image."""
    from mattekit.core import Contract
    from mattekit.images import Image
    from mattekit.infer import Remover, load

    opened = load(path)
    fixed: Contract = opened.contract
    if max(fixed.input.height or 0, fixed.input.width or 0) > 2048:
        return "taken, too large to be run"
    Remover(opened).remove(Image(np.full((20, 30, 3), 128, np.uint8)))
    return None


def _rewired(data: bytes, rng: random.Random) -> bytes:
    """Damage the graph of an ONNX file, which is still a message of its format then."""
    import onnx

    model = onnx.ModelProto.FromString(data)
    graph = model.graph
    for _ in range(rng.choice((1, 1, 2, 4))):
        node = rng.choice(list(graph.node)) if graph.node else None
        tensor = rng.choice(list(graph.initializer)) if graph.initializer else None
        value = rng.choice([*graph.input, *graph.output]) if graph.input or graph.output else None
        match rng.randrange(12):
            case 0 if node is not None:
                graph.node.remove(node)
            case 1 if node is not None:
                node.op_type = rng.choice((*_TYPES, "Resize", "Gather", "Conv", "Slice", "MaxPool", "Identity"))
            case 2 if node is not None and node.input:
                node.input[rng.randrange(len(node.input))] = rng.choice(
                    ("", "input", "output", "c", "m", "w", "nothing")
                )
            case 3 if node is not None and node.output:
                node.output[0] = rng.choice(("", "input", "output", "c", "w"))
            case 4 if node is not None and node.attribute:
                attribute = rng.choice(list(node.attribute))
                numbers = rng.choices((0, -1, 1, 3, 1 << 31, (1 << 63) - 1, -(1 << 63), 65536), k=rng.randrange(6))
                del attribute.ints[:]
                attribute.ints.extend(numbers)
                attribute.i = rng.choice((0, -1, 1 << 40))
            case 5 if tensor is not None:
                tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice((0, -1, 1, 1 << 20, 1 << 40, 1 << 62))
            case 6 if tensor is not None:
                tensor.raw_data = damaged(tensor.raw_data, rng)
            case 7 if tensor is not None:
                tensor.data_type = rng.randrange(30)
            case 8 if value is not None and value.type.tensor_type.shape.dim:
                dims = value.type.tensor_type.shape.dim
                dims[rng.randrange(len(dims))].dim_value = rng.choice((0, -1, 1, 4, 1 << 20, 1 << 40, 1 << 62))
            case 9 if model.metadata_props:
                prop = rng.choice(list(model.metadata_props))
                prop.value = _broken_json(prop.value, rng)
            case 10 if tensor is not None:
                tensor.data_location = onnx.TensorProto.EXTERNAL
                place = rng.choice(("../secret", "/etc/passwd", "model.onnx", "x\0y"))
                tensor.external_data.add(key="location", value=place)
                tensor.ClearField("raw_data")
            case _:
                model.ir_version = rng.choice((0, 1, 3, 99))
                model.opset_import[0].version = rng.choice((0, 1, 7, 17, 99, -1))
    return model.SerializeToString()


def _broken_json(text: str, rng: random.Random) -> str:
    if rng.random() < 0.3:
        return damaged(text.encode(), rng).decode("utf-8", "ignore").replace("\0", "")
    numbers = list(re.finditer(r"-?\d+(?:\.\d+)?|true|false|null|\"\w+\"", text))
    found = rng.choice(numbers)
    value = rng.choice(("0", "-1", "1e308", "1e999", "NaN", "null", "[]", "{}", '""', '"RGB"', "3", "99999999999"))
    return text[: found.start()] + value + text[found.end() :]


def ir_seeds() -> tuple[bytes, bytes]:
    """Return the two files of an IR with a contract."""
    import openvino
    from mattekit.convert.ir import ir_from_onnx, save_ir
    from mattekit.core import Contract, Provenance

    Path("seed.onnx").write_bytes(_network("segmentation").SerializeToString())
    model: openvino.Model = ir_from_onnx(Path("seed.onnx"))
    save_ir(
        model,
        Path("seed.xml"),
        contract=Contract.from_json(contract_text(), source="seed"),
        provenance=Provenance.from_json(provenance_text(), source="seed"),
        shape=(1, 16, 16),
        fp16=False,
    )
    return Path("seed.xml").read_bytes(), Path("seed.bin").read_bytes()


def ir_files() -> Target:
    """Open an IR with its contract, compile it and run it on an image."""
    seeds: list[bytes] = []

    def prepare() -> None:
        seeds.extend(ir_seeds())
        Path("model.xml").write_bytes(seeds[0])
        Path("model.bin").write_bytes(seeds[1])
        _cut_out(Path("model.xml"))

    def make(rng: random.Random) -> dict[str, bytes]:
        xml, weights = seeds
        chance = rng.random()
        if chance < 0.3:
            xml = damaged(xml, rng, tokens=(b"<!DOCTYPE", b"]]>", b"<layer", b"</layers>", b"&#0;", b"offset=", b"<If"))
        elif chance < 0.9:
            xml = _changed_tree(xml, rng)
        if chance > 0.85:
            weights = damaged(weights, rng)
        return {"model.xml": xml, "model.bin": weights}

    return Target("ir", prepare, from_bytes("ir", make), lambda _: _cut_out(Path("model.xml")))


def _changed_tree(xml: bytes, rng: random.Random) -> bytes:
    root = ET.fromstring(xml)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        elements = list(root.iter())
        parents = {child: parent for parent in elements for child in parent}
        element = rng.choice(elements)
        match rng.randrange(7):
            case 0 | 1 | 2 if element.attrib:
                name = rng.choice(list(element.attrib))
                value = element.attrib[name]
                options = [*_VALUES, *(_TYPES if name == "type" else ())]
                element.set(name, _broken_json(value, rng) if value.startswith("{") else rng.choice(options))
            case 3 if element in parents:
                parents[element].remove(element)
            case 4 if element in parents:
                parents[element].append(element)
            case 5:
                element.text = rng.choice(_VALUES)
            case _ if element.attrib:
                del element.attrib[rng.choice(list(element.attrib))]
            case _:
                element.append(ET.fromstring(ET.tostring(rng.choice(elements))))
    return ET.tostring(root)

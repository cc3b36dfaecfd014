"""ONNX files are looked at before they are run: weights that lie elsewhere are refused, however they are hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
from mattekit.core import ModelError, check_onnx
from mattekit.infer import load


@pytest.mark.parametrize("place", ["../secret.bin", "link.bin"])
def test_weights_of_an_onnx_file_outside_its_folder_are_refused(
    place: str, segmentation_ir: Path, tmp_path: Path
) -> None:
    onnx = pytest.importorskip("onnx", reason="changing an ONNX file needs the extra `export`")
    model = onnx.load(str(segmentation_ir / "model.onnx"))
    tensor = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    (tmp_path / "secret.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.bin").symlink_to("../secret.bin")
    onnx.save(model, str(inside / "model.onnx"))
    from mattekit.convert.ir import ir_from_onnx
    from mattekit.infer import OnnxRuntime

    for read in (load, ir_from_onnx, OnnxRuntime):
        with pytest.raises(ModelError, match="outside of its folder"):
            read(inside / "model.onnx")


def outside(way: str) -> bytes:
    """An ONNX file with weights at `../secret`, hidden from a reader that looks at the usual places only."""
    import onnx
    from onnx import TensorProto, helper

    weights = TensorProto(data_type=TensorProto.FLOAT, dims=[1], name="w", data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value="../secret")
    constant = helper.make_node("Constant", [], ["c"], value=weights)
    value = helper.make_tensor_value_info("c", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["c"])], "g", [], [value])
    model = helper.make_model(graph)
    if way == "function":
        model.functions.append(helper.make_function("local", "f", [], ["c"], [constant], []))
    elif way == "sparse":
        model.graph.sparse_initializer.add(values=weights, dims=[4])
    elif way == "inner graph":
        inner = helper.make_graph([constant], "inner", [], [value])
        model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner))
    elif way == "training":
        model.training_info.add(algorithm=helper.make_graph([], "t", [], [], [weights]))
    else:
        model.graph.initializer.append(weights)
        packed = model.graph.SerializeToString()
        model.ClearField("graph")
        assert len(packed) < 128
        tag = {"group": b"\x3a", "long tag": b"\xba\x80\x80\x80\x10"}[way]
        # An empty group of a number that ONNX doesn't have.
        before = b"\xa3\x06\xa4\x06" if way == "group" else b""
        return model.SerializeToString() + before + tag + bytes([len(packed)]) + packed
    return onnx.ModelProto.SerializeToString(model)


@pytest.mark.parametrize("way", ["function", "sparse", "inner graph", "training", "group", "long tag"])
def test_weights_of_an_onnx_file_cannot_be_hidden(way: str, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    path = tmp_path / "model.onnx"
    path.write_bytes(outside(way))
    with pytest.raises(ModelError, match=r"outside of its folder|not a whole ONNX file"):
        check_onnx(path)


@pytest.mark.parametrize(("operators", "inputs", "sound"), [(9, 1, True), (13, 1, False), (13, 2, True), (9, 0, False)])
def test_a_pad_has_the_inputs_of_its_version(operators: int, inputs: int, sound: bool, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    node = onnx.helper.make_node("Pad", ["x", "pads"][:inputs], ["y"])
    graph = onnx.helper.make_graph([node], "g", [], [])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", operators)])
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path))
    if sound:
        check_onnx(path)
    else:
        with pytest.raises(ModelError, match="inputs"):
            check_onnx(path)


def test_files_of_other_exporters_are_sound() -> None:
    """The networks that come with the package onnx, most of them of PyTorch's old exporters."""
    onnx = pytest.importorskip("onnx", reason="the files come with onnx, which the extra `export` brings")
    paths = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").rglob("*.onnx"))
    assert len(paths) > 50
    for path in paths:
        check_onnx(path)

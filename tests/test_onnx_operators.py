"""What OpenVINO would compute wrongly, or does not know, is refused with the operator's name and a way on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit import export_model, read_image
from mattekit.convert.ir import ir_from_onnx
from mattekit.convert.witness import require_same_answer
from mattekit.core import Contract, ModelError, ParityError, check_operators, operators_table
from mattekit.infer import OpenVinoRuntime, load, read_model

onnx = pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
helper = onnx.helper


def written(
    path: Path,
    nodes: list[Any],
    opset: int = 17,
    *,
    weights: list[Any] | None = None,
    domains: tuple[str, ...] = (),
    sides: tuple[int | str, int | str] = (8, 8),
) -> Path:
    """Write a graph from `x`, (1, 3, 8, 8), to `y`."""
    image = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, *sides])
    graph = helper.make_graph(nodes, "g", [image], [helper.make_empty_tensor_value_info("y")], weights or [])
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("kind", ["ReduceL1", "ReduceLogSum", "ReduceLogSumExp"])
def test_a_reduction_that_loses_its_axes_is_refused_by_name_and_operator_set(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", [helper.make_node(kind, ["x"], ["y"], axes=[1])], 13)
    with pytest.raises(ModelError, match=rf"{kind} \(opset 13\).*opset 18 or newer.*convert_version"):
        read_model(path)
    read_model(written(path, [helper.make_node(kind, ["x"], ["y"], axes=[1])], 11))
    # Over all axes there is nothing to lose.
    read_model(written(path, [helper.make_node(kind, ["x"], ["y"])], 13))


@pytest.mark.parametrize("kind", ["ReduceL1", "ReduceLogSum", "ReduceLogSumExp"])
def test_the_way_on_of_a_refused_reduction_leads_there(kind: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="it is the witness, which the extra `export` brings")
    nodes = [helper.make_node(kind, ["x"], ["r"], axes=[-3], keepdims=1), helper.make_node("Sub", ["x", "r"], ["y"])]
    path = written(tmp_path / "old.onnx", nodes, 13, sides=("h", "w"))
    with pytest.raises(ModelError, match="opset 18"):
        read_model(path)
    onnx.save(onnx.version_converter.convert_version(onnx.load(str(path)), 18), str(tmp_path / "new.onnx"))
    image = np.random.default_rng(0).random((1, 3, 8, 6), np.float32) + np.float32(0.5)
    (expected,) = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": image})
    assert np.allclose(OpenVinoRuntime(read_model(tmp_path / "new.onnx")).run(image), expected, atol=1e-5)


WRONG: dict[str, tuple[dict[str, Any], bool]] = {
    "AveragePool": ({"kernel_shape": [3, 3], "ceil_mode": 1, "count_include_pad": 1, "pads": [0, 0, 1, 1]}, True),
    "AveragePool even": ({"kernel_shape": [3, 3], "ceil_mode": 1, "count_include_pad": 1, "pads": [1] * 4}, False),
    "Resize cubic": ({"mode": "cubic", "exclude_outside": 1}, True),
    "Resize": ({"mode": "cubic", "exclude_outside": 0, "cubic_coeff_a": -0.5}, False),
    "Resize nearest": ({"mode": "nearest", "nearest_mode": "round_prefer_ceil"}, True),
    "Resize floor": ({"mode": "nearest", "nearest_mode": "floor"}, False),
    "Resize policy": ({"mode": "linear", "axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}, True),
    "Resize smooth": ({"mode": "linear", "antialias": 1}, True),
    "LRN": ({"size": 3, "bias": 1.2}, True),
    "LRN usual": ({"size": 3, "bias": 1.0, "alpha": 0.3}, False),
    "ConvTranspose": (
        {"kernel_shape": [3, 3], "strides": [2, 2], "output_shape": [16, 16], "auto_pad": "SAME_UPPER"},
        True,
    ),
    "ConvTranspose sure": ({"kernel_shape": [2, 2], "strides": [2, 2], "output_shape": [16, 16]}, False),
    "ConvTranspose fixed": ({"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, False),
    "ConvTranspose pads": ({"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}, False),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_some_attributes_alone_is_right_with_others(name: str, tmp_path: Path) -> None:
    attributes, refused = WRONG[name]
    kind = name.partition(" ")[0]
    path = written(tmp_path / "m.onnx", [helper.make_node(kind, ["x", "w"], ["y"], **attributes)], 19)
    if not refused:
        check_operators(path)
        return
    with pytest.raises(ModelError, match=rf"OpenVINO .* in its {kind} \(opset 19\).*; "):
        check_operators(path)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [("DFT", ["x"]), ("LSTM", ["x", "w", "r", "b", "lengths"]), ("GRU", ["x", "w", "r", "", "lengths"])],
)
def test_what_goes_wrong_with_free_sizes_alone_is_right_for_fixed_ones(
    kind: str, inputs: list[str], tmp_path: Path
) -> None:
    check_operators(written(tmp_path / "fixed.onnx", [helper.make_node(kind, inputs, ["y"])]))
    with pytest.raises(ModelError, match=rf"{kind} .*fixed sizes"):
        check_operators(written(tmp_path / "free.onnx", [helper.make_node(kind, inputs, ["y"])], sides=("h", "w")))
    if kind != "DFT":
        check_operators(written(tmp_path / "whole.onnx", [helper.make_node(kind, inputs[:4], ["y"])], sides=("h", "w")))


def test_padding_that_is_found_out_is_right_for_fixed_sizes_alone(tmp_path: Path) -> None:
    how = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **how)
    check_operators(written(tmp_path / "fixed.onnx", [node]))
    with pytest.raises(ModelError, match=r"ConvTranspose.*fixed sizes"):
        check_operators(written(tmp_path / "free.onnx", [node], sides=("h", "w")))


@pytest.mark.parametrize("axis", [-1, 2])
def test_a_free_length_that_is_not_a_multiple_of_its_parts_is_split_as_onnx_means_it(axis: int, tmp_path: Path) -> None:
    # OpenVINO's own answers shapes such as (0, 3, 0, 0), or dies.
    nodes = [
        helper.make_node("Split", ["x"], ["y", "rest"], axis=axis, num_outputs=2),
        helper.make_node("Relu", ["rest"], ["unused"]),
    ]
    path = written(tmp_path / "m.onnx", nodes, 18, sides=("h", "w"))
    image = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)
    network = OpenVinoRuntime(read_model(path))
    for length in (7, 8, 5):
        given = np.take(image, range(length), axis)
        assert (network.run(given) == np.take(given, range((length + 1) // 2), axis)).all()
    converted = {each.get_type_name() for each in ir_from_onnx(path, own=True).get_ops()}
    assert "Split" not in converted
    assert "Split" in {each.get_type_name() for each in read_model(written(path, nodes, 18)).get_ops()}


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
@pytest.mark.parametrize("opset", [11, 12])
@pytest.mark.parametrize("sides", [(8, 6), ("h", "w")])
def test_a_softmax_of_old_is_one_over_all_that_is_behind_its_axis(
    sides: tuple[Any, Any], opset: int, axis: int, tmp_path: Path
) -> None:
    # OpenVINO takes it for opset 13's, over its axis alone.
    path = written(tmp_path / "m.onnx", [helper.make_node("Softmax", ["x"], ["y"], axis=axis)], opset, sides=sides)
    image = np.random.default_rng(0).random((1, 3, 8, 6), np.float32) * 3
    powers = np.exp(image)
    expected = powers / powers.sum(tuple(range(axis, 4)), keepdims=True)
    assert np.allclose(OpenVinoRuntime(read_model(path)).run(image), expected, atol=1e-6)
    kinds = {each.get_type_name() for each in ir_from_onnx(path, own=True).get_ops()}
    # Over the last axis both are the same, and the graph stays as it is.
    assert ("Softmax" in kinds) == (axis == 3)


def test_a_softmax_of_today_stays_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "m.onnx", [helper.make_node("Softmax", ["x"], ["y"], axis=1)], 13)
    assert "Softmax" in {each.get_type_name() for each in read_model(path).get_ops()}


def test_a_fixed_length_that_is_not_a_multiple_is_refused_with_the_way_on(tmp_path: Path) -> None:
    node = helper.make_node("Split", ["x"], ["y", "rest"], axis=-1, num_outputs=2)
    path = written(tmp_path / "m.onnx", [node], 18, sides=(8, 7))
    with pytest.raises(ModelError, match=r"m\.onnx: its Split cuts 7 into 2 parts that are not equal.*parts' sizes"):
        read_model(path)


def test_an_operator_inside_of_a_branch_is_found(tmp_path: Path) -> None:
    branches = {
        name: helper.make_graph([node], name, [], [helper.make_empty_tensor_value_info(f"{name}_y")])
        for name, node in (
            ("then_branch", helper.make_node("ReduceL1", ["x"], ["then_branch_y"], axes=[2])),
            ("else_branch", helper.make_node("Neg", ["x"], ["else_branch_y"])),
        )
    }
    truth = onnx.numpy_helper.from_array(np.array(True), "c")
    path = written(tmp_path / "m.onnx", [helper.make_node("If", ["c"], ["y"], **branches)], weights=[truth])
    with pytest.raises(ModelError, match="ReduceL1"):
        check_operators(path)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (("QLinearConv",), "QOperator form"),
        (("DynamicQuantizeLinear",), "quantized dynamically"),
        (("ConvInteger",), "quantized dynamically"),
        (("QLinearAdd", "com.microsoft"), "QOperator form"),
    ],
)
def test_other_forms_of_int8_are_named_with_the_way_on(node: tuple[str, ...], told: str, tmp_path: Path) -> None:
    kind, domain = (*node, "")[:2]
    domains = (domain,) if domain else ()
    path = written(tmp_path / "m.onnx", [helper.make_node(kind, ["x"], ["y"], domain=domain)], domains=domains)
    with pytest.raises(ModelError, match=rf"{told} \({kind}\).*mattekit quantize"):
        check_operators(path)


@pytest.mark.parametrize(
    ("node", "domain", "told"),
    [
        ("MyOp", "my.domain", r"my\.domain\.MyOp.*operators of one's own"),
        ("NhwcConv", "com.microsoft", r"NhwcConv.*the file from before it"),
        ("StringNormalizer", "", r"StringNormalizer-17.*no texts"),
        ("SplitToSequence", "", "lists of tensors"),
        ("Optional", "", r"Optional-17.*without them"),
    ],
)
def test_what_openvino_does_not_know_is_told_by_name(node: str, domain: str, told: str, tmp_path: Path) -> None:
    domains = (domain,) if domain else ()
    path = written(tmp_path / "m.onnx", [helper.make_node(node, ["x"], ["y"], domain=domain)], domains=domains)
    with pytest.raises(ModelError, match=told):
        read_model(path)


def test_control_flow_that_openvino_runs_is_no_reason_to_refuse(tmp_path: Path) -> None:
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Relu", ["v"], ["w"])],
        "body",
        [
            info("i", onnx.TensorProto.INT64, []),
            info("go", onnx.TensorProto.BOOL, []),
            info("v", onnx.TensorProto.FLOAT, None),
        ],
        [info("goes", onnx.TensorProto.BOOL, []), info("w", onnx.TensorProto.FLOAT, None)],
    )
    weights = [onnx.numpy_helper.from_array(np.int64(2), "n"), onnx.numpy_helper.from_array(np.array(True), "c")]
    path = written(tmp_path / "m.onnx", [helper.make_node("Loop", ["n", "c", "x"], ["y"], body=body)], weights=weights)
    assert read_model(path).outputs


def test_an_answer_that_onnx_runtime_does_not_give_is_refused(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators that nobody has listed yet are found by the first image."""
    pytest.importorskip("onnxruntime", reason="it is the witness, which the extra `export` brings")
    weights = [onnx.numpy_helper.from_array(np.full((1, 3, 1, 1), 0.2, np.float32), "w")]
    nodes = [
        helper.make_node("ReduceL1", ["x"], ["total"], axes=[1]),
        helper.make_node("Conv", ["x", "w"], ["mixed"]),
        helper.make_node("Sub", ["mixed", "total"], ["y"]),
    ]
    path = written(tmp_path / "m.onnx", nodes, weights=weights)
    given = {"height": 8, "width": 8}
    contract = Contract.model_validate({"task": "segmentation", "input": given, "output": {"kind": "alpha"}})
    monkeypatch.setattr("mattekit.core.onnx_operators._WRONG", ())
    opened = load(path, contract=contract)
    with pytest.raises(ParityError, match=r"m\.onnx: OpenVINO answers another thing than ONNX Runtime"):
        require_same_answer(opened, read_image(photo))
    with pytest.raises(ParityError, match="moved the outputs"):
        export_model("mine", tmp_path / "models", weights=path, contract=contract, images=[photo])
    assert not (tmp_path / "models" / "mine" / "fp32").exists()


def test_the_page_names_every_operator_that_is_refused() -> None:
    page = (Path(__file__).parent.parent / "docs" / "own-models.md").read_text(encoding="utf-8")
    assert operators_table() in page
    assert all(name in operators_table() for name in ("ReduceL1", "ConvTranspose", "AveragePool", "Resize", "LRN"))

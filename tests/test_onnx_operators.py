"""What OpenVINO would compute wrongly, or does not know, is refused with the operator's name and a way on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit import export_model, read_image
from mattekit.convert.witness import require_same_answer
from mattekit.core import Contract, ModelError, ParityError, check_operators, operators_table
from mattekit.infer import load, read_model

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


def test_padding_that_is_found_out_is_right_for_fixed_sizes_alone(tmp_path: Path) -> None:
    how = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **how)
    check_operators(written(tmp_path / "fixed.onnx", [node]))
    with pytest.raises(ModelError, match=r"ConvTranspose.*fixed sizes"):
        check_operators(written(tmp_path / "free.onnx", [node], sides=("h", "w")))


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

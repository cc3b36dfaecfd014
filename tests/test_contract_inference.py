"""Contracts are found from photos, and from what a file says by itself; what cannot be told is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mattekit
import numpy as np
import pytest
from mattekit import cli
from mattekit.convert import check_contract, infer_contract, list_models
from mattekit.convert.contracts.graph_front import told_by
from mattekit.core import InputError, read_contract_file, sha256_of
from mattekit.infer import read_model
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")

from discs import linear_network, photos_with_masks

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MINUS = tuple(-each for each in MEAN)
GREY = np.array([1, 1, 1], np.float32)


def call(*words: object) -> tuple[int, str]:
    ended = CliRunner().invoke(cli.app, [str(word) for word in words], terminal_width=200)
    said = str(ended.exception) if isinstance(ended.exception, mattekit.MattekitError) else ""
    return ended.exit_code, ended.output + said


def test_the_order_and_range_that_fit_the_masks_are_found(tmp_path: Path) -> None:
    data = photos_with_masks(tmp_path / "set")
    # Of BGR levels, red is 100 and more.
    path = linear_network(tmp_path / "levels.onnx", np.array([0, 0, 0.2], np.float32), -0.2 * 100)
    found = infer_contract(path, data)
    assert found.contract is not None
    assert found.uncertain == ""
    assert (found.contract.input.colour_order, found.contract.input.divide_by) == ("BGR", 1.0)
    assert found.best[0].score > 0.97
    code, said = call("contract", "infer", path, "--data", data, "-o", tmp_path / "found.toml", "-q")
    assert code == 0
    assert "BGR, levels" in said
    assert read_contract_file(tmp_path / "found.toml") == found.contract
    assert check_contract(path, tmp_path / "found.toml", data).answers[0].iou > 0.9  # pyright: ignore[reportOptionalOperand]


def test_what_the_photos_cannot_tell_is_named(tmp_path: Path) -> None:
    # In grey photos both orders are the same.
    data = photos_with_masks(tmp_path / "grey", grey=True)
    path = linear_network(tmp_path / "unit.onnx", np.array([10, 10, 10], np.float32), -15)
    found = infer_contract(path, data)
    orders = {guess.contract.input.colour_order for guess in found.best}
    assert orders == {"RGB", "BGR"}
    constant = linear_network(tmp_path / "constant.onnx", np.zeros(3, np.float32), 1)
    code, said = call("contract", "infer", constant, "--data", data, "-q")
    assert code == 4
    assert "Not enough evidence: not even the best fits" in said
    with pytest.raises(InputError, match="masks are needed to judge by"):
        infer_contract(path, tmp_path / "grey" / "images")


def levels(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(255 * each for each in values)


@pytest.mark.parametrize(
    ("front", "nhwc", "order", "normal"),
    [
        # What the graph takes for red, green and blue is what ImageNet's numbers say.
        ([("Sub", MEAN), ("Div", STD)], False, "RGB", "unit"),
        ([("Div", 255.0), ("Sub", MEAN), ("Div", STD)], False, "RGB", "levels"),
        ([("Sub", levels(MEAN[::-1])), ("Mul", tuple(1 / each for each in levels(STD[::-1])))], False, "BGR", "levels"),
        ([("Gather", [2, 1, 0]), ("Sub", MEAN), ("Div", STD)], False, "BGR", "unit"),
        ([("Slice", -1), ("Mul", 1 / 255), ("Sub", MEAN), ("Div", STD)], False, "BGR", "levels"),
        ([("Sub", MEAN), ("Div", STD)], True, "RGB", "unit"),
        (
            [("Gather", [-1, -2, -3]), ("Div", 255.0), ("Add", tuple(-each for each in MEAN)), ("Div", STD)],
            True,
            "BGR",
            "levels",
        ),
        # Numbers that were ImageNet's are undone.
        ([("Mul", STD[::-1]), ("Add", MEAN[::-1])], False, "BGR", "imagenet"),
        ([("Mul", 0.5), ("Add", 0.5), ("Sub", MEAN), ("Div", STD)], False, "RGB", "half"),
        ([("Sub", (123.68, 116.779, 103.939))], False, "RGB", "levels"),
    ],
)
def test_a_graph_that_normalises_by_itself_says_what_it_takes_where_no_photo_can(
    front: list[tuple[str, Any]], nhwc: bool, order: str, normal: str, tmp_path: Path
) -> None:
    # The network weighs all channels alike, and photos of discs in grey look the same in any order.
    path = linear_network(tmp_path / "m.onnx", GREY * np.float32(9), 0.0, front, nhwc=nhwc)
    told = told_by(read_model(path))
    assert told
    assert {each.order for each in told} <= {"RGB", "BGR", ""}
    data = photos_with_masks(tmp_path / "grey", grey=True)
    found = infer_contract(path, data)
    assert found.known.startswith("the graph itself normalises: ")
    names = {
        guess.name.split(", ")[0] + " " + guess.name.split(", ")[1]
        for guess in (*found.best, *filter(None, [found.second]))
    }
    assert {name for name in names if not name.endswith("u2net")} == {f"{order} {normal}"}


@pytest.mark.parametrize(
    ("front", "tells"),
    [
        ([("Div", 127.5), ("Sub", 1.0)], True),
        ([("Mul", 2.0), ("Sub", 1.0)], True),
        ([("Mul", 3.0), ("Sub", 0.7)], False),
        ([("Gather", [2, 1, 0])], False),
        ([("Gather", [0, 0, 0]), ("Sub", MEAN), ("Div", STD)], False),
        ([("Sub", (0.4, 0.4, 0.3)), ("Div", STD)], False),
        ([], False),
    ],
)
def test_numbers_of_one_s_own_tell_nothing_and_of_grey_ones_no_order(
    front: list[tuple[str, Any]], *, tells: bool, tmp_path: Path
) -> None:
    told = told_by(read_model(linear_network(tmp_path / "m.onnx", GREY, 0.0, front)))
    assert bool(told) == tells
    assert {each.order for each in told} <= {""}


def test_numbers_that_are_brought_into_shape_first_are_read(tmp_path: Path) -> None:
    import onnx
    from onnx import helper, numpy_helper

    path = linear_network(tmp_path / "m.onnx", GREY, 0.0, [("Sub", MEAN), ("Div", STD)])
    model = onnx.load(str(path))
    for place, values in ((0, MEAN), (1, STD)):
        whole = next(each for each in model.graph.initializer if each.name == f"c{place}")
        whole.CopyFrom(numpy_helper.from_array(np.array(values, np.float16), f"half{place}"))
        axes = numpy_helper.from_array(np.array([0, 2, 3], np.int64), f"axes{place}")
        model.graph.initializer.append(axes)
        model.graph.node.insert(0, helper.make_node("Unsqueeze", [f"float{place}", f"axes{place}"], [f"c{place}"]))
        model.graph.node.insert(0, helper.make_node("Cast", [f"half{place}"], [f"float{place}"], to=1))
    onnx.save(model, str(path))
    assert {(each.order, each.top) for each in told_by(read_model(path))} == {("RGB", 1.0)}


def test_a_published_file_is_known_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = photos_with_masks(tmp_path / "set")
    path = linear_network(tmp_path / "any-name.onnx", np.array([0, 0, 0.2], np.float32), -0.2 * 100)
    found = infer_contract(path, data)
    assert found.contract is not None
    assert found.known == ""
    entry = next(spec for spec in list_models() if spec.id == "modnet")
    weights = replace(entry.weights, sha256=sha256_of(path), size=path.stat().st_size)
    published = replace(entry, contract=found.contract, weights=weights)
    monkeypatch.setattr("mattekit.convert.contracts.ways.list_models", lambda: (published,))
    known = infer_contract(path, data)
    assert (known.contract, known.known) == (found.contract, "the file is the zoo's modnet, by its hash")
    assert (known.second, known.photos) == (None, 3)
    code, said = call("contract", "infer", path, "--data", data, "-q")
    assert code == 0
    assert "as the zoo's modnet" in said
    # Photos that do not suit a network say nothing of its contract.
    assert infer_contract(path, photos_with_masks(tmp_path / "grey", grey=True)).contract == found.contract


def repeating_network(path: Path, mix: float) -> Path:
    """Write a network that makes four pixels of each; `mix` of red goes into blue, and none back."""
    import onnx
    from onnx import helper, numpy_helper

    weights = np.zeros((12, 3, 1, 1), np.float32)
    for channel in range(3):
        weights[channel::3, channel] = 1
    weights[2::3, 0], weights[2::3, 2] = mix, 1 - mix
    image = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, "h", "w"])
    larger = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 3, "2h", "2w"])
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("DepthToSpace", ["c"], ["y"], blocksize=2),
    ]
    graph = helper.make_graph(nodes, "larger", [image], [larger], [numpy_helper.from_array(weights, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_orders_that_enlarge_alike_are_one_and_others_are_told_apart(tmp_path: Path) -> None:
    photos = photos_with_masks(tmp_path / "set").partition(",")[0].removeprefix("images=")
    alike = infer_contract(repeating_network(tmp_path / "alike.onnx", 0.0), photos)
    assert alike.contract is not None
    assert {guess.contract.input.colour_order for guess in alike.best} == {"RGB", "BGR"}
    # What red does to blue is a tenth of what enlarging costs, or all of it.
    slightly = infer_contract(repeating_network(tmp_path / "slightly.onnx", 0.02), photos)
    assert {guess.contract.input.colour_order for guess in slightly.best} == {"RGB", "BGR"}
    much = infer_contract(repeating_network(tmp_path / "much.onnx", 0.6), photos)
    assert much.second is not None
    assert len({guess.contract.input.colour_order for guess in much.best}) == 1

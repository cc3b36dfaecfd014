"""Contracts of networks of one's own: shown, proposed, tried, found, and written inside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mattekit
import numpy as np
import pytest
from mattekit import cli
from mattekit.convert import PRESETS, attach_contract, contract_text, propose_contract
from mattekit.core import (
    Contract,
    ContractError,
    InputError,
    contract_schema,
    read_contract_file,
)
from mattekit.infer import load, read_variant
from typer.testing import CliRunner

pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")

from discs import linear_network, photos_with_masks
from own_networks import KINDS, SIDE, class_network

ROOT = Path(__file__).parent.parent


def call(*words: object) -> tuple[int, str]:
    ended = CliRunner().invoke(cli.app, [str(word) for word in words], terminal_width=200)
    said = str(ended.exception) if isinstance(ended.exception, mattekit.MattekitError) else ""
    return ended.exit_code, ended.output + said


@pytest.mark.parametrize("name", KINDS)
def test_what_is_proposed_for_each_kind_of_file_is_what_it_takes(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    file = kind.write(tmp_path)
    (tmp_path / "true.toml").write_text(kind.contract)
    true = read_contract_file(tmp_path / "true.toml")
    seen = mattekit.inspect_model(file, true)
    assert (seen.source, seen.mistake) == ("given", "")
    found = propose_contract(file)
    (tmp_path / "found.toml").write_text(found.text)
    assert read_contract_file(tmp_path / "found.toml") == found.contract
    assert mattekit.inspect_model(file, found.contract).mistake == ""
    assert found.contract.task == true.task
    assert found.contract.output.scale == true.output.scale
    assert (found.contract.input.layout, found.contract.input.dtype) == (true.input.layout, true.input.dtype)
    if SIDE in (seen.interface.inputs[0].shape or ()):
        assert (found.contract.input.height, found.contract.input.width) == (true.input.height, true.input.width)
    else:
        assert found.contract.input.height is None
    if true.output.kind == "classes" and not true.output.indices:
        assert len(found.contract.output.labels) == len(true.output.labels)


def test_a_file_is_shown_with_its_inputs_outputs_and_contract(tmp_path: Path) -> None:
    file = class_network(tmp_path / "net.onnx", ends="aside", names=("pixels:0", "scores/0"))
    code, said = call("contract", "show", file)
    assert code == 0
    assert "1x3x32x32" in said
    assert all(name in said for name in ("pixels:0", "scores/0", "aux", "No contract", "net.contract.toml"))
    call("contract", "init", file, "-o", tmp_path / "net.contract.toml")
    code, said = call("contract", "show", file, "--json")
    told = json.loads(said)
    assert told["source"] == str(tmp_path / "net.contract.toml")
    assert told["contract"]["output"]["name"] == "scores/0"
    assert [each["name"] for each in told["outputs"]] == ["aux", "scores/0"]
    (tmp_path / "other.toml").write_text('task = "segmentation"\n[input]\n[output]\nkind = "alpha"\n')
    assert "The file is not as it says" in call("contract", "show", file, "--contract", tmp_path / "other.toml")[1]


def test_a_final_operator_tells_the_range(tmp_path: Path) -> None:
    told = {
        ends: mattekit.inspect_model(class_network(tmp_path / f"{ends}.onnx", 1 if ends == "sigmoid" else 2, ends=ends))
        for ends in ("sigmoid", "softmax", "argmax")
    }
    assert [seen.ranges[0] for seen in told.values()] == ["0 to 1", "0 to 1, the channels' sum is 1", "class numbers"]
    proposed = {ends: propose_contract(seen.path).contract.output for ends, seen in told.items()}
    assert proposed["sigmoid"].activation == "none"
    assert (proposed["softmax"].activation, proposed["softmax"].channel) == ("none", 1)
    assert proposed["argmax"].indices


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_makes_a_contract(name: str, tmp_path: Path) -> None:
    for channels, file in ((1, "mask.onnx"), (3, "classes.onnx")):
        found = propose_contract(class_network(tmp_path / file, channels), name)
        expected = dict(PRESETS[name].input)
        for key, value in expected.items():
            assert getattr(found.contract.input, key) == value
        assert name in found.text


def test_a_preset_that_is_none_is_refused_with_what_is_near(tmp_path: Path) -> None:
    code, said = call("contract", "init", class_network(tmp_path / "net.onnx"), "--preset", "imagnet")
    assert code == 1
    assert "did you mean imagenet or" in said


def test_given_inside_and_beside_hold_in_this_order(tmp_path: Path) -> None:
    file = class_network(tmp_path / "net.onnx")
    labels = {where: ["background", f"{where} 1", f"{where} 2"] for where in ("beside", "inside", "given")}
    contracts = {
        where: Contract.model_validate(
            {
                "task": "segmentation",
                "input": {"height": SIDE, "width": SIDE},
                "output": {"kind": "classes", "labels": names},
            }
        )
        for where, names in labels.items()
    }
    with pytest.raises(ContractError) as refused:
        read_variant(file)
    for way in ("carries no contract", "net.contract.toml", "--contract", "mattekit contract init net.onnx"):
        assert way in str(refused.value)
    (tmp_path / "net.contract.toml").write_text(contract_text(contracts["given"]))
    (tmp_path / "net.onnx.contract.toml").write_text(contract_text(contracts["beside"]))
    assert read_variant(file).contract == contracts["beside"]
    inside = attach_contract(file, contracts["inside"], tmp_path / "copy" / "net.onnx")
    (tmp_path / "copy" / "net.contract.toml").write_text(contract_text(contracts["beside"]))
    assert read_variant(inside).contract == contracts["inside"]
    assert read_variant(inside, otherwise=contracts["given"]).contract == contracts["inside"]
    assert read_variant(inside, contracts["given"]).contract == contracts["given"]
    assert read_variant(file, otherwise=contracts["given"]).contract == contracts["given"]


@pytest.mark.parametrize("outside", [False, True])
def test_a_copy_with_its_contract_inside_needs_no_other(outside: bool, tmp_path: Path) -> None:
    file = class_network(tmp_path / "net.onnx", outside=outside)
    call("contract", "init", file, "-o", tmp_path / "my.toml")
    code, said = call("contract", "attach", file, "--contract", tmp_path / "my.toml", "-o", tmp_path / "new/net.onnx")
    assert (code, said.strip()) == (0, str(tmp_path / "new" / "net.onnx"))
    assert load(tmp_path / "new" / "net.onnx").contract == read_contract_file(tmp_path / "my.toml")
    ir = attach_contract(
        mattekit.export_model("mine", tmp_path, weights=file, contract=tmp_path / "my.toml").ir.path,
        tmp_path / "my.toml",
        tmp_path / "ir" / "net.xml",
    )
    assert load(ir).contract == read_contract_file(tmp_path / "my.toml")
    assert not list((tmp_path / "ir").glob(".*"))
    (tmp_path / "wrong.toml").write_text('task = "segmentation"\n[input]\n[output]\nkind = "alpha"\n')
    with pytest.raises(ContractError, match="takes a height of 32"):
        attach_contract(file, tmp_path / "wrong.toml", tmp_path / "none.onnx")
    with pytest.raises(InputError, match=r"give .*none\.onnx"):
        attach_contract(file, tmp_path / "my.toml", tmp_path / "none.xml")
    assert not list(tmp_path.glob("none*"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'task = "segmentation"\n[input]\nheigth = 3\n[output]\nkind = "alpha"',
            "no input.heigth; did you mean height or",
        ),
        ('task = "segmentation"\n[input]\n[output]\n', "needs output.kind"),
        ('[input]\n[output]\nkind = "alpha"', "needs task"),
        ('task = "segmentation"\n[input]\ncolour_order = "GBR"\n[output]\nkind = "alpha"', "input.colour_order"),
        ("task = ", "not a TOML file"),
    ],
)
def test_a_mistake_in_a_contract_is_told_in_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(mattekit.MattekitError) as refused:
        read_contract_file(file)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{file}: ")


def test_the_schema_in_the_documentation_is_the_program_s_own() -> None:
    assert (ROOT / "docs" / "contract.schema.json").read_text() == contract_schema()
    code, said = call("contract", "schema")
    assert (code, said) == (0, contract_schema())


def test_constant_masks_are_no_evidence(tmp_path: Path) -> None:
    data = photos_with_masks(tmp_path / "set")
    constant = linear_network(tmp_path / "constant.onnx", np.zeros(3, np.float32), 9)
    call("contract", "init", constant, "-o", tmp_path / "my.toml")
    code, said = call("contract", "check", constant, "--contract", tmp_path / "my.toml", "--data", data)
    assert code == 4
    assert re.search(r"100\.0%.*Not enough evidence: each mask is constant", said, re.DOTALL)

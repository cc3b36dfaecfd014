"""Gates on what a model is and how it answers: five ways of breaking one, and each is condemned for what it is."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from called import Call
from mattekit.bench import AgreementGate, Gate, IdentityGate, evaluate, judge, read_gates
from mattekit.bench.accuracy.kept_answers import KEPT, answer_difference, kept_answer
from mattekit.bench.gates.gate_file import is_metric
from mattekit.core import BenchRecord, Contract, ValidateRecord, Verdict, read_record
from mattekit.infer import read_model, read_variant
from openvino import opset13 as ops

ROOT = Path(__file__).resolve().parents[1]
DATA = "synthetic:count=12,size=96x64"
GATES = """
[[identity]]
model = "u2netp"
unchanged = ["contract", "weights", "precision", "files", "tools"]
precisions = ["fp32"]

[[agreement]]
model = "u2netp"
max_difference = 0.002
"""

Break = Callable[[Path], None]


@pytest.fixture
def model(segmentation_ir: Path, tmp_path: Path) -> Path:
    """A copy of a small export, to be broken."""
    return Path(shutil.copytree(segmentation_ir, tmp_path / "models" / "fp32"))


@pytest.fixture(scope="module")
def before(segmentation_ir: Path) -> ValidateRecord:
    return evaluate(segmentation_ir, DATA, metrics=("iou",)).record


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    path = tmp_path / "gates.toml"
    path.write_text(GATES)
    return path


def _rewrite(
    folder: Path, change: Callable[[Contract], Contract] | None = None, layer: Callable[[Any], Any] | None = None
) -> None:
    """Write the IR again as somebody else's tool would: with another contract, or with a layer behind its input."""
    from mattekit.convert.ir import write_ir

    path = folder / "model.xml"
    found = read_variant(path)
    network: Any = read_model(path)
    if layer:
        source = network.get_parameters()[0]
        users = list(source.output(0).get_target_inputs())
        added = layer(source)
        for user in users:
            user.replace_source_output(added.output(0))
    if change:
        changed = change(found.contract)
        network.reshape([1, 3, changed.input.height or -1, changed.input.width or -1])
        network.set_rt_info(changed.to_json(), ["mattekit", "contract"])
    (folder / ".mattekit-files").unlink(missing_ok=True)
    (folder / "new").mkdir()
    write_ir(network, folder / "new" / "model.xml", fp16=False)
    del network
    for name in ("model.xml", "model.bin"):
        (folder / "new" / name).replace(folder / name)


def _unnormalised(folder: Path) -> None:
    def change(contract: Contract) -> Contract:
        inner = contract.input.model_copy(update={"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)})
        return contract.model_copy(update={"input": inner})

    _rewrite(folder, change)


def _swapped(folder: Path) -> None:
    _rewrite(folder, layer=lambda source: ops.gather(source, np.array([2, 1, 0]), np.array(1)))


def _resized(folder: Path) -> None:
    _rewrite(folder, lambda contract: contract.with_size(128, 160))


def _quantized(folder: Path) -> None:
    limits = [ops.constant(np.float32(value)) for value in (-3, 3, -3, 3)]
    _rewrite(folder, layer=lambda source: ops.fake_quantize(source, *limits, 256))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (_unnormalised, r"contract: input\.mean was \[0\.485, 0\.456, 0\.406\], is \[0\.0, 0\.0, 0\.0\]"),
        (_swapped, r"answers differ by 0\.\d+ on average of 12 images"),
        (_resized, r"contract: input\.width was 128, is 160"),
        (_quantized, r"the stored precision was fp32, is int8"),
    ],
)
def test_what_was_broken_on_purpose_fails_and_the_difference_is_named(
    broken: Break, reason: str, model: Path, before: ValidateRecord, gates: Path, tmp_path: Path, call: Call
) -> None:
    before.write(tmp_path / "before.json")
    given = ("validate", model, "--data", DATA, "--metrics", "iou", "-o", tmp_path / "out", "--worst", "0")
    judged = ("--gate", gates, "--baseline", tmp_path / "before.json", "--quiet")
    assert call(*given, *judged).code == 0
    broken(model)
    ended = call(*given, "--replace", *judged)
    assert ended.code == 3
    assert re.search(reason, ended.out.replace("\n", " "))


def test_a_flipped_byte_of_the_weights_fails_before_anything_runs(
    model: Path, gates: Path, tmp_path: Path, call: Call
) -> None:
    weights = bytearray((model / "model.bin").read_bytes())
    weights[len(weights) // 2] ^= 1
    (model / "model.bin").write_bytes(weights)
    given = ("--gate", gates, "--junit", tmp_path / "gate.xml", "--markdown", tmp_path / "gate.md")
    ended = call("validate", model, "--data", DATA, *given, "-o", tmp_path / "out")
    assert ended.code == 3
    assert "model.bin: the file was changed since mattekit wrote it" in ended.err
    assert ET.parse(tmp_path / "gate.xml").getroot().get("failures") == "1"
    assert "the file was changed" in (tmp_path / "gate.md").read_text()
    for command in (("bench", model), ("package", model, "-o", tmp_path / "p")):
        assert call(*command).code == 3


def test_a_model_that_cannot_be_read_is_told_to_a_ci_too(gates: Path, tmp_path: Path, call: Call) -> None:
    given = ("--gate", gates, "--junit", tmp_path / "gate.xml", "--json", tmp_path / "gate.json")
    assert call("validate", tmp_path / "nothing.xml", "--data", DATA, *given).code == 1
    root = ET.parse(tmp_path / "gate.xml").getroot()
    assert (root.get("failures"), root.get("errors")) == ("0", "1")
    assert "nothing.xml" in json.loads((tmp_path / "gate.json").read_text())["verdicts"][0]["reason"]


def _one(gate: IdentityGate | AgreementGate, after: ValidateRecord, *before: ValidateRecord) -> Verdict:
    (verdict,) = judge([gate], [after], before)
    return verdict


def test_what_is_stated_is_compared_and_what_is_not_may_be_anything(before: ValidateRecord) -> None:
    variant = before.variants[0]
    right = IdentityGate(
        weights=variant.weights_sha256,
        contract={"input": {"mean": [0.485, 0.456, 0.406]}, "task": "segmentation"},
        tools={"openvino": "20*"},
        precisions=("fp32",),
    )
    assert [verdict.status for verdict in judge([right], [before])] == ["passed"] * 4
    wrong = IdentityGate(contract={"input": {"colour_order": "BGR"}})
    assert _one(wrong, before).reason == "the contract: input.colour_order is RGB, and must be BGR"
    assert _one(IdentityGate(tools={"torch": "1.*"}), before).status == "failed"
    assert _one(IdentityGate(weights="0" * 64), before).status == "failed"
    # Of a baseline that is not there, of another model, or of a record that doesn't say it, nothing is known.
    assert _one(IdentityGate(model="other", unchanged=("contract",)), before, before).status == "not enough evidence"
    assert "give its record" in _one(IdentityGate(unchanged=("contract",)), before).reason
    assert "doesn't say the opset" in _one(IdentityGate(unchanged=("opset",)), before, before).reason
    assert _one(IdentityGate(opset=18), before).status == "not enough evidence"


def test_answers_are_judged_by_the_image_that_differs_most(before: ValidateRecord) -> None:
    assert len(before.answers) == KEPT
    gate = AgreementGate(max_difference=0.0)
    assert _one(gate, before, before).status == "passed"
    name, answer = next(iter(before.answers.items()))
    other = kept_answer(np.ones((64, 96), np.float32), None)
    far = answer_difference(answer, other)
    assert far is not None
    after = before.model_copy(update={"answers": {**before.answers, name: other}})
    verdict = _one(gate, after, before)
    assert verdict.status == "failed"
    assert verdict.amount == far
    assert f"on {name}" in verdict.reason
    assert _one(AgreementGate(max_difference=far), after, before).status == "passed"
    elsewhere = before.model_copy(update={"data": before.data.model_copy(update={"sha256": "0"})})
    assert "on the same images" in _one(gate, after, elsewhere).reason
    silent = before.model_copy(update={"answers": {}})
    assert _one(gate, before, silent).status == "not enough evidence"
    assert _one(gate, silent, before).status == "not enough evidence"


def test_answers_of_classes_and_colours_are_kept_too() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 3, (40, 50), dtype=np.uint8)
    kept = kept_answer(np.zeros((40, 50), np.float32), numbers)
    assert kept.kind == "classes"
    assert answer_difference(kept, kept_answer(np.zeros((40, 50), np.float32), (numbers + 1) % 3)) == 1
    red, blue = np.zeros((2, 200, 300, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    assert answer_difference(kept_answer(red, None), kept_answer(blue, None)) == pytest.approx(2 / 3)
    assert answer_difference(kept, kept_answer(red, None)) is None


def test_every_metric_that_the_code_measures_may_be_gated(tmp_path: Path, shared_benchmark: BenchRecord) -> None:
    files = [path for room in ("bench", "infer", "quantize", "workflow") for path in (ROOT / room).rglob("*.py")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r'(?:\.measured\(|lower\(|metric=)\s*"(\w+)"', sources)) - {"agreement", "identity"}
    assert "compile_time" in named
    for name in named | {figure.metric for figure in shared_benchmark.measurements}:
        assert is_metric(name), name
        (tmp_path / "g.toml").write_text(f"[[gate]]\nmetric = '{name}'\nmin = 0\n")
        assert read_gates(tmp_path / "g.toml") == (Gate(metric=name, min=0),)


def test_what_a_record_says_of_a_model_comes_back_from_its_file(before: ValidateRecord, tmp_path: Path) -> None:
    before.write(tmp_path / "r.json")
    again = read_record(tmp_path / "r.json", ValidateRecord)
    assert again.variants == before.variants
    assert again.answers == before.answers
    assert again.variants[0].contract["task"] == "segmentation"

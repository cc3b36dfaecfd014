"""A recipe takes a network of one's own, with its contract."""

from __future__ import annotations

from pathlib import Path

import pytest
from mattekit.core import InputError
from mattekit.workflow.planning import plan_stages
from mattekit.workflow.recipes import read_recipe
from own_networks import KINDS

pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")

RECIPE = """
name = "own"
[[model]]
id = "mine"
weights = "{file}"
contract = "own.toml"
precisions = ["fp32", "fp16"]
validate = {{ data = "images=i,masks=m" }}
parity = {{}}
"""


@pytest.mark.parametrize("name", ["classes", "ir"])
def test_a_network_of_ones_own_is_exported_with_its_contract(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = KINDS[name]
    file = kind.write(tmp_path)
    (tmp_path / "own.toml").write_text(kind.contract)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(file=file.name))
    stages = plan_stages(read_recipe(tmp_path / "recipe.toml"), tmp_path / "out")
    first = stages[0]
    assert first.command[:2] == ("export", "mine")
    assert [first.command[place + 1] for place, word in enumerate(first.command) if word == "--contract"] == [
        "own.toml"
    ]
    assert set(first.files) == {Path(file.name), Path("own.toml")}
    # Of an IR no ONNX file is made, and neither has a module that parity could begin with.
    assert any(path.suffix == ".onnx" for path in first.outputs) == (name == "classes")
    parity = next(stage for stage in stages if stage.name.startswith("parity"))
    assert not any(word.startswith("torch:") for word in parity.command)


@pytest.mark.parametrize(
    ("name", "stored", "possible", "stages"),
    [
        ("half", "fp16", ["fp16", "int8"], ["export-fp16 mine", "quantize mine"]),
        ("other-int8", "int8", ["int8"], ["export-int8 mine"]),
    ],
)
def test_what_is_stored_narrower_stays_so_and_is_not_asked_for_as_more(
    name: str, stored: str, possible: list[str], stages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kind = KINDS[name]
    file = kind.write(tmp_path)
    (tmp_path / "own.toml").write_text(kind.contract)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(file=file.name))
    with pytest.raises(InputError, match=f"stored in {stored} already.*{', '.join(possible)}"):
        plan_stages(read_recipe(recipe), tmp_path / "out")
    recipe.write_text(RECIPE.format(file=file.name).replace('["fp32", "fp16"]', str(possible).replace("'", '"')))
    planned = plan_stages(read_recipe(recipe), tmp_path / "out")
    made = [stage for stage in planned if stage.name in stages]
    assert [stage.name for stage in made] == stages
    assert not [stage.name for stage in planned if stage.name.startswith(("export", "quantize")) and stage not in made]
    assert made[0].outputs[0] == tmp_path / "out" / "models" / "mine" / stored / "model.xml"
    assert all(stage.command[1].endswith(stored) for stage in made if stage.command[0] == "quantize")


def test_a_contract_without_a_network_makes_no_sense(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('name = "own"\n[[model]]\nid = "u2netp"\ncontract = "own.toml"\n')
    with pytest.raises(InputError, match="add weights"):
        read_recipe(tmp_path / "recipe.toml")

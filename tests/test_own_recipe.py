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


def test_a_contract_without_a_network_makes_no_sense(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text('name = "own"\n[[model]]\nid = "u2netp"\ncontract = "own.toml"\n')
    with pytest.raises(InputError, match="add weights"):
        read_recipe(tmp_path / "recipe.toml")

"""Recipes: what they may say, what is due when, and whole builds with real parts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tiny
from called import Call
from conftest import MakeOnce
from mattekit.core import InputError
from mattekit.workflow import build_recipe, schema_text
from mattekit.workflow.recipes import read_recipe

ROOT = Path(__file__).resolve().parents[1]

SMALL = """\
name = "small"

[[model]]
id = "rembg-u2netp"
weights = "small.onnx"
precisions = ["fp32"]
package = { colour_order = "BGR" }
"""


def written(folder: Path, text: str) -> Path:
    """A recipe's file in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def small(folder: Path) -> Path:
    """The recipe SMALL, with its network beside it."""
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    path = written(folder, SMALL)
    tiny.write_onnx(folder / "small.onnx")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"\n\n[[model]]\nid = "mattelite"\nprecision = ["fp32"]\n', ":5: model.1.precision"),
        ('name = "x"\n[[model]]\nid = "a"\n[[model]]\nid = "b"\nbench = { rounds = 0 }\n', ":6: model.2.bench.rounds"),
        ('name = "x"\n[[model]]\nid = "a"\n[model.quantize]\nlimit = "many"\n', ":5: model.1.quantize.limit"),
        ('name = "x"\n[[model]]\nid = "a"\nquantize = {}\n', "quantize makes int8"),
        ('name = "x"\n[[model]]\nid = "a"\n[[model]]\nid = "a"\n', "a model is there twice"),
        ('name = "x"\n', "model: Field required"),
        ("name = \n", "not a TOML file"),
        ('name = "x"\n[[model]]\nid = "a"\nweights = "../w.pth"\n', "leads out of the recipe's folder"),
        (
            'name = "x"\n[[model]]\nid = "a"\nvalidate = { data = "hr=/data/set5" }\n',
            "leads out of the recipe's folder",
        ),
        ('name = "x"\n[[model]]\nid = "a"\nweights = "${HOME}/w.pth"\n', "HOME} is not declared"),
        ('name = "x"\n[variables]\nD = { env = "NOT_SET_HERE" }\n[[model]]\nid = "a"\n', "D has no value"),
    ],
)
def test_a_wrong_recipe_is_told_with_its_line_and_key(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_recipe(path, {"HOME": "/root"})
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_variables_come_from_the_environment_only_where_declared(tmp_path: Path) -> None:
    text = 'name = "x"\n[variables]\nD = { env = "DATA_HERE", default = "fallback" }\nE = "fixed"\n'
    path = written(tmp_path, text + '[[model]]\nid = "a"\nweights = "${D}/${E}.pth"\n')
    assert read_recipe(path, {"DATA_HERE": "/data", "E": "not this"}).model[0].weights == "/data/fixed.pth"
    assert read_recipe(path, {}).model[0].weights == "fallback/fixed.pth"


def test_the_published_schema_is_the_recipes() -> None:
    assert (ROOT / "docs" / "recipe.schema.json").read_text() == schema_text()
    jsonschema = pytest.importorskip("jsonschema", reason="validating a schema needs jsonschema")
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))
    import tomllib

    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    for path in sorted((ROOT / "recipes").glob("*.toml")):
        validator.validate(tomllib.loads(path.read_text()))


@pytest.mark.parametrize("name", ["bundled", "official"])
def test_the_recipes_in_the_repository_can_be_planned(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    shutil.copytree(ROOT / "recipes", folder, ignore=shutil.ignore_patterns("out", "*.lock"))
    made = build_recipe(folder / f"{name}.toml", check=True)
    assert {outcome.state for outcome in made.outcomes} == {"due"}
    assert not list(folder.rglob("*.lock"))


@pytest.fixture(scope="module")
def built(make_once: MakeOnce) -> Path:
    """A recipe that was built. Shared: copy its folder before changing anything."""

    def fill(folder: Path) -> None:
        made = build_recipe(small(folder))
        assert [outcome.state for outcome in made.outcomes] == ["ran", "ran"]

    return make_once("built", fill) / "recipe.toml"


def copied(path: Path, target: Path) -> Path:
    """The recipe with its results in another place."""
    shutil.copytree(path.parent, target)
    return target / path.name


def states(path: Path, *, check: bool = False) -> dict[str, str]:
    """What becomes of each stage."""
    return {each.stage.name: each.state for each in build_recipe(path, check=check).outcomes}


def test_nothing_runs_twice_wherever_the_results_lie(built: Path, tmp_path: Path) -> None:
    moved = copied(built, tmp_path / "elsewhere")
    assert set(states(moved).values()) == {"kept"}


def test_what_becomes_of_each_stage_is_told_and_in_the_record(built: Path) -> None:
    told: list[object] = []
    found = build_recipe(str(built), check=True, tell=told.append)
    assert told == list(found.outcomes)
    assert [stage.name for stage in found.record.stages] == [each.stage.name for each in found.outcomes]
    assert found.exit_code == 0


def test_what_is_altered_or_gone_is_made_again_and_only_that(built: Path, tmp_path: Path) -> None:
    moved = copied(built, tmp_path / "here")
    (moved.parent / "out" / "packages" / "rembg-u2netp-fp32" / "contract.json").write_text("{}")
    assert states(moved, check=True) == {"export-fp32 rembg-u2netp": "kept", "package-fp32 rembg-u2netp": "due"}
    moved.write_text(SMALL.replace("BGR", "RGB"))
    reasons = {each.stage.name: each.reason for each in build_recipe(moved, check=True).outcomes}
    assert reasons["export-fp32 rembg-u2netp"] == "nothing changed"
    assert "command" in reasons["package-fp32 rembg-u2netp"]


@pytest.mark.slow
def test_what_was_altered_is_kept_and_what_is_not_the_recipes_stays(built: Path, tmp_path: Path) -> None:
    moved = copied(built, tmp_path / "here")
    package = moved.parent / "out" / "packages" / "rembg-u2netp-fp32"
    (package / "README.md").write_text("my notes")
    assert states(moved)["package-fp32 rembg-u2netp"] == "ran"
    assert "my notes" not in (package / "README.md").read_text()
    kept = moved.parent / "out" / ".build" / "altered" / "packages" / "rembg-u2netp-fp32" / "README.md"
    assert kept.read_text() == "my notes"
    (package / "mine.txt").write_text("mine")
    (package / "card.json").unlink()
    made = build_recipe(moved)
    assert [each.state for each in made.outcomes] == ["kept", "failed"]
    assert "holds mine.txt" in made.outcomes[1].reason
    assert (package / "mine.txt").read_text() == "mine"


def test_weights_of_two_fine_tunes_stand_in_one_recipe(tmp_path: Path) -> None:
    entry = '[[model]]\nid = "rembg-u2netp"\nname = "{0}"\nweights = "{0}.onnx"\nprecisions = ["fp32"]\n'
    path = written(tmp_path, 'name = "two"\n' + entry.format("old") + entry.format("new"))
    for name in ("old", "new"):
        tiny.write_onnx(tmp_path / f"{name}.onnx")
    assert list(states(path, check=True)) == ["export-fp32 rembg-u2netp-old", "export-fp32 rembg-u2netp-new"]


def test_a_build_that_was_stopped_goes_on(built: Path, tmp_path: Path) -> None:
    moved = copied(built, tmp_path / "here")
    shutil.rmtree(moved.parent / "out" / "packages")
    (moved.parent / "out" / ".build" / "package-fp32--rembg-u2netp.json").unlink()
    assert states(moved) == {"export-fp32 rembg-u2netp": "kept", "package-fp32 rembg-u2netp": "ran"}


def test_a_stage_that_fails_stops_what_needs_it_and_tells_why(tmp_path: Path) -> None:
    text = 'name = "x"\n[[model]]\nid = "rembg-u2netp"\nweights = "broken.onnx"\npackage = {}\n'
    path = written(tmp_path, text)
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    made = build_recipe(path)
    assert [each.state for each in made.outcomes] == ["failed", "skipped"]
    assert made.exit_code == 1
    assert "broken.onnx" in made.outcomes[0].reason


def test_weights_that_changed_are_refused_until_that_is_accepted(built: Path, tmp_path: Path) -> None:
    moved = copied(built, tmp_path / "here")
    lock = moved.with_suffix(".lock")
    content = json.loads(lock.read_text())
    content["weights"]["rembg-u2netp"] = "0" * 64
    lock.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"the weights of rembg-u2netp changed .* --update"):
        build_recipe(moved)
    assert {each.state for each in build_recipe(moved, update=True).outcomes} == {"kept"}
    assert json.loads(lock.read_text())["weights"]["rembg-u2netp"] != "0" * 64


@pytest.mark.slow
def test_two_builds_in_clean_folders_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    path = small(tmp_path / "again")
    build_recipe(path)
    for name in ("models/rembg-u2netp/fp32/model.xml", "models/rembg-u2netp/fp32/model.bin"):
        assert (path.parent / "out" / name).read_bytes() == (built.parent / "out" / name).read_bytes()


def test_the_command_line_says_what_would_run(built: Path, call: Call) -> None:
    done = call("build", built, "--check")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "kept    export-fp32 rembg-u2netp: nothing changed",
        "kept    package-fp32 rembg-u2netp: nothing changed",
        "2 kept",
    ]


GATED = """\
name = "gated"

[variables]
DATA = { env = "MY_DATA" }

[[model]]
id = "rembg-u2netp"
weights = "${DATA}/small.onnx"
gates = "gates.toml"
validate = { data = "${DATA}/set", metrics = ["iou"] }

[report]
formats = ["md"]
"""


def laid(folder: Path, *, seed: int = 0) -> Path:
    """The weights and the data of GATED."""
    from mattekit.datasets import synthetic, write_synthetic

    write_synthetic(synthetic(2, seed=seed, height=64, width=80), folder / "set")
    tiny.write_onnx(folder / "small.onnx")
    return folder


@pytest.mark.slow
def test_data_may_lie_anywhere_and_what_failed_is_told_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    path = written(tmp_path / "r", GATED)
    gates = path.with_name("gates.toml")
    gates.write_text("[[gate]]\nmetric = 'iou'\nmin = 1.1\nsamples = 1\n")
    monkeypatch.setenv("MY_DATA", str(laid(tmp_path / "here")))
    made = build_recipe(path)
    gate = made.outcomes[2]
    assert (gate.stage.name, gate.state, gate.exit_code) == ("gate rembg-u2netp", "ran", 3)
    assert gate.reason.startswith("FAILED: iou min")
    assert made.exit_code == 3
    # The same data elsewhere is the same; other data is not, and the lock says which.
    monkeypatch.setenv("MY_DATA", str(laid(tmp_path / "there")))
    again = build_recipe(path)
    assert {each.state for each in again.outcomes} == {"kept"}
    assert "FAILED: iou min" in again.outcomes[2].reason
    assert str(tmp_path) not in path.with_suffix(".lock").read_text()
    monkeypatch.setenv("MY_DATA", str(laid(tmp_path / "other", seed=1)))
    with pytest.raises(InputError, match="the data set rembg-u2netp validate data changed"):
        build_recipe(path, check=True)
    # A mistyped gate leaves the report without its verdict, and not with that of before.
    monkeypatch.setenv("MY_DATA", str(tmp_path / "here"))
    gates.write_text("[[gate]]\nmetric = 'iuo'\nmin = 0.5\n")
    report = path.parent / "out" / "report.md"
    assert "FAILED" in report.read_text().upper()
    broken = build_recipe(path)
    assert [each.state for each in broken.outcomes] == ["kept", "kept", "failed", "ran"]
    assert "did you mean iou" in broken.outcomes[2].reason
    assert broken.exit_code == 2
    assert "min 1.1" not in report.read_text()
    assert "rembg-u2netp" in report.read_text()

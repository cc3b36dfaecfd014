"""`mattekit init`, and the workflows that people copy: each is of GitHub's form, and each of its steps runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
from called import Call
from mattekit.bench import read_gates
from mattekit.core import InputError, Verdict
from mattekit.reports import workflow_commands
from mattekit.workflow import InitSettings, init_recipe
from mattekit.workflow.recipes import read_recipe
from mattekit.workflow.starting import recipe_text

yaml = pytest.importorskip("yaml", reason="reading workflows needs PyYAML")

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = ("docs/model-gate.yml", "docs/recipe-build.yml")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A repository with a small network of one's own, and nothing else."""
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    folder = tmp_path / "repository"
    folder.mkdir()
    tiny.write_onnx(folder / "small.onnx")
    return folder


def _schema(name: str) -> Any:
    from importlib import resources

    pytest.importorskip("check_jsonschema", reason="GitHub's schemas come with check-jsonschema")
    return json.loads((resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / name).read_text())


def _steps(path: Path) -> Iterator[dict[str, Any]]:
    content = yaml.safe_load(path.read_text())
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    for job in jobs:
        yield from job["steps"]


def _run(step: dict[str, Any], folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does: bash, which ends at the first command that fails; pip only says what it would do."""
    script = step["run"].replace("pip install", "true pip install")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), **given}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("path", "schema"),
    [*((path, "github-workflows.json") for path in WORKFLOWS), ("action.yml", "github-actions.json")],
)
def test_workflows_and_the_action_are_of_githubs_form(path: str, schema: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="validating a schema needs jsonschema")
    content = yaml.safe_load((ROOT / path).read_text())
    # YAML 1.1, which PyYAML reads, takes the key for a truth value.
    told = {("on" if key is True else key): value for key, value in content.items()}
    jsonschema.validate(told, _schema(schema))


@pytest.mark.slow
def test_what_init_writes_passes_and_then_holds(own: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    data = "synthetic:count=4,size=96x64"
    done = call("init", "rembg-u2netp", "--weights", "small.onnx", "--data", data, "--install", "/a/place[all]")
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if (own / line).exists()] == [
        "recipe.toml",
        "gates.toml",
        "baseline",
        ".github/workflows/model.yml",
        "recipe.lock",
    ]
    assert str(own) not in (own / "recipe.toml").read_text()
    assert len(read_gates("gates.toml")) == 3
    content = yaml.safe_load((own / ".github/workflows/model.yml").read_text())
    assert "/a/place[all]" in content["jobs"]["gate"]["env"]["MATTEKIT"]
    jsonschema = pytest.importorskip("jsonschema", reason="validating a schema needs jsonschema")
    jsonschema.validate(
        {("on" if key is True else key): value for key, value in content.items()}, _schema("github-workflows.json")
    )
    # A runner has a checkout alone, and each step of the workflow and of the action runs there.
    shutil.rmtree(own / "out")
    for path in (own / ".github/workflows/model.yml", ROOT / "action.yml"):
        given = {"RECIPE": "recipe.toml", "OUT": "out", "EXTRAS": "all", "GITHUB_ACTION_PATH": str(ROOT)}
        for step in _steps(path):
            if "run" in step:
                ended = _run(step, own, MATTEKIT="mattekit", **given)
                assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "rembg-u2netp" in (own / "summary.md").read_text()
    # Other weights under the same name are found, at the gate's line.
    gates = (own / "gates.toml").read_text().splitlines()
    line = next(number for number, text in enumerate(gates, start=1) if text.startswith("[[agreement]]"))
    tiny.write_onnx(own / "small.onnx", sign=-1)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    broken = call("build", "recipe.toml", "--update")
    assert broken.code == 3
    assert re.search(rf"::error file=gates\.toml,line={line},title=failed%3A agreement", broken.out)
    assert "the checkpoint was" in broken.out


def test_init_replaces_nothing_and_leaves_nothing_half_done(
    own: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own)
    (own / "gates.toml").write_text("mine")
    ended = call("init", "rembg-u2netp", "--weights", "small.onnx")
    assert (ended.code, "gates.toml: it is there already" in ended.err) == (1, True)
    assert (own / "gates.toml").read_text() == "mine"
    (own / "gates.toml").unlink()
    with pytest.raises(InputError, match="did you mean mattelite"):
        init_recipe("mattelit", out=own)
    with pytest.raises(InputError, match="data"):
        init_recipe("rembg-u2netp", weights="small.onnx", data="nowhere", out=own)
    assert sorted(path.name for path in own.iterdir() if path.name != "out") == ["small.onnx"]
    assert call("init").code == 2


def test_what_lies_outside_of_the_recipes_folder_is_a_variable(own: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    settings = InitSettings(data=f"images={tmp_path / 'photos'},masks={own}", weights=own / "small.onnx", limit=3)
    (own / "recipe.toml").write_text(recipe_text("rembg-u2netp", own, settings, gated=False))
    text = (own / "recipe.toml").read_text()
    assert 'weights = "small.onnx"' in text
    assert 'validate = { data = "${DATA}", limit = 3 }' in text
    validation = read_recipe(own / "recipe.toml", {"MATTEKIT_DATA": "elsewhere"}).model[0].validation
    assert validation is not None
    assert validation.data == "elsewhere"


def test_a_verdict_is_marked_at_its_gate_and_nothing_breaks_the_line() -> None:
    verdict = Verdict(
        gate="iou",
        metric="iou",
        limit="min",
        bound=0.5,
        status="failed",
        reason="100% wrong\nindeed",
        place="a,b.toml:7",
    )
    assert workflow_commands([verdict, verdict.model_copy(update={"status": "passed"})]) == [
        "::error file=a%2Cb.toml,line=7,title=failed%3A iou min 0.5::100%25 wrong%0Aindeed"
    ]

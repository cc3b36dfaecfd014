"""The models that come with the package, gated as any user's CI would gate its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from called import Call
from mattekit import cli
from mattekit.convert import BUNDLED_PRECISION, ModelSpec, bundled_ir, export_model, write_ir, zoo
from mattekit.convert.weights_cache import IRS, SUMS
from mattekit.core import FetchError, GateRecord, HashMismatchError, read_record, sha256_of
from mattekit.images import Image
from mattekit.infer import load, read_contract, read_model, tensor_from
from mattekit.models import ModelRef

GATES = Path(__file__).parent / "gates"

BUNDLED = [spec for spec in zoo.list_models() if spec.weights.bundled is not None]

each_bundled = pytest.mark.parametrize("spec", BUNDLED, ids=lambda spec: spec.id)


@pytest.fixture(scope="module")
def models() -> Path:
    """The folder of the IRs that come with the package."""
    return IRS


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder that may be changed, and is the package's for this test."""
    shutil.copytree(IRS, tmp_path / "ir")
    monkeypatch.setattr("mattekit.convert.weights_cache.IRS", tmp_path / "ir")
    return tmp_path / "ir"


def scene(height: int, width: int) -> Image:
    """A disc with a soft edge on a gradient, with a fine texture, so that all layers have something to answer."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    inside = np.clip(0.3 * height - np.hypot(rows - 0.5 * height, columns - 0.45 * width), 0, 4) / 4
    ground = np.stack([120 * rows / height, 60 + 90 * columns / width, 130 - 60 * rows / height], axis=-1)
    texture = np.random.default_rng(0).normal(0, 6, (height, width, 1)).astype(np.float32)
    mixed = ground + inside[..., None] * (np.array([225, 120, 40], np.float32) - ground) + texture
    return Image(np.clip(mixed, 0, 255).astype(np.uint8))


def test_nothing_lies_beside_the_irs_of_the_bundled_models(models: Path) -> None:
    files = {path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file()}
    irs = {f"{spec.id}/{BUNDLED_PRECISION}/model.{end}" for spec in BUNDLED for end in ("xml", "bin")}
    assert files == irs | {SUMS}
    assert {spec.id for spec in BUNDLED} == {"mattelite", "srlite-x2", "srlite-x4"}


@each_bundled
def test_a_bundled_ir_says_what_the_zoo_says(spec: ModelSpec) -> None:
    path = bundled_ir(spec)
    assert path is not None
    contract, provenance = read_contract(read_model(path), path)
    assert provenance is not None
    mend = f"{spec.id}: the zoo's entry was changed after its IR was made; run: make bundled"
    assert contract == spec.contract, mend
    assert provenance.model == spec.id
    assert provenance.weights_sha256 == spec.weights.sha256, mend
    licence = (provenance.code_licence, provenance.weights_licence, provenance.commercial)
    assert licence == (spec.licence.code, spec.licence.weights, spec.licence.commercial), mend
    assert load(path).runtime.info.arithmetic == "f32"


@each_bundled
def test_a_bundled_model_is_opened_where_it_lies_and_nothing_is_cached(spec: ModelSpec, home: Path) -> None:
    assert ModelRef.parse(spec.id).path_of_one(task=spec.task) == IRS / spec.id / "fp16" / "model.xml"
    assert not home.exists()


@pytest.mark.parametrize("name", ["model.xml", "model.bin"])
def test_an_altered_bundled_ir_is_refused(name: str, copied: Path) -> None:
    path = copied / "mattelite" / "fp16" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(HashMismatchError, match=rf"{name} is not the expected file: .* install mattekit again"):
        ModelRef.parse("mattelite").path_of_one()
    # The others are whole.
    assert ModelRef.parse("srlite-x2").path_of_one().is_file()


@pytest.mark.parametrize("name", ["mattelite/fp16/model.xml", "mattelite/fp16/model.bin", SUMS])
def test_a_missing_bundled_ir_is_told(name: str, copied: Path) -> None:
    (copied / name).unlink()
    with pytest.raises(FetchError, match="is missing from the installation; install mattekit again"):
        ModelRef.parse("mattelite").path_of_one()


def test_models_show_names_the_bundled_ir_with_its_hashes(capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["models", "show", "mattelite", "--json"], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)["bundled_ir"]
    folder = IRS / "mattelite" / said["precision"]
    assert said["sha256"] == {name: sha256_of(folder / name) for name in ("model.xml", "model.bin")}
    cli.app(["models", "show", "u2netp", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["bundled_ir"] is None


@pytest.fixture(scope="module")
def exported_twice(photo: Path, make_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The folders `a` and `b` of two exports of srlite-x2 in the bundled precision, made in one process."""
    pytest.importorskip("torch", reason="exporting needs the extra `export`")

    def fill(folder: Path) -> None:
        for name in "ab":
            export_model("srlite-x2", folder / name, precision=BUNDLED_PRECISION, images=[photo])

    return make_once("srlite-x2-twice", fill)


@pytest.mark.slow
@each_bundled
def test_an_ir_made_from_the_bundled_weights_answers_as_the_bundled_one(
    spec: ModelSpec, photo: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("torch", reason="exporting needs the extra `export`")
    shipped = bundled_ir(spec)
    assert shipped is not None
    if spec.id == "srlite-x2":
        made: Path = request.getfixturevalue("exported_twice")
        again = made / "a" / spec.id / BUNDLED_PRECISION / "model.xml"
    elif spec.id == "mattelite":
        # The export in FP32 is dear and made once for all tests; that in FP16 is the same with its weights halved.
        exact: Path = request.getfixturevalue("bundled_fp32")
        again = tmp_path / "model.xml"
        write_ir(read_model(exact / spec.id / "fp32" / "model.xml"), again, fp16=True)
    else:
        again = export_model(spec.id, tmp_path, precision=BUNDLED_PRECISION, images=[photo]).ir.path
    # Another version of torch or OpenVINO may name and fuse layers otherwise, so bytes are not compared. The weights
    # are the same halves: by way of ONNX or directly, mattelite's answers differ by 1e-6 at most, 4e-9 on average.
    # Some weights that round to the other half move single pixels by more; storing all of them in another precision
    # moves them by 2e-3, and the average by 1e-5.
    tensor = tensor_from(scene(208, 208).rgb, spec.contract.with_size(208, 208))
    ours, theirs = (load(path).runtime.run(tensor) for path in (again, shipped))
    assert theirs.std() > 0.05
    assert np.abs(ours - theirs).max() < 2e-4
    assert np.abs(ours - theirs).mean() < 1e-6


@pytest.mark.slow
def test_a_second_export_in_one_process_gives_the_same_bytes(exported_twice: Path) -> None:
    # It has a Split, whose outputs OpenVINO names from a counter of the process.
    folders = [exported_twice / name / "srlite-x2" / BUNDLED_PRECISION for name in "ab"]
    first, second = ([sha256_of(folder / name) for name in ("model.xml", "model.bin")] for folder in folders)
    assert first == second


@pytest.mark.slow
def test_mattelite_passes_its_gates_on_the_synthetic_set(models: Path, tmp_path: Path) -> None:
    # As CI calls it: the gates' verdict is the exit code of a process.
    arguments = [
        *("validate", models / "mattelite", "--data", "synthetic:count=35,seed=0", "--metrics", "iou,mae"),
        *("--gate", GATES / "mattelite.toml", "--json", tmp_path / "gates.json", "-o", tmp_path / "out"),
    ]
    command = [sys.executable, "-m", "mattekit", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert read_record(tmp_path / "gates.json", GateRecord).verdicts


@pytest.mark.slow
def test_mattelite_passes_its_gates_on_photos(models: Path, shared_data: Path, tmp_path: Path, call: Call) -> None:
    data, gates = shared_data / "segmentation" / "ecssd_val", GATES / "mattelite-photos.toml"
    some = ("--data", data, "--limit", "40", "--metrics", "iou", "--gate", gates)
    done = call("validate", models / "mattelite", *some, "-o", tmp_path)
    assert done.code == 0, done.said


@pytest.mark.slow
@pytest.mark.parametrize("model", ["srlite-x2", "srlite-x4"])
def test_srlite_passes_its_gates_on_set5(
    model: str, models: Path, shared_data: Path, tmp_path: Path, call: Call
) -> None:
    data, gates = f"hr={shared_data / 'super_resolution' / 'set5' / 'hr'}", GATES / f"{model}.toml"
    done = call("validate", models / model, "--data", data, "--metrics", "psnr_y", "--gate", gates, "-o", tmp_path)
    assert done.code == 0, done.said

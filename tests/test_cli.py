"""The commands that run models, on real files, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from called import Call
from mattekit.core import RunRecord, read_record
from mattekit.images import read_image
from PIL import Image as PilImage

Run = Callable[..., str]


def program(*arguments: object, code: int = 0) -> str:
    """Run a command in a process of its own and return what it printed, both streams; never with a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "mattekit", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


@pytest.fixture
def mattekit(call: Call) -> Run:
    """Run a command in this process, and return the same."""

    def run(*arguments: str | Path, code: int = 0) -> str:
        ended = call(*arguments)
        assert ended.code == code, ended.said
        return ended.said

    return run


@pytest.fixture
def folder(photo: Path, tmp_path: Path) -> Path:
    """Two good images of one stem, a 16-bit one, and a bad one between them."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(photo.read_bytes())
    image = cv2.imread(str(photo))
    assert image is not None
    cv2.imwrite(str(folder / "a.png"), image[:50, :70])
    (folder / "bad.jpg").write_bytes(photo.read_bytes()[:300])
    cv2.imwrite(str(folder / "deep.png"), image[:40, :60].astype(np.uint16) * 257)
    return folder


def smaller(photo: Path, folder: Path) -> Path:
    """The photo's middle, 110x80, which is still two tiles of 96."""
    image = cv2.imread(str(photo))
    assert image is not None
    cv2.imwrite(str(folder / "photo.jpg"), image[15:95, 35:145])
    return folder / "photo.jpg"


def test_a_folder_with_a_bad_file_is_done_but_for_that(folder: Path, light_ir: Path, tmp_path: Path) -> None:
    out, record = tmp_path / "out", tmp_path / "run.json"
    said = program("remove", folder, "--model", light_ir, "-o", out, "--record", record, code=5)
    assert sorted(path.name for path in out.iterdir()) == [
        *("a-jpg.png", "a-png.png", "deep.png"),
        "manifest.jsonl",
    ]
    assert f"mattekit: {folder / 'bad.jpg'}" in said
    assert "3 of 4 done, 1 failed" in said
    assert read_image(out / "a-jpg.png").alpha is not None
    assert read_image(out / "deep.png").depth == 16
    kept = read_record(record, RunRecord)
    assert {figure.stage for figure in kept.of_metric("latency")} == {
        "decode",
        "remove",
        "infer",
        "encode",
    }
    assert len(kept.seconds["remove"]) == 3
    assert [Path(failed.input).name for failed in kept.failures] == ["bad.jpg"]


def test_one_bad_file_alone_is_an_error(mattekit: Run, folder: Path, light_ir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = mattekit("remove", folder / "bad.jpg", "--model", light_ir, "-o", out, code=1)
    assert "bad.jpg" in said
    assert not list(out.glob("*"))


def test_only_the_mask(mattekit: Run, photo: Path, light_ir: Path, tmp_path: Path) -> None:
    mattekit("remove", photo, "--model", light_ir, "-o", tmp_path / "cut")
    mattekit("remove", photo, "--model", light_ir, "--only-mask", "-o", tmp_path / "mask")
    with PilImage.open(tmp_path / "mask" / "photo.png") as mask, PilImage.open(tmp_path / "cut" / "photo.png") as cut:
        assert mask.mode == "L"
        assert cut.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(mask), np.asarray(cut)[..., 3])


@pytest.mark.slow
def test_the_main_job_is_its_three_operations_in_order(
    mattekit: Run, photo: Path, light_ir: Path, super_resolution_ir: Path, tmp_path: Path
) -> None:
    common = ("--tile", 96)
    photo = smaller(photo, tmp_path)
    mattekit(
        "run", photo, "--model", light_ir, "--sr", super_resolution_ir, "--background", "#336699", *common,
        "--no-decontaminate", "-o", tmp_path / "run",
    )  # fmt: skip
    mattekit("remove", photo, "--model", light_ir, "-o", tmp_path / "1")
    mattekit("upscale", tmp_path / "1" / "photo.png", "--sr", super_resolution_ir, *common, "-o", tmp_path / "2")
    mattekit("superimpose", tmp_path / "2" / "photo.png", "--background", "#336699", "-o", tmp_path / "3")
    at_once, step_by_step = (read_image(tmp_path / name / "photo.png") for name in ("run", "3"))
    assert at_once.size == (440, 320)
    assert at_once.alpha is None
    # A file holds no colours under alpha 0, which the networks' borders see.
    difference = np.abs(at_once.rgb.astype(int) - step_by_step.rgb)
    assert np.median(difference) == 0
    assert difference.mean() < 3


@pytest.mark.parametrize(
    ("extension", "mode"), [("jpg", "RGB"), ("webp", "RGBA"), pytest.param("bmp", "RGB", marks=pytest.mark.slow)]
)
def test_formats(mattekit: Run, extension: str, mode: str, photo: Path, light_ir: Path, tmp_path: Path) -> None:
    mattekit("remove", photo, "--model", light_ir, "--format", extension, "-o", tmp_path)
    with PilImage.open(tmp_path / f"photo.{extension}") as written:
        assert written.mode == mode
        assert written.size == (160, 120)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("remove", "nowhere.jpg"), "nowhere.jpg: there is no such file or folder"),
        (("remove", "PHOTO", "--format", "docx"), "docx"),
        (("remove", "PHOTO", "--device", "TPU"), "TPU: OpenVINO finds no such device here; available: CPU"),
        (("remove", "PHOTO", "--keep", "hat"), "no class 'hat'"),
        (("superimpose", "PHOTO", "--background", "nowhere.png"), "nowhere.png"),
        (("superimpose", "PHOTO", "--background", "white", "--anchor", "middle"), "anchor 'middle' is unknown"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    mattekit: Run, arguments: tuple[str, ...], sentence: str, photo: Path, light_ir: Path, tmp_path: Path
) -> None:
    filled = [str(photo) if argument == "PHOTO" else argument for argument in arguments]
    if arguments[0] == "remove":
        filled += ["--model", str(light_ir)]
    said = mattekit(*filled, "-o", tmp_path / "out", code=1)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_zoo_as_a_table_and_as_json(mattekit: Run) -> None:
    said = mattekit("models")
    assert "u2netp" in said
    assert "realesrgan-x4plus" in said
    entries = {entry["id"]: entry for entry in json.loads(mattekit("models", "--json"))}
    assert entries["rfdn-x4"]["scale"] == 4
    assert entries["rfdn-x4"]["contract"]["input"]["divide_by"] == 1.0
    assert json.loads(mattekit("models", "show", "u2net", "--json"))["commercial_use"] is True
    assert "did you mean" in mattekit("models", "show", "u2netq", code=1)


@pytest.mark.slow
def test_an_export_as_typed(super_resolution_weights: Path, photo: Path, tmp_path: Path) -> None:
    said = program(
        "export", "realesr-animevideov3", "--weights", super_resolution_weights, "--precision", "fp16",
        "--images", photo, "-o", tmp_path,
    )  # fmt: skip
    assert "torch → onnx" in said
    assert "onnx → ir" in said
    folder = tmp_path / "realesr-animevideov3" / "fp16"
    assert sorted(path.name for path in folder.glob("[!.]*")) == ["export.json", "model.bin", "model.onnx", "model.xml"]
    said = program("upscale", smaller(photo, tmp_path), "--sr", folder, "-o", tmp_path / "out")
    assert read_image(tmp_path / "out" / "photo.png").size == (440, 320)

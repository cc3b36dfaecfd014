"""Where results go, as people name it who have read no manual."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import pytest
from called import Call
from mattekit.core import ImageError, InputError
from mattekit.infer import RunSettings, plan_batch, settle_destination


@pytest.fixture(autouse=True)
def folder(photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copyfile(photo, tmp_path / f"in{photo.suffix}")
    (tmp_path / f"in{photo.suffix}").rename(tmp_path / "in.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_last_argument_is_the_result_and_a_lone_image_has_it_beside(call: Call, folder: Path) -> None:
    assert call("upscale", "in.jpg", "out.png", "--quiet").code == 0
    assert (folder / "out.png").is_file()
    assert call("upscale", "in.jpg", "-q").code == 0
    assert cv2.imread("in-upscaled.png") is not None
    again = call("upscale", "in.jpg", "-q")
    assert again.code == 1
    assert "in-upscaled.png: it is there already" in again.sentence()
    assert "out.png: it is there already" in call("upscale", "in.jpg", "out.png").sentence()


@pytest.mark.parametrize("name", ["nothing.jpg", "nothing", "photos/nothing.png"])
def test_what_is_not_there_is_said_to_be_so(name: str) -> None:
    with pytest.raises(ImageError, match=r"no such file"):
        settle_destination([name], None, RunSettings(), "remove")


def test_a_folder_without_a_place_for_its_results_asks_for_one(folder: Path) -> None:
    (folder / "photos").mkdir()
    with pytest.raises(InputError, match="name the folder of its results with -o"):
        settle_destination(["photos"], None, RunSettings(), "remove")


@pytest.mark.parametrize("name", ["out.jgp", "out.JEPG", "out.mp4", "new/out.gif"])
def test_a_mistyped_format_makes_no_folder_of_that_name(name: str, folder: Path) -> None:
    with pytest.raises((InputError, ImageError), match=r"(?i)can(?:'t)? (?:be )?writ.*\.png"):
        plan_batch(["in.jpg"], name, RunSettings())
    assert not (folder / name).exists()


@pytest.mark.parametrize("name", ["results", "results.v2", "2026.11", "out.jgp/", "there.jgp"])
def test_other_names_are_folders(name: str, folder: Path) -> None:
    (folder / "there.jgp").mkdir()
    assert plan_batch(["in.jpg"], name, RunSettings()).targets == (Path(name) / "in.png",)


def test_a_name_and_a_format_that_disagree_are_refused() -> None:
    with pytest.raises(InputError, match=r"out\.jpg: its name says jpeg, and --format webp"):
        plan_batch(["in.jpg"], "out.jpg", RunSettings(format="webp"))
    for settings in (RunSettings(), RunSettings(format="jpg"), RunSettings(format="auto")):
        assert plan_batch(["in.jpg"], "out.jpg", settings).targets == (Path("out.jpg"),)

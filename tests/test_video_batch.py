"""Several videos, and folders of them: the names of the results, and one that is broken among them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import mattekit
import numpy as np
import pytest
from clips import frames_of, make_clip, transparent
from mattekit.core import InputError, VideoRecord, read_record
from mattekit.infer import VideoSettings, plan_videos
from test_video_run import run_cli

TIMES = [0, 3600, 7200]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos, one of them broken, and of what is none."""
    folder = tmp_path_factory.mktemp("several") / "clips"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.mp4", "a.mov", "b.avi", "sub/a.mkv"):
        make_clip(folder / name, times=TIMES)
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "notes.txt").write_text("not read", encoding="utf-8")
    return folder


def test_a_folder_of_videos_gives_a_folder_of_results_and_one_that_is_broken_stops_nothing(
    clips: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, records = tmp_path / "out", tmp_path / "records"
    code = run_cli("video", clips, "-o", out, "--model", "none", "--background", "white", "--record", records)
    assert code == 5
    names = ["a-mov.mov", "a-mp4.mp4", "b.mp4", "sub/a.mkv"]
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == names
    assert [len(frames_of(out / name)) for name in names] == [3, 3, 3, 3]
    captured = capfd.readouterr()
    assert captured.out.split() == [str(out / name) for name in ("a-mov.mov", "a-mp4.mp4", "b.mp4", "sub/a.mkv")]
    assert f"{clips / 'broken.mp4'}: it can't be opened as a video" in captured.err
    assert "1 file was not read: 1 .txt" in captured.err
    assert "4 of 5 done, 1 failed; 12 frames" in captured.err
    assert read_record(records / "sub" / "a.mkv.json", VideoRecord).output == str(out / "sub" / "a.mkv")


def test_without_the_folders_inside_nothing_of_them_is_taken(clips: Path, tmp_path: Path) -> None:
    batch = plan_videos([str(clips)], tmp_path / "out", VideoSettings(model=None, recursive=False))
    assert batch is not None
    assert [path.name for path in batch.inputs] == ["a.mov", "a.mp4", "b.avi", "broken.mp4"]


def test_results_take_the_container_that_can_hold_them(clips: Path, tmp_path: Path) -> None:
    given = [str(clips / "a.mp4"), str(clips / "sub" / "a.mkv")]

    def names(**settings: object) -> list[str]:
        batch = plan_videos(given, tmp_path / "out", VideoSettings(**settings))  # type: ignore[arg-type]
        assert batch is not None
        return [path.name for path in batch.targets]

    assert names(background="white") == ["a-mp4.mp4", "a-mkv.mkv"]
    assert names() == ["a-mp4.mov", "a-mkv.mkv"]
    assert names(format="webm") == ["a-mp4.webm", "a-mkv.webm"]
    assert names(codec="vp9") == ["a-mp4.mkv", "a-mkv.mkv"]
    with pytest.raises(InputError, match="can't hold transparency"):
        names(format="mp4")


def test_the_masks_of_several_go_into_a_folder_of_their_own(clips: Path, segmentation_ir: Path, tmp_path: Path) -> None:
    result = mattekit.run_videos(
        [clips / "a.mp4", clips / "b.avi"],
        tmp_path / "out",
        model=segmentation_ir,
        frames=1,
        mask_out=tmp_path / "masks",
    )
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["a.mp4", "b.mp4"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mov", "b.mov"]


def test_a_folder_of_images_is_one_video_and_a_folder_of_animations_several(tmp_path: Path) -> None:
    frames, gifs = tmp_path / "frames", tmp_path / "gifs"
    frames.mkdir()
    for number in range(2):
        cv2.imwrite(str(frames / f"{number}.png"), transparent(number))
    gifs.mkdir()
    make_clip(gifs / "a.gif", codec="gif", pixel_format="rgb8", times=[0, 4])
    assert plan_videos([str(frames)], tmp_path / "out.mov", VideoSettings(model=None)) is None
    batch = plan_videos([str(gifs)], tmp_path / "out", VideoSettings(model=None))
    assert batch is not None
    assert [path.name for path in batch.targets] == ["a.gif"]


@pytest.mark.parametrize(
    ("given", "out", "message"),
    [
        (["a.mp4", "b.avi"], "one.mp4", "one.mp4: it names one file, and there are 2 inputs; name a folder"),
        (["."], "one.mp4", "one.mp4: it names one file, and .* stands for several"),
        (["a.mp4", "0"], "out", "0: a stream or camera is recorded by itself"),
        (["a.mp4", "rtsp://host/door"], "out", "a stream or camera is recorded by itself"),
        (["a.mp4", "missing.mp4"], "out", "missing.mp4: there is no such file"),
        (["a.mp4", "still.png"], "out", r"still.png: it is an image; of numbered frames name the folder"),
        (["a.mp4", "b.avi"], ".", "the result would overwrite an input"),
        (["a.mp4", "b.avi"], "notes.txt", "notes.txt: it is a file; name a folder"),
    ],
)
def test_what_can_not_be_run_together_is_said_before_anything_is_opened(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], out: str, message: str
) -> None:
    monkeypatch.chdir(clips)
    cv2.imwrite(str(tmp_path / "still.png"), np.zeros((8, 8, 3), np.uint8))
    given = [str(tmp_path / each) if each == "still.png" else each for each in given]
    with pytest.raises(InputError, match=message):
        plan_videos(given, Path(out), VideoSettings(model=None, background="white"))


def test_a_video_comes_from_the_standard_input(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv", times=TIMES)
    code = "import mattekit; print(mattekit.run_video('-', 'out.mp4', model=None, background='white').frames)"
    with clip.open("rb") as piped:
        said = subprocess.run([sys.executable, "-c", code], stdin=piped, cwd=tmp_path, capture_output=True, check=True)
    assert said.stdout.split() == [b"3"]

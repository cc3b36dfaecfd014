"""Animated images, and rows of numbered ones: in, behind, and out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import copy, drawn, frames_of, pixels, seconds_of, transparent
from mattekit.core import InputError, VideoError
from mattekit.infer import VideoSettings, plan_video
from mattekit.infer.video.source import open_source
from PIL import Image as PilImage

av = pytest.importorskip("av", reason="video needs the extra `video`")

TIMES = [100, 200, 40, 300, 1000]


def animated(path: Path, *, clear: bool = False, times: list[int] = TIMES) -> Path:
    def frame(number: int) -> PilImage.Image:
        if clear:
            return PilImage.fromarray(cv2.cvtColor(transparent(number), cv2.COLOR_BGRA2RGBA))
        return PilImage.fromarray(drawn(number))

    frames = [frame(number) for number in range(len(times))]
    # Each on a cleared canvas.
    options: dict[str, Any] = {".gif": {"disposal": 2}, ".png": {"disposal": 1}, ".webp": {"lossless": True}}[
        path.suffix
    ]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=times, loop=0, **options)
    return path


@pytest.mark.parametrize("name", ["in.gif", "in.webp", "in.png"])
def test_opaque_animations_become_films_of_the_same_times(name: str, tmp_path: Path) -> None:
    clip = animated(tmp_path / name)
    report = copy(clip, tmp_path / "out.mp4")
    assert report.frames == 5
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(at, 1000) for at in (0, 100, 300, 340, 640)]
    out = frames_of(tmp_path / "out.mp4")
    assert np.abs(pixels(out[4]) - drawn(4)).mean() < (8 if name.endswith("gif") else 4)


@pytest.mark.parametrize("name", ["in.gif", "in.webp", "in.png"])
@pytest.mark.parametrize("out", ["out.gif", "out.webp", "out.webm"])
def test_transparent_animations_stay_so(name: str, out: str, tmp_path: Path) -> None:
    clip = animated(tmp_path / name, clear=True)
    with pytest.raises(InputError, match="can't hold transparency"):
        copy(clip, tmp_path / "out.mp4")
    copy(clip, tmp_path / out)
    frames = frames_of(tmp_path / out)
    assert len(frames) == 5
    assert frames[3].image is not None
    assert frames[3].image.alpha is not None
    assert frames[3].image.alpha[4, 60] == 0
    assert frames[3].image.alpha[20, 19] == 255
    assert np.abs(pixels(frames[3])[20, 19] - (220, 30, 20)).max() <= 12
    if out != "out.webm":
        assert [frame.duration for frame in frames] == TIMES


def test_a_gif_has_a_palette_for_each_frame(tmp_path: Path) -> None:
    for number in range(3):
        hue = np.roll((250, 20, 20), number)
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), np.full((48, 64, 3), hue, np.uint8))
    copy(tmp_path / "in-*.png", tmp_path / "out.gif", fps=Fraction(10))
    for number, frame in enumerate(frames_of(tmp_path / "out.gif")):
        assert np.abs(pixels(frame)[10, 10] - np.roll((250, 20, 20), number)[::-1]).max() <= 4


@pytest.mark.parametrize("name", ["behind.gif", "behind.webp"])
def test_an_animation_plays_behind_the_subject(name: str, tmp_path: Path) -> None:
    for number in range(6):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    behind = animated(tmp_path / name, times=[100] * 3)
    copy(tmp_path / "in-*.png", tmp_path / "out.mp4", background=str(behind), fps=Fraction(10))
    out = frames_of(tmp_path / "out.mp4")
    for number in (0, 1, 2, 4):
        assert np.abs(pixels(out[number])[:4] - drawn(number % 3)[:4]).mean() < 10


def test_a_still_image_behind_stays_an_image(tmp_path: Path) -> None:
    PilImage.fromarray(drawn(0)).save(tmp_path / "still.webp")
    assert cv2.imwrite(str(tmp_path / "in-1.png"), transparent(1))
    settings = VideoSettings(model=None, background=str(tmp_path / "still.webp"))
    plan = plan_video(str(tmp_path / "in-*.png"), tmp_path / "out.mp4", settings)
    assert plan.film is None
    plan.close()


def test_an_animation_that_is_cut_off_keeps_what_there_is(tmp_path: Path) -> None:
    data = animated(tmp_path / "in.gif").read_bytes()
    (tmp_path / "cut.gif").write_bytes(data[: len(data) * 3 // 5])
    report = copy(tmp_path / "cut.gif", tmp_path / "out.mp4")
    assert 1 <= report.frames < 5
    (tmp_path / "bad.gif").write_bytes(data[:20])
    with pytest.raises(VideoError, match=r"bad\.gif: it can't be read"):
        open_source(str(tmp_path / "bad.gif"))


# --- rows of images ---


def test_a_pattern_of_numbers_is_read_and_written(tmp_path: Path) -> None:
    for number in (1, 2, 3, 6):
        assert cv2.imwrite(str(tmp_path / f"f_{number:03d}.png"), drawn(number)[..., ::-1])
    assert cv2.imwrite(str(tmp_path / "f_9.png"), drawn(9)[..., ::-1])
    report = copy(tmp_path / "f_%03d.png", tmp_path / "new" / "g%02d.png")
    assert report.frames == 4
    assert any("missing between f_003.png and f_006.png" in note for note in report.notes)
    written = sorted(path.name for path in (tmp_path / "new").glob("*.png"))
    assert written == ["g01.png", "g02.png", "g03.png", "g04.png"]
    assert np.array_equal(pixels(frames_of(tmp_path / "new" / "g%02d.png")[3]), drawn(6))
    with pytest.raises(VideoError, match="there are no images"):
        open_source(str(tmp_path / "h_%03d.png"))


def test_a_row_without_gaps_has_no_note(tmp_path: Path) -> None:
    for number in range(8, 12):
        assert cv2.imwrite(str(tmp_path / f"2024-shot{number}.png"), drawn(number)[..., ::-1])
    assert copy(tmp_path / "*.png", tmp_path / "out.mp4").notes == ()

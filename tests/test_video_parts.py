"""A part of a video, and the mask as a video of its own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import audio_of, copy, frames_of, make_clip, pixels, seconds_of, transparent
from mattekit.core import InputError, VideoError
from mattekit.infer import GivenMasks, Pipeline, VideoSettings, plan_video, process_video
from mattekit.infer.video_settings import parse_time

av = pytest.importorskip("av", reason="video needs the extra `video`")

LONG = [3600 * number for number in range(100)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".webm"])
@pytest.mark.parametrize(("start", "end", "count"), [("1", "2", 25), ("0:02.4", None, 40), (None, "0.2", 5)])
def test_a_part_begins_at_zero_with_the_frame_that_was_there(
    suffix: str, start: str | None, end: str | None, count: int, tmp_path: Path
) -> None:
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    clip = make_clip(tmp_path / f"clip{suffix}", times=LONG, codec=codec, options={"g": "10"})
    report = copy(clip, tmp_path / "out.mp4", start=start, end=end, quality=100)
    first = round(float(parse_time(start or "0")) * 25)
    assert report.frames == count
    assert not report.truncated
    found = [float(at) for at in seconds_of(tmp_path / "out.mp4")]
    assert found == pytest.approx([number / 25 for number in range(count)], abs=0.0012)
    whole, part = frames_of(clip), frames_of(tmp_path / "out.mp4")
    assert np.abs(pixels(part[0]) - pixels(whole[first])).mean() < 1.5
    assert np.abs(pixels(part[-1]) - pixels(whole[first + count - 1])).mean() < 1.5


def test_a_frame_that_stands_at_the_start_is_kept_for_the_rest_of_its_time(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=[0, 90_000, 270_000], options={"bf": "0"})
    copy(clip, tmp_path / "out.mp4", start=1.5, end=3.5)
    assert seconds_of(tmp_path / "out.mp4") == [0, Fraction(3, 2)]


def test_sound_and_chapters_are_cut_with_the_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=[3600 * n for n in range(16)], audio="aac")
    copy(clip, tmp_path / "out.mp4", start=0.2, end=0.5)
    heard = audio_of(tmp_path / "out.mp4")
    assert 0 <= float(heard[0][0]) < 0.03
    assert float(heard[-1][0]) < 0.3
    whole = [data for _, data in audio_of(clip)]
    at = whole.index(heard[0][1])
    assert [data for _, data in heard] == whole[at : at + len(heard)]


def test_a_part_that_is_not_there_is_told(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    with pytest.raises(VideoError, match=r"no frame from 9 s on; it ends at 0\.4"):
        copy(clip, tmp_path / "out.mp4", start=9)
    with pytest.raises(InputError, match="not after the start"):
        VideoSettings(start=Fraction(2), end=Fraction(1))
    for text in ("soon", "1:2:3:4", "1:75", "-3"):
        with pytest.raises(InputError, match="not a time"):
            parse_time(text)
    assert parse_time("1:02:03.5") == Fraction(37235, 10)


def test_the_mask_is_a_video_of_its_own_alone_or_beside_the_result(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number)[..., :3])
    assert cv2.imwrite(str(tmp_path / "mask.png"), transparent(1)[..., 3])

    def run(out: Path, **options: Any) -> None:
        settings = VideoSettings(mask=tmp_path / "mask.png", **options)
        plan = plan_video(str(tmp_path / "in-*.png"), out, settings)
        process_video(plan, Pipeline(GivenMasks(tmp_path / "mask.png"), background=plan.background))

    run(tmp_path / "mask.mp4", only_mask=True)
    run(tmp_path / "cut.webm", mask_out=tmp_path / "beside.mp4")
    for name in ("mask.mp4", "beside.mp4"):
        frames = frames_of(tmp_path / name)
        assert len(frames) == 4
        grey = pixels(frames[2])
        assert np.abs(grey[..., 0] - grey[..., 2]).max() <= 2
        assert np.abs(grey[..., 0] - transparent(1)[..., 3].astype(int)).mean() < 3
    assert frames_of(tmp_path / "cut.webm")[0].image.alpha is not None  # type: ignore[union-attr]
    with pytest.raises(InputError, match="a mask was asked for"):
        VideoSettings(model=None, only_mask=True)

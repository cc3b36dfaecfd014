"""One clock for image and sound: it begins at the file's start, goes on where theirs jumps."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import audio_of, copy, drawn, frames_of, make_clip, pixels, seconds_of
from mattekit.infer.video.looped_video import LoopedVideo

av = pytest.importorskip("av", reason="video needs the extra `video`")

STEP = 3600


def recording(path: Path, start: float, frames: int = 25, *, audio: str | None = "aac", rate: int = 25) -> Path:
    """A broadcast's recording whose clock begins anywhere."""
    begins = round(start * 90_000)
    step = 90_000 // rate
    return make_clip(path, times=[begins + step * n for n in range(frames)], audio=audio, audio_start=start)


def glued(out: Path, *parts: Path) -> Path:
    out.write_bytes(b"".join(part.read_bytes() for part in parts))
    return out


def length_of(path: Path) -> float:
    with av.open(str(path)) as file:
        assert file.duration is not None
        return file.duration / 1e6


def heard(path: Path) -> list[bytes]:
    """The audio's packets, without the headers that a transport stream repeats in each."""
    return [data[7:] if data[:2] == b"\xff\xf1" else data for _, data in audio_of(path)]


@pytest.mark.parametrize("suffix", [".ts", ".m2ts", ".vob", ".flv", ".mkv"])
def test_a_recording_from_the_middle_of_a_broadcast_begins_at_its_own_start(suffix: str, tmp_path: Path) -> None:
    codec = "mpeg2video" if suffix == ".vob" else "libx264"
    times = [round(36_000.04 * 90_000) + STEP * number for number in range(25)]
    sound = "mp2" if suffix == ".vob" else "aac"
    clip = make_clip(tmp_path / f"clip{suffix}", times=times, codec=codec, audio=sound, audio_start=36_000)
    out = tmp_path / ("out.mkv" if suffix == ".vob" else "out.mp4")
    assert copy(clip, out).frames == 25
    found = [float(at) for at in seconds_of(out)]
    assert 0 <= found[0] <= 0.07
    assert found[-1] - found[0] == pytest.approx(0.96, abs=0.002)
    assert length_of(out) < 1.2
    # Image and sound stay as they are to each other.
    with av.open(str(clip)) as file:
        first = {stream.type: stream.start_time * stream.time_base for stream in file.streams}
    apart = float(first["video"] - first["audio"])
    # Within the silence that AAC begins with, which Matroska leaves out of its times.
    assert found[0] - float(audio_of(out)[0][0]) == pytest.approx(apart, abs=0.022)
    assert heard(out) == heard(clip)


@pytest.mark.parametrize("starts", [(1.0, 1.0), (36_000.0, 1.0, 7200.0), (5.0, 9000.0)])
@pytest.mark.parametrize("audio", ["aac", None])
def test_recordings_that_were_glued_follow_each_other(
    starts: tuple[float, ...], audio: str | None, tmp_path: Path
) -> None:
    parts = [recording(tmp_path / f"{n}.ts", start, audio=audio) for n, start in enumerate(starts)]
    clip = glued(tmp_path / "glued.ts", *parts)
    report = copy(clip, tmp_path / "out.mp4")
    assert (report.frames, report.broken) == (25 * len(parts), 0)
    assert any("follow each other without a gap" in note for note in report.notes)
    found = [float(at) for at in seconds_of(tmp_path / "out.mp4")]
    steps = np.diff(found)
    assert steps.min() > 0.035
    assert steps.max() < 0.35
    if audio:
        assert heard(tmp_path / "out.mp4") == [data for part in parts for data in heard(part)]
        assert length_of(tmp_path / "out.mp4") < 1.4 * len(parts)


def test_a_clock_that_rolls_over_goes_on(tmp_path: Path) -> None:
    round_ = Fraction(1 << 33, 90_000)
    # In the middle of a long recording, where FFmpeg's own correction, which looks at its start, is of no use.
    first = recording(tmp_path / "0.ts", float(round_) - 9000, 5)
    before = recording(tmp_path / "1.ts", float(round_) - 2.0)
    after = recording(tmp_path / "2.ts", 0.0)
    clip = glued(tmp_path / "glued.ts", first, before, after)
    report = copy(clip, tmp_path / "out.mp4")
    assert report.frames == 55
    assert length_of(tmp_path / "out.mp4") < 6
    assert (np.diff([float(at) for at in seconds_of(tmp_path / "out.mp4")]) > 0).all()


def test_a_pause_at_the_start_of_a_file_is_kept(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv"):
        clip = make_clip(tmp_path / f"clip{suffix}", times=[90_000 * 5 + STEP * n for n in range(5)])
        copy(clip, tmp_path / f"out{suffix}")
        assert seconds_of(tmp_path / f"out{suffix}")[0] == 5


def test_audio_may_begin_late(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.ts", audio="aac", audio_start=3.0, times=[STEP * n for n in range(75)])
    copy(clip, tmp_path / "out.mp4")
    sound, seen = audio_of(tmp_path / "out.mp4"), seconds_of(tmp_path / "out.mp4")
    with av.open(str(clip)) as file:
        first = {stream.type: stream.start_time * stream.time_base for stream in file.streams}
    assert float(sound[0][0] - seen[0]) == pytest.approx(float(first["audio"] - first["video"]), abs=0.001)


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv", "out.webm", "out.webp"])
def test_the_last_frame_keeps_its_own_duration(name: str, tmp_path: Path) -> None:
    from PIL import Image as PilImage

    frames = [PilImage.fromarray(drawn(number)) for number in range(5)]
    times = [100, 200, 40, 300, 1000]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=times, loop=0)
    out = tmp_path / name
    copy(tmp_path / "in.gif", out, background=None if name in {"out.webm", "out.webp"} else "white")
    if name == "out.webp":
        with PilImage.open(out) as pil:
            found: list[int] = []
            for number in range(5):
                pil.seek(number)
                pil.load()
                found.append(pil.info["duration"])
        assert found == times
        return
    assert [float(at) for at in seconds_of(out)] == pytest.approx([0, 0.1, 0.3, 0.34, 0.64])
    assert length_of(out) == pytest.approx(1.64, abs=0.011)
    # Behind a subject it is shown as long.
    film = LoopedVideo(str(tmp_path / "in.gif"))
    last = film.at(Fraction("0.65"))
    assert np.array_equal(film.at(Fraction("1.60")).rgb, last.rgb)
    assert not np.array_equal(film.at(Fraction("1.65")).rgb, last.rgb)
    film.close()


def test_a_size_that_changes_is_scaled_to_the_first(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "a.ts", size=(64, 48), times=[STEP * n for n in range(12)])
    large = make_clip(tmp_path / "b.ts", size=(128, 96), times=[STEP * n for n in range(12, 24)])
    report = copy(glued(tmp_path / "glued.ts", small, large), tmp_path / "out.mp4")
    assert report.frames == 24
    assert any("128x96: they were scaled to the first's 64x48" in note for note in report.notes)
    out = frames_of(tmp_path / "out.mp4")
    assert {frame.image.size for frame in out if frame.image} == {(64, 48)}
    truth = cv2.resize(drawn(8, (128, 96)), (64, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(pixels(out[20]) - truth).mean() < 6

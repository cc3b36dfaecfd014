"""Videos in and out, on clips that are made here: times, audio, turns, alpha, colours, damage, endings."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mattekit import cli
from mattekit.core.errors import InputError, VideoError
from mattekit.core.record import Record
from mattekit.infer.images.picture import Picture
from mattekit.infer.pipeline import Pipeline
from mattekit.infer.superimpose import Colour
from mattekit.infer.video.camera import Camera
from mattekit.infer.video.files import VideoFile
from mattekit.infer.video.formats import choose_format
from mattekit.infer.video.frames import Frame
from mattekit.infer.video.latency import Latencies
from mattekit.infer.video.loop import LoopedVideo
from mattekit.infer.video.orientation import orientation_of
from mattekit.infer.video.plan import VideoPlan, plan_video
from mattekit.infer.video.run import VideoReport, VideoSettings, run_video
from mattekit.infer.video.sources import open_source, parse_fps
from mattekit.infer.video.stills import in_number_order

av = pytest.importorskip("av", reason="video needs the extra `video`")

VFR = [9000, 12600, 13000, 20001, 20500, 31000, 45000, 45003, 60000, 61000, 70000]
"""Times of frames, in units of 1/90000 s, with no rhythm."""


def drawn(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A soft gradient with a disc that wanders: RGB."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    picture = np.stack([60 + rows, 80 + columns, 200 - rows - columns / 2], axis=-1).astype(np.uint8)
    cv2.circle(picture, (12 + 3 * number, 24), 9, (200, 40, 60), thickness=-1, lineType=cv2.LINE_AA)
    return picture


def make_clip(
    path: Path,
    *,
    codec: str = "libx264",
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 90_000),
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    pixel_format: str = "yuv420p",
    matrix: int = 6,
    full_range: bool = False,
    turned: float = 0,
    options: dict[str, str] | None = None,
) -> Path:
    times = list(times) if times is not None else [3600 * number for number in range(12)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        context = stream.codec_context
        context.time_base = stream.time_base = time_base
        context.colorspace, context.color_range = matrix, 2 if full_range else 1
        if turned:
            stream.set_display_rotation(turned)
        sound: Any = out.add_stream(audio, rate=48_000) if audio else None
        if sound:
            sound.layout = "mono"
        for number, pts in enumerate(times):
            frame = av.VideoFrame.from_ndarray(drawn(number, size), format="rgb24").reformat(
                format=pixel_format,
                dst_colorspace=1 if matrix == 1 else 5,
                src_color_range=2,
                dst_color_range=2 if full_range else 1,
                interpolation=4 | 0x2000 | 0x4000 | 0x40000,
            )
            frame.pts, frame.time_base = pts, time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        for number in range(30 if audio else 0):
            wave = (8000 * np.sin(np.arange(1024) / (20 + number))).astype(np.int16)
            heard = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, 1024 * number, Fraction(1, 48_000)
            out.mux(sound.encode(heard))
        if audio:
            out.mux(sound.encode())
    return path


def spoil(source: Path, target: Path, which: set[int]) -> Path:
    """Copy a video with the packets at these places filled with noise."""
    noise = np.random.default_rng(0)
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
        for number, packet in enumerate(before.demux(video=0)):
            if packet.dts is None:
                continue
            if number in which:
                spoilt = av.Packet(noise.integers(0, 256, packet.size, dtype=np.uint8).tobytes())
                spoilt.pts, spoilt.dts, spoilt.time_base = packet.pts, packet.dts, packet.time_base
                spoilt.duration, spoilt.is_keyframe = packet.duration, packet.is_keyframe
                packet = spoilt  # noqa: PLW2901
            packet.stream = stream
            after.mux(packet)
    return target


def frames_of(path: Path | str) -> list[Frame]:
    source = open_source(str(path))
    frames = [item.frame for item in source.items() if item.frame is not None]
    source.close()
    return frames


def seconds_of(path: Path) -> list[Fraction]:
    source = VideoFile(str(path))
    times = [item.frame.pts * source.info.time_base for item in source.items() if item.frame is not None]
    source.close()
    return times


def audio_of(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as file:
        packets = [packet for packet in file.demux(audio=0) if packet.size]
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in packets]


def pixels(frame: Frame) -> np.ndarray[Any, Any]:
    assert frame.picture is not None
    return frame.picture.rgb.astype(int)


def copy(source: Path | str, out: Path, settings: VideoSettings | None = None, **plan: Any) -> VideoReport:
    """Run a video through an empty pipeline: decoded, encoded, nothing between."""
    return run_video(plan_video(str(source), out, removes=False, **plan), Pipeline(), settings)


# --- times and audio ---


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_frames_keep_their_own_times(suffix: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR)
    report = copy(clip, tmp_path / f"out{suffix}")
    assert report.frames == len(VFR)
    assert seconds_of(tmp_path / f"out{suffix}") == [Fraction(pts, 90_000) for pts in VFR]


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_matroska_rounds_times_to_its_own_milliseconds(suffix: str, tmp_path: Path) -> None:
    times = [pts for pts in VFR if pts != 45003]
    clip = make_clip(tmp_path / "clip.mp4", times=times)
    copy(clip, tmp_path / f"out{suffix}")
    found = seconds_of(tmp_path / f"out{suffix}")
    assert found == [Fraction(round(Fraction(pts, 90)), 1000) for pts in times]


def test_audio_packets_are_handed_on_unchanged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR, audio="aac")
    copy(clip, tmp_path / "out.mp4")
    packets = audio_of(clip)
    assert len(packets) >= 30
    assert audio_of(tmp_path / "out.mp4") == packets
    assert seconds_of(tmp_path / "out.mp4") == seconds_of(clip)
    copy(clip, tmp_path / "silent.mp4", VideoSettings(audio=False))
    with av.open(str(tmp_path / "silent.mp4")) as file:
        assert not file.streams.audio


def test_audio_that_a_container_cannot_hold_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio="aac")
    with pytest.raises(VideoError, match=r"\.webm can't hold the audio as it is \(aac\).*--no-audio"):
        copy(clip, tmp_path / "out.webm")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    report = copy(clip, tmp_path / "out.webp")
    assert any("has no room for the audio" in note for note in report.notes)


def test_only_so_many_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR)
    assert copy(clip, tmp_path / "out.mp4", VideoSettings(frames=4)).frames == 4
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR[:4]]


# --- turns, sizes, colours ---


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_video_comes_out_upright(turned: int, tmp_path: Path) -> None:
    straight = make_clip(tmp_path / "straight.mp4")
    clip = make_clip(tmp_path / "clip.mp4", turned=turned)
    with av.open(str(clip)) as file:
        stored = next(file.decode(video=0))
        assert abs(stored.rotation) % 360 in {turned, 360 - turned}
    first, upright = pixels(frames_of(straight)[3]), pixels(frames_of(clip)[3])
    # FFmpeg's angle is counter-clockwise, and so is that of numpy.
    assert np.array_equal(upright, np.rot90(first, turned // 90))
    copy(clip, tmp_path / "out.mp4")
    out = frames_of(tmp_path / "out.mp4")[3]
    assert np.abs(pixels(out) - upright).mean() < 3
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert next(file.decode(video=0)).rotation == 0


def test_every_display_matrix_of_quarter_turns_and_flips() -> None:
    corners = np.arange(6).reshape(2, 3)
    from mattekit.infer.images.decode import upright

    for numbers in ((1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1)):
        for swapped in (False, True):
            a, b, c, d = numbers if not swapped else (0, numbers[0], numbers[3], 0)
            matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1], np.int32) * 65536
            orientation = orientation_of(matrix.tobytes())
            assert orientation is not None
            turned = upright(corners.astype(np.uint8), orientation)
            # The matrix says where a point (x, y) of the stored picture goes: about the centre, here.
            height, width = corners.shape
            for y in range(height):
                for x in range(width):
                    from_x, from_y = 2 * x - (width - 1), 2 * y - (height - 1)
                    to_x, to_y = a * from_x + c * from_y, b * from_x + d * from_y
                    row, column = (to_y + turned.shape[0] - 1) // 2, (to_x + turned.shape[1] - 1) // 2
                    assert turned[row, column] == corners[y, x]
    skew = np.array([46341, 46341, 0, -46341, 46341, 0, 0, 0, 65536], np.int32)
    assert orientation_of(skew.tobytes()) is None


@pytest.mark.parametrize("matrix", [1, 6])
@pytest.mark.parametrize("full_range", [False, True])
def test_untouched_pixels_come_back(matrix: int, full_range: bool, tmp_path: Path) -> None:
    lossless = {"qp": "0", "preset": "ultrafast"}
    clip = make_clip(tmp_path / "clip.mp4", matrix=matrix, full_range=full_range, options=lossless)
    decoded = frames_of(clip)
    for number, frame in enumerate(decoded):
        # Beside the disc, whose chroma is shared by four pixels, what was drawn comes out: matrix and range are right.
        apart = pixels(frame) - drawn(number)
        away = np.abs(np.arange(64) - (12 + 3 * number)) > 14
        assert np.abs(apart[:, away]).max() <= 4
        # libswscale, by which the clip is made, cuts the chroma of full range down.
        assert np.abs(apart[:, away].mean(axis=(0, 1))).max() < (2 if full_range else 0.6)
    copy(clip, tmp_path / "out.mp4", quality=100)
    with av.open(str(tmp_path / "out.mp4")) as after:
        ours = after.streams.video[0].codec_context
        assert (ours.colorspace, ours.color_range) == (matrix, 1)
    for number, (before, now) in enumerate(zip(decoded, frames_of(tmp_path / "out.mp4"), strict=True)):
        apart = pixels(now) - pixels(before)
        away = np.abs(np.arange(64) - (12 + 3 * number)) > 14
        assert np.abs(apart[:, away].mean(axis=(0, 1))).max() < (0.7 if full_range else 0.3)
        assert np.abs(apart[:, away]).mean() < (0.7 if full_range else 0.3)
        # The disc is red on blue-green: its edge is the worst that shared chroma can meet.
        assert np.abs(apart).mean() < 1.5
    if full_range:
        return
    with av.open(str(clip)) as one, av.open(str(tmp_path / "out.mp4")) as other:
        for before, now in zip(one.decode(video=0), other.decode(video=0), strict=True):
            luma = before.to_ndarray()[:48].astype(int) - now.to_ndarray()[:48]
            assert np.abs(luma).mean() < 0.05
            assert np.abs(luma).max() <= 8


def test_an_odd_size_is_padded_for_h264_and_kept_by_vp9(tmp_path: Path) -> None:
    for number in range(3):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), drawn(number, (33, 27))[..., ::-1])
    report = copy(tmp_path / "in-*.png", tmp_path / "out.mp4")
    assert any("repeated" in note for note in report.notes)
    assert frames_of(tmp_path / "out.mp4")[0].picture.size == (34, 28)  # type: ignore[union-attr]
    copy(tmp_path / "in-*.png", tmp_path / "out.webm")
    assert frames_of(tmp_path / "out.webm")[0].picture.size == (33, 27)  # type: ignore[union-attr]


def test_frames_beyond_the_pixel_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "3000")
    with pytest.raises(VideoError, match=r"64x48 are 0\.003\d* megapixels, more than the limit"):
        VideoFile(str(clip))


# --- alpha ---


def transparent(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A red disc of full and a green bar of half opacity on nothing: BGRA."""
    bgra = np.zeros((48, 64, 4), np.uint8)
    cv2.circle(bgra, (16 + number, 20), 12, (20, 30, 220, 255), thickness=-1)
    bgra[38:46, 8:56] = (20, 200, 30, 128)
    return bgra


@pytest.mark.parametrize("name", ["out.webm", "out.mkv", "out.mov", "out.webp", "out"])
def test_alpha_is_kept_by_what_can_hold_it(name: str, tmp_path: Path) -> None:
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    report = copy(tmp_path / "in-*.png", tmp_path / name, fps=Fraction(10))
    assert report.frames == 4
    if name == "out.webp":
        from PIL import Image

        with Image.open(tmp_path / name) as image:
            assert (getattr(image, "n_frames", 0), image.info["loop"]) == (4, 0)
            shown: list[Any] = []
            for number in range(4):
                image.seek(number)
                image.load()
                assert image.info["duration"] == 100
                shown.append(np.asarray(image.convert("RGBA")))
        found = [(one[..., :3], one[..., 3]) for one in shown]
    else:
        pictures = [frame.picture for frame in frames_of(tmp_path / name)]
        found = [(picture.rgb, picture.alpha) for picture in pictures if picture is not None]
    assert len(found) == 4
    for number, (rgb, alpha) in enumerate(found):
        truth = transparent(number)
        assert alpha is not None
        assert np.abs(alpha.astype(int) - truth[..., 3]).mean() < 3
        assert abs(int(alpha[42, 30]) - 128) <= 6
        assert np.abs(rgb[20, 16 + number].astype(int) - (220, 30, 20)).max() <= 12
        # Half a step inside the disc's edge there is no black from what is hidden.
        assert rgb[20, 16 + number - 11, 0] > 190


def test_a_folder_holds_frames_and_their_times(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR)
    copy(clip, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [*(f"frame-{number + 1:06d}.png" for number in range(len(VFR))), "timestamps.txt"]
    head, *times = (tmp_path / "out" / "timestamps.txt").read_text().splitlines()
    assert head == "# timestamp format v2"
    assert [round(float(line) * 90) for line in times] == VFR
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").write_text("keep me")
    with pytest.raises(InputError, match="holds other files"):
        copy(clip, tmp_path / "other")
    assert (tmp_path / "other" / "precious.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("name", "codec", "alpha", "message"),
    [
        ("out.mp4", None, True, r"H\.264 in \.mp4 can't hold transparency; give a --background"),
        ("out.mov", "h264", True, r"H\.264 in \.mov can't hold transparency"),
        ("out.mp4", "vp9", False, r"\.mp4 can't hold the codec vp9; leave --codec out, or write \.mkv or \.webm"),
        ("out.webm", "prores", True, r"can't hold the codec prores.*\.mov"),
        ("out", "h264", False, "a folder can't hold the codec h264"),
        ("out.avi", None, False, r"no video is written to \.avi"),
        ("out.mkv", "theora", False, "the codec 'theora' is unknown"),
    ],
)
def test_pairs_that_cannot_be_are_refused(name: str, codec: str | None, alpha: bool, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        choose_format(Path(name), codec, None, alpha=alpha)
    assert "\n" not in str(refused.value)


def test_a_codec_that_the_library_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mattekit.infer.video.formats._ENCODERS", {"h264": "libnothing"})
    with pytest.raises(Exception, match="built without the encoder libnothing"):
        choose_format(Path("out.mp4"), None, None, alpha=False)


# --- damage ---


def test_a_broken_frame_is_concealed_and_counted(tmp_path: Path) -> None:
    plain = {"bf": "0", "g": "1"}
    clip = make_clip(tmp_path / "clip.mp4", times=VFR, options=plain)
    spoilt = spoil(clip, tmp_path / "spoilt.mp4", {4, 7})
    report = copy(spoilt, tmp_path / "out.mp4")
    assert (report.frames, report.broken, report.truncated) == (len(VFR), 2, False)
    assert {figure.name: figure.value for figure in report.record.figures}["broken"] == 2
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR]
    whole, out = frames_of(clip), frames_of(tmp_path / "out.mp4")
    for number in range(len(VFR)):
        shown = number - 1 if number in {4, 7} else number
        assert np.abs(pixels(out[number]) - pixels(whole[shown])).mean() < 3


def test_a_broken_frame_among_reordered_ones_keeps_its_place(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "3", "g": "50", "x264-params": "b-adapt=0"})
    frames = frames_of(spoil(clip, tmp_path / "spoilt.mp4", {6}))
    assert [frame.pts for frame in frames] == [frame.pts for frame in frames_of(clip)]
    assert sum(frame.picture is None for frame in frames) == 1


def test_too_many_broken_frames_fail_the_run(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "0", "g": "1"})
    spoilt = spoil(clip, tmp_path / "spoilt.mp4", {3, 4, 5})
    with pytest.raises(VideoError, match="more than 2 frames are broken; nothing was written"):
        copy(spoilt, tmp_path / "out.mp4", VideoSettings(max_broken=2))
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "spoilt.mp4"}
    assert copy(spoilt, tmp_path / "out.mp4", VideoSettings(max_broken=3)).broken == 3


def test_the_first_good_frame_stands_in_for_broken_ones_before_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "0", "g": "1"})
    report = copy(spoil(clip, tmp_path / "spoilt.mp4", {0, 1}), tmp_path / "out.mp4")
    assert (report.frames, report.broken) == (12, 2)
    out = frames_of(tmp_path / "out.mp4")
    assert np.abs(pixels(out[0]) - pixels(frames_of(clip)[2])).mean() < 3


def test_a_codec_that_nobody_knows_is_told(tmp_path: Path) -> None:
    data = make_clip(tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "odd.mp4").write_bytes(data.replace(b"avc1", b"\xff\xff\xff\xff"))
    with pytest.raises(VideoError, match=r"known codec|decoded"):
        open_source(str(tmp_path / "odd.mp4"))


def test_a_truncated_file_keeps_what_there_is_and_says_so(tmp_path: Path) -> None:
    front = {"movflags": "+faststart"}
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "0"})
    with av.open(str(clip)) as before, av.open(str(tmp_path / "front.mp4"), "w", options=front) as after:
        stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
        for packet in before.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)
    data = (tmp_path / "front.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) - 90])
    report = copy(tmp_path / "cut.mp4", tmp_path / "out.mp4")
    assert report.truncated
    assert 1 <= report.frames - report.broken < 12
    assert any("cut off" in note for note in report.notes)
    assert not copy(clip, tmp_path / "whole.mp4").truncated


def test_what_is_no_video_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video at all " * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n#EXTINF:1,\n{make_clip(tmp_path / 'clip.ts')}\n#EXT-X-ENDLIST\n")
    with av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=48_000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 48_000
        out.mux([*sound.encode(silence), *sound.encode()])
    for name in ("text.mp4", "empty.mp4", "list.mp4", "sound.m4a", "missing.mp4", "gopher://host/clip.mp4"):
        with pytest.raises(VideoError) as refused:
            open_source(str(tmp_path / name) if "://" not in name else name)
        assert name in str(refused.value)
        assert "\n" not in str(refused.value)


# --- other sources ---


def test_numbered_frames_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["f-9.png", "f-10.png", "f-100.png", "f-1.png"]
    assert [path.name for path in in_number_order([Path(name) for name in names])] == [
        "f-1.png",
        "f-9.png",
        "f-10.png",
        "f-100.png",
    ]
    for number in range(9, 13):
        assert cv2.imwrite(str(tmp_path / f"f-{number}.png"), drawn(number)[..., ::-1])
    (tmp_path / "f-11.png").write_bytes(b"no picture")
    source = open_source(str(tmp_path), fps=parse_fps("30000/1001"))
    frames = [item.frame for item in source.items() if item.frame is not None]
    assert [frame.pts * source.info.time_base for frame in frames] == [Fraction(1001 * n, 30_000) for n in range(4)]
    assert [frame.picture is None for frame in frames] == [False, False, True, False]
    assert np.array_equal(pixels(frames[1]), drawn(10))
    with pytest.raises(VideoError, match="--fps has no use"):
        open_source(str(make_clip(tmp_path / "clip.mp4")), fps=Fraction(25))
    with pytest.raises(InputError, match="frames per second"):
        parse_fps("fast")


def test_a_camera_gives_frames_at_the_times_at_which_they_came(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    moments = iter(100 + 0.04 * number + (0.013 if number % 2 else 0) for number in range(1000))
    camera = Camera("camera 0", cv2.VideoCapture(str(clip)), now=lambda: next(moments))  # type: ignore[arg-type]
    plan = VideoPlan(camera, tmp_path / "out.mp4", choose_format(tmp_path / "out.mp4", None, None, alpha=False), None)
    # The capture ends with the clip, as a camera does that is unplugged.
    report = run_video(plan, Pipeline(), VideoSettings(max_broken=40))
    assert any("stopped giving frames" in note for note in report.notes)
    assert camera.tally.dropped + report.frames == 12 + 29
    assert [round(float(at), 3) for at in seconds_of(tmp_path / "out.mp4")][:1] == [0.0]
    with pytest.raises(VideoError, match="camera 987 can't be opened"):
        open_source("987")


def test_a_stream_is_read_by_its_url(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mkv", times=VFR)

    class Served(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
            """Nothing is printed."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/clip.mkv"
        source = open_source(url)
        assert source.info.live
        assert len([item for item in source.items() if item.frame]) == len(VFR)
        source.close()
        with pytest.raises(VideoError, match="can't be opened"):
            open_source(url.replace("clip", "missing"))
        server.shutdown()
        thread.join()


def test_a_video_as_background_starts_again(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=[0, 9000, 18_000])
    looped = LoopedVideo(str(clip))
    frames = [pixels(frame) for frame in frames_of(clip)]
    rate = VideoFile(str(clip)).info.rate
    assert rate is not None
    length = Fraction(2, 10) + 1 / rate
    for at, which in (
        (0, 0),
        (0.05, 0),
        (0.1, 1),
        (0.19, 1),
        (0.2, 2),
        (float(length) + 0.01, 0),
        (float(length) + 0.11, 1),
    ):
        assert np.array_equal(looped.at(Fraction(at)).rgb, frames[which]), at
    looped.close()
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    plan = plan_video(str(tmp_path / "in-*.png"), tmp_path / "out.mp4", removes=False, background=str(clip))
    assert isinstance(plan.background, Picture)
    run_video(plan, Pipeline(background=plan.background))
    out = frames_of(tmp_path / "out.mp4")
    assert np.abs(pixels(out[3])[:4] - frames[1][:4]).mean() < 4


# --- the run ---


def test_a_composite_is_where_the_subject_is_not(tmp_path: Path) -> None:
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    plan = plan_video(str(tmp_path / "in-*.png"), tmp_path / "out.mp4", removes=False, background="#3366cc")
    run_video(plan, Pipeline(background=Colour(0x33, 0x66, 0xCC)))
    for number, frame in enumerate(frames_of(tmp_path / "out.mp4")):
        assert np.abs(pixels(frame)[4, 60] - (0x33, 0x66, 0xCC)).max() <= 4
        assert np.abs(pixels(frame)[20, 16 + number] - (220, 30, 20)).max() <= 12


def test_the_record_says_what_was_measured(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    report = copy(clip, tmp_path / "out.mp4")
    report.record.write(tmp_path / "record.json")
    record = Record.read(tmp_path / "record.json")
    assert record.kind == "video"
    labels = {
        (figure.labels["stage"], figure.labels["statistic"]) for figure in record.figures if figure.name == "latency"
    }
    assert labels == {(stage, f"p{percent}") for stage in ("decode", "encode") for percent in (50, 90, 99)}
    (slowest,) = [figure for figure in record.figures if figure.name == "bottleneck"]
    assert slowest.labels["stage"] in {"decode", "encode"}
    assert len(record.samples["encode_s"]) == 12


def test_latencies_stay_small_and_are_spread_over_the_whole() -> None:
    latencies = Latencies()
    for number in range(20_000):
        latencies.add({"decode": number / 1e6, "encode": 0.001})
    samples = latencies.samples()["decode_s"]
    assert len(samples) <= 4096
    medians = {
        figure.labels["statistic"]: figure.value
        for figure in latencies.figures(60.0)
        if figure.name == "latency" and figure.labels["stage"] == "decode"
    }
    assert medians["p50"] == pytest.approx(10.0, rel=0.01)
    assert latencies.bottleneck == "decode"


def test_a_result_never_overwrites_its_input(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    before = clip.read_bytes()
    with pytest.raises(InputError, match="would overwrite the input"):
        copy(clip, tmp_path / "clip.mp4")
    assert clip.read_bytes() == before


def test_the_models_run_on_every_frame(
    segmentation_ir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=VFR[:3], audio="aac")
    arguments = ["video", clip, "-o", tmp_path / "out.mp4", "--model", segmentation_ir, "--background", "blur"]
    edges = ("--refine", "guided", "--no-decontaminate", "--shadow", "soft", "--linear", "--place", "subject")
    code = run_cli(*arguments, *edges, "--smooth", "0.6", "--report", tmp_path / "record.json")
    assert code == 0
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR[:3]]
    captured = capfd.readouterr()
    assert captured.out.strip() == str(tmp_path / "out.mp4")
    assert "3 frames" in captured.err
    assert "bottleneck: " in captured.err
    record = Record.read(tmp_path / "record.json")
    assert {figure.labels["stage"] for figure in record.figures if figure.name == "latency"} >= {
        *("decode", "remove", "smooth", "superimpose", "encode")
    }
    assert [reference.model for reference in record.artifacts] == ["u2netp"]
    assert (record.settings["refine"], record.settings["decontaminate"]) == ("guided", False)
    assert "shadow" in str(record.settings["placement"])
    assert run_cli("video", clip, "-o", tmp_path / "clear.mp4", "--model", segmentation_ir) == 1
    assert "can't hold transparency" in capfd.readouterr().err


def test_pictures_commands_send_videos_to_the_right_one(
    segmentation_ir: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    assert run_cli("run", clip, "-o", tmp_path / "out", "--model", segmentation_ir, "--sr", "none") == 1
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert f"mattekit video {clip}" in line


def run_cli(*arguments: str | Path) -> int:
    """Call the command line in this process and return its exit code."""
    before, sys.argv = sys.argv, ["mattekit", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as stop:
            cli.main()
    finally:
        sys.argv = before
    return int(stop.value.code or 0)


SLOW_COPY = """
import sys, time
from pathlib import Path
from mattekit.infer.pipeline import Pipeline
from mattekit.infer.video.plan import plan_video
from mattekit.infer.video.run import run_video
import cv2
class Slow(Pipeline):
    def run(self, picture, *, matte=None):
        time.sleep(0.05)
        return super().run(picture, matte=matte)
source, out = sys.argv[1:]
if source == "camera":
    import numpy as np
    from mattekit.infer.video.camera import Camera
    from mattekit.infer.video.formats import choose_format
    from mattekit.infer.video.plan import VideoPlan
    class Capture:
        def read(self):
            time.sleep(0.01)
            return True, np.full((48, 64, 3), 90, np.uint8)
        def release(self):
            pass
    plan = VideoPlan(Camera("camera", Capture()), Path(out), choose_format(Path(out), None, None, alpha=False), None)
else:
    plan = plan_video(source, Path(out), removes=False)
report = run_video(plan, Slow(), progress=lambda done, total: print(done, flush=True))
print("FRAMES", report.frames)
"""


def interrupted(source: Path | str, out: Path, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run a slow copy in a process of its own and send it a signal after its third frame."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_COPY, str(source), str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None
    time.sleep(0.02)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_file_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", times=[3600 * index for index in range(200)])
    (tmp_path / "out").mkdir()
    ended = interrupted(clip, tmp_path / "out" / "out.mp4", number)
    assert ended.returncode != 0
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")
def test_an_interrupted_camera_keeps_its_recording(tmp_path: Path) -> None:
    ended = interrupted("camera", tmp_path / "out.mp4", signal.SIGINT)
    assert ended.returncode == 0, ended.stderr
    said = int(ended.stdout.rpartition("FRAMES")[2])
    assert len(frames_of(tmp_path / "out.mp4")) == said >= 3
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]

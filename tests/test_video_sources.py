"""What a video may be: damaged, cut off, frames in a folder, a camera, a stream, a background."""

from __future__ import annotations

import http.server
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import VFR, copy, drawn, frames_of, make_clip, pixels, seconds_of, spoil, transparent
from mattekit.core import InputError, VideoError
from mattekit.images import Image
from mattekit.infer import Pipeline, VideoSettings, plan_video, process_video
from mattekit.infer.video.formats import choose_format
from mattekit.infer.video.frame_sources import Camera, in_number_order
from mattekit.infer.video.looped_video import LoopedVideo
from mattekit.infer.video.source import open_source
from mattekit.infer.video.video_file import VideoFile
from mattekit.infer.video.video_plan import VideoPlan
from mattekit.infer.video_settings import parse_fps

av = pytest.importorskip("av", reason="video needs the extra `video`")

# --- damage ---


def test_a_broken_frame_is_concealed_and_counted(tmp_path: Path) -> None:
    plain = {"bf": "0", "g": "1"}
    clip = make_clip(tmp_path / "clip.mp4", times=VFR, options=plain)
    spoilt = spoil(clip, tmp_path / "spoilt.mp4", {4, 7})
    report = copy(spoilt, tmp_path / "out.mp4")
    assert (report.frames, report.broken, report.truncated) == (len(VFR), 2, False)
    assert [figure.value for figure in report.record.of_metric("broken")] == [2]
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR]
    whole, out = frames_of(clip), frames_of(tmp_path / "out.mp4")
    for number in range(len(VFR)):
        shown = number - 1 if number in {4, 7} else number
        assert np.abs(pixels(out[number]) - pixels(whole[shown])).mean() < 3


def test_a_broken_frame_among_reordered_ones_keeps_its_place(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "3", "g": "50", "x264-params": "b-adapt=0"})
    frames = frames_of(spoil(clip, tmp_path / "spoilt.mp4", {6}))
    assert [frame.pts for frame in frames] == [frame.pts for frame in frames_of(clip)]
    assert sum(frame.image is None for frame in frames) == 1


def test_too_many_broken_frames_fail_the_run(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "0", "g": "1"})
    spoilt = spoil(clip, tmp_path / "spoilt.mp4", {3, 4, 5})
    with pytest.raises(VideoError, match="more than 2 frames are broken; nothing was written"):
        copy(spoilt, tmp_path / "out.mp4", max_broken=2)
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "spoilt.mp4"}
    assert copy(spoilt, tmp_path / "out.mp4", max_broken=3).broken == 3


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
    (tmp_path / "f-11.png").write_bytes(b"no image")
    source = open_source(str(tmp_path), fps=parse_fps("30000/1001"))
    frames = [item.frame for item in source.items() if item.frame is not None]
    assert [frame.pts * source.info.time_base for frame in frames] == [Fraction(1001 * n, 30_000) for n in range(4)]
    assert [frame.image is None for frame in frames] == [False, False, True, False]
    assert np.array_equal(pixels(frames[1]), drawn(10))
    with pytest.raises(VideoError, match="--fps has no use"):
        open_source(str(make_clip(tmp_path / "clip.mp4")), fps=Fraction(25))
    with pytest.raises(InputError, match="frames per second"):
        parse_fps("fast")


def test_a_camera_gives_frames_at_the_times_at_which_they_came(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    moments = iter(100 + 0.04 * number + (0.013 if number % 2 else 0) for number in range(1000))
    camera = Camera("camera 0", cv2.VideoCapture(str(clip)), now=lambda: next(moments))  # type: ignore[arg-type]
    out, settings = tmp_path / "out.mp4", VideoSettings(model=None, max_broken=40)
    plan = VideoPlan(camera, out, choose_format(out, None, None, alpha=False), None, settings)
    # The capture ends with the clip, as a camera does that is unplugged.
    report = process_video(plan, Pipeline())
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
    plan = plan_video(str(tmp_path / "in-*.png"), tmp_path / "out.mp4", VideoSettings(model=None, background=str(clip)))
    assert isinstance(plan.background, Image)
    process_video(plan, Pipeline(background=plan.background))
    out = frames_of(tmp_path / "out.mp4")
    assert np.abs(pixels(out[3])[:4] - frames[1][:4]).mean() < 4

"""Videos that tests make and look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mattekit.infer import Pipeline, VideoResult, VideoSettings, plan_video, process_video
from mattekit.infer.video.frames import Frame
from mattekit.infer.video.source import open_source
from mattekit.infer.video.video_file import VideoFile

av = pytest.importorskip("av", reason="video needs the extra `video`")

VFR = [9000, 12600, 13000, 20001, 20500, 31000, 45000, 45003, 60000, 61000, 70000]
"""Times of frames, in units of 1/90000 s, with no rhythm."""


def drawn(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A soft gradient with a disc that wanders: RGB."""
    rows, columns = np.mgrid[: size[1], : size[0]]
    image = np.stack([60 + rows, 80 + columns, 200 - rows - columns / 2], axis=-1).astype(np.uint8)
    cv2.circle(image, (12 + 3 * number, 24), 9, (200, 40, 60), thickness=-1, lineType=cv2.LINE_AA)
    return image


def make_clip(
    path: Path,
    *,
    codec: str = "libx264",
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 90_000),
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    audio_start: float = 0,
    pixel_format: str = "yuv420p",
    matrix: int = 6,
    full_range: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    times = list(times) if times is not None else [3600 * number for number in range(12)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        context = stream.codec_context
        # What several threads encode may differ from one call to the next.
        context.thread_count = 1
        if codec != "mpeg2video":
            # That one has nothing but a rate.
            context.time_base = stream.time_base = time_base
        context.colorspace, context.color_range = matrix, 2 if full_range else 1
        sound: Any = out.add_stream(audio, rate=48_000) if audio else None
        if sound:
            sound.layout = "mono"
            if audio == "wmav2":
                sound.bit_rate = 96_000
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
            at = round(48_000 * audio_start) + 1024 * number
            heard.sample_rate, heard.pts, heard.time_base = 48_000, at, Fraction(1, 48_000)
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


def turned_copy(clip: Path, out: Path, turned: float) -> Path:
    """The same packets as a clip's, to be shown turned: two encodings of the same frames may differ."""
    with av.open(str(clip)) as file, av.open(str(out), "w") as copy_:
        stream = copy_.add_stream_from_template(file.streams.video[0])
        stream.set_display_rotation(turned)
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = stream
                copy_.mux(packet)
    return out


def frames_of(path: Path | str, *, depth: int = 8) -> list[Frame]:
    source = open_source(str(path))
    frames = [item.frame for item in source.items() if item.frame is not None]
    source.close()
    return [replace(frame, image=frame.image.with_depth(depth)) if frame.image else frame for frame in frames]


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
    assert frame.image is not None
    return frame.image.rgb.astype(int)


def copy(source: Path | str, out: Path, **settings: Any) -> VideoResult:
    """Run a video through an empty pipeline: decoded, encoded, nothing between."""
    plan = plan_video(str(source), out, VideoSettings(model=None, **settings))
    return process_video(plan, Pipeline(background=plan.background))


def transparent(number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A red disc of full and a green bar of half opacity on nothing: BGRA."""
    bgra = np.zeros((48, 64, 4), np.uint8)
    cv2.circle(bgra, (16 + number, 20), 12, (20, 30, 220, 255), thickness=-1)
    bgra[38:46, 8:56] = (20, 200, 30, 128)
    return bgra

"""Chroma stays where readers expect it, however often a video passes through."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import copy, frames_of, make_clip, pixels
from mattekit.infer.video.colour import VideoColour, frame_from, image_from
from mattekit.infer.video.siting import LEFT, Siting

av = pytest.importorskip("av", reason="video needs the extra `video`")

SIZE = (256, 192)
MOST = 0.02
"""Chroma pixels by which a texture may move."""


def texture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Soft spots of all colours: RGB, of which shared chroma loses nothing."""
    noise = np.random.default_rng(7).normal(size=(SIZE[1], SIZE[0], 3))
    spots = np.stack([cv2.GaussianBlur(noise[..., channel], (0, 0), 4) for channel in range(3)], axis=-1)
    return np.clip(128 + spots * 80 / spots.std() * 0.5, 20, 235).astype(np.uint8)


def sampled(rgb: np.ndarray[Any, Any], siting: Siting, *, shared: tuple[int, int] = (2, 2)) -> np.ndarray[Any, Any]:
    """The U plane in limited range of BT.709 at the places that a siting says, by arithmetic of our own."""
    red, green, blue = np.moveaxis(rgb.astype(np.float32) / 255, -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    plane = (blue - luma) / 1.8556 * 224 + 128
    height, width = plane.shape
    columns = np.arange(width // shared[0]) * shared[0] + (siting.across / 256 if shared[0] == 2 else 0)
    rows = np.arange(height // shared[1]) * shared[1] + (siting.down / 256 if shared[1] == 2 else 0)
    across, down = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    return cv2.remap(plane, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def moved(before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> float:
    """How far a plane has moved, by least squares of its slopes, in its own pixels."""
    before, after = (plane.astype(np.float64)[8:-8, 8:-8] for plane in (before, after))
    down, across = np.gradient((before + after) / 2)
    slopes = np.stack([across.ravel(), down.ravel(), np.ones(across.size)], axis=1)
    shift, *_ = np.linalg.lstsq(slopes, (before - after).ravel(), rcond=None)
    return float(np.hypot(*shift[:2]))


def plane_of(frame: Any) -> np.ndarray[Any, Any]:
    """The U plane as it is stored."""
    return np.frombuffer(frame.planes[1], np.uint8).reshape(frame.planes[1].height, -1)[:, : frame.planes[1].width]


def stored_plane(path: Path) -> np.ndarray[Any, Any]:
    with av.open(str(path)) as file:
        return plane_of(next(file.decode(video=0)))


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p"])
def test_chroma_is_written_where_readers_take_it_to_be(form: str) -> None:
    shared = (2, 2) if form == "yuv420p" else (2, 1)
    frame = frame_from(texture(), None, form, VideoColour(1))
    assert moved(sampled(texture(), LEFT, shared=shared), plane_of(frame)) < MOST


@pytest.mark.parametrize("siting", [LEFT, Siting(128, 128), Siting(0, 0), Siting(128, 0), Siting(0, 256)])
def test_chroma_is_read_where_it_lies(siting: Siting) -> None:
    written = frame_from(texture(), None, "yuv420p", VideoColour(1))
    plane = written.planes[1]
    rows = np.zeros((plane.height, plane.line_size), np.uint8)
    for number in (1, 2):
        values = sampled(texture(), siting) if number == 1 else np.full((plane.height, plane.width), 128.0)
        rows[:, : plane.width] = np.rint(np.clip(values, 0, 255))
        written.planes[number].update(rows.tobytes())
    read = image_from(written, VideoColour(1), "clip", siting)
    # With V in its middle, what blue has more than red is U alone.
    blue = read.rgb[..., 2].astype(float) - read.rgb[..., 0]
    truth = texture().astype(np.float32)
    expected = (sampled(truth, LEFT, shared=(1, 1)) - 128) * 1.8556 / 224 * 255
    assert moved(expected, blue) < 2 * MOST


@pytest.mark.parametrize("name", ["out.mp4", "out.webm"])
def test_six_passes_move_nothing(name: str, tmp_path: Path) -> None:
    for number in range(2):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), texture()[..., ::-1])
    source: Path = tmp_path / "in-*.png"
    planes: list[np.ndarray[Any, Any]] = []
    for number in range(6):
        out = tmp_path / f"{number}-{name}"
        copy(source, out, quality=100)
        planes.append(stored_plane(out))
        source = out
    assert moved(planes[0], planes[-1]) < MOST
    assert np.abs(pixels(frames_of(source)[0]) - texture()).mean() < 1.5


@pytest.mark.parametrize(("number", "siting"), [(0, LEFT), (1, Siting(128, 128)), (2, Siting(0, 0))])
def test_a_file_says_where_its_chroma_lies(number: int, siting: Siting, tmp_path: Path) -> None:
    from mattekit.infer.video.siting import siting_of

    said = {"x264-params": f"chromaloc={number}"}
    with av.open(str(make_clip(tmp_path / "clip.mp4", options=said))) as file:
        stream = file.streams.video[0]
        assert siting_of(stream, next(file.demux(stream))) == siting


def test_a_motion_jpeg_has_its_chroma_in_the_middle(tmp_path: Path) -> None:
    from mattekit.infer.video.siting import siting_of

    clip = make_clip(
        tmp_path / "clip.avi",
        codec="mjpeg",
        pixel_format="yuvj420p",
        full_range=True,
        times=[0, 1, 2],
        time_base=Fraction(1, 25),
    )
    with av.open(str(clip)) as file:
        stream = file.streams.video[0]
        assert siting_of(stream, next(file.demux(stream))) == Siting(128, 128)

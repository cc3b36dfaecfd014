"""More than 8 bits, and high dynamic range: what stays, what the network sees, and what is said of what can't stay."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import copy, frames_of
from mattekit.core import InputError
from mattekit.images import Image
from mattekit.infer import Pipeline, VideoSettings, plan_video, process_video
from mattekit.infer.cutting import Cutter, Matte
from mattekit.infer.given_masks import GivenMasks
from mattekit.infer.video.colour import VideoColour
from mattekit.infer.video.formats import choose_format
from mattekit.infer.video.hdr import from_standard, to_standard
from mattekit.infer.video.light_levels import LightLevels, light_levels

av = pytest.importorskip("av", reason="video needs the extra `video`")

PQ, HLG, WIDE = 16, 18, 9

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"

LEVELS = LightLevels(
    tuple(Fraction(value, 50_000) for value in (34000, 16000, 13250, 34500, 7500, 3000, 15635, 16450)),
    (Fraction(50, 10_000), Fraction(1000)),
    (1000, 400),
)


def deep_clip(path: Path, *, transfer: int = 1, primaries: int = 1, frames: int = 3, light: bool = False) -> Path:
    """A ramp from left to right in which each column of 877 has a level of its own, in 10 bits without loss."""
    params = "log-level=error:lossless=1" + (f":master-display={DISPLAY}:max-cll=1000,400" if light else "")
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx265", rate=25, options={"x265-params": params, "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 880, 64, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.color_range = transfer, primaries, 1
        context.colorspace = 9 if primaries == WIDE else 1
        for number in range(frames):
            frame = av.VideoFrame(880, 64, "yuv420p10le")
            for plane, row in zip(frame.planes, (ramp(), np.full(440, 512), np.full(440, 512)), strict=True):
                rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                rows[:, : len(row)] = row
                plane.update(rows.tobytes())
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def ramp() -> np.ndarray[Any, Any]:
    return np.clip(64 + np.arange(880), 64, 940)


def first_frame(path: Path) -> Any:
    with av.open(str(path)) as file:
        return next(file.decode(video=0))


def luma(path: Path) -> np.ndarray[Any, Any]:
    """The first row of luma, in 10 bits."""
    plane = first_frame(path).planes[0]
    return np.frombuffer(plane, np.uint16).reshape(plane.height, -1)[10, : plane.width].astype(int)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 10 bits in standard range."""
    return deep_clip(tmp_path_factory.mktemp("deep") / "deep.mp4")


@pytest.fixture(scope="module")
def bright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of HDR10, with what it says of its light."""
    return deep_clip(tmp_path_factory.mktemp("bright") / "bright.mp4", transfer=PQ, primaries=WIDE, light=True)


@pytest.mark.parametrize(
    ("name", "codec", "encoded"),
    [
        ("out.mp4", None, "hevc Main 10"),
        ("out.mkv", "h264", "h264 High 10"),
        ("out.webm", None, "av1 Main"),
        ("out.mov", "prores", "prores HQ"),
    ],
)
def test_ten_bits_stay_ten_bits(deep: Path, tmp_path: Path, name: str, codec: str | None, encoded: str) -> None:
    mask = np.zeros((64, 880), np.uint8)
    mask[:32] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    settings = VideoSettings(mask=tmp_path / "mask.png", background="black", codec=codec, quality=95, frames=1)
    plan = plan_video(str(deep), tmp_path / name, settings)
    result = process_video(plan, Pipeline(GivenMasks(tmp_path / "mask.png"), background=plan.background))
    assert result.notes == ()
    with av.open(str(tmp_path / name)) as file:
        context = file.streams.video[0].codec_context
        assert f"{context.codec.canonical_name} {context.profile}" == encoded
        assert max(component.bits for component in context.format.components) == 10
    found = luma(tmp_path / name)
    assert np.abs(found - ramp()).max() <= 6
    # Through 8 bits there would be 220 levels at most.
    assert len(np.unique(found)) > 400


def test_ten_bits_without_loss_are_the_same_ten_bits(deep: Path, tmp_path: Path) -> None:
    for codec in ("hevc", "h264"):
        copy(deep, tmp_path / "out.mkv", codec=codec, quality=100)
        assert (luma(tmp_path / "out.mkv") == ramp()).all()


@pytest.mark.parametrize(("name", "codec", "kept"), [("out.mp4", None, True), ("out.mkv", "av1", True)])
def test_hdr10_is_handed_on_with_what_it_says_of_its_light(
    bright: Path, tmp_path: Path, name: str, codec: str | None, kept: bool
) -> None:
    result = copy(bright, tmp_path / name, codec=codec)
    frame = first_frame(tmp_path / name)
    assert (int(frame.color_trc), int(frame.color_primaries), int(frame.colorspace)) == (PQ, WIDE, 9)
    levels = light_levels(frame)
    assert levels is not None
    assert levels.is_like(LEVELS) is kept
    assert result.notes == ()


def test_what_can_not_say_its_light_is_told(bright: Path, tmp_path: Path) -> None:
    (note,) = copy(bright, tmp_path / "out.mov", codec="prores").notes
    assert "mastering display and the light levels" in note
    assert int(first_frame(tmp_path / "out.mov").color_trc) == PQ


def test_hlg_keeps_its_tags(tmp_path: Path) -> None:
    clip = deep_clip(tmp_path / "hlg.mp4", transfer=HLG, primaries=WIDE)
    assert copy(clip, tmp_path / "out.mp4").notes == ()
    frame = first_frame(tmp_path / "out.mp4")
    assert (int(frame.color_trc), int(frame.color_primaries), frame.format.name) == (HLG, WIDE, "yuv420p10le")


def test_a_gif_of_high_dynamic_range_is_brought_to_standard_range(bright: Path, tmp_path: Path) -> None:
    notes = copy(bright, tmp_path / "out.gif").notes
    assert any("brought to standard range" in note for note in notes)
    (first, *_) = frames_of(tmp_path / "out.gif")
    assert first.image is not None
    row = first.image.rgb[10].mean(axis=1)
    # 203 cd/m2 are at 58% of PQ's signal, and 1000, the brightest here, at 75%: from there on all is white.
    assert row[700] > 250
    assert 215 < row[508] < 250


class Seeing(Cutter):
    """Keeps what it is shown, and takes nothing away."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Image] = []

    def matte(self, image: Image) -> Matte:
        self.seen.append(image)
        return Matte(np.full(image.rgb.shape[:2], image.full, image.rgb.dtype), 1.0, True)


def test_the_network_sees_standard_range_and_the_result_keeps_the_high_one(bright: Path, tmp_path: Path) -> None:
    plan = plan_video(str(bright), tmp_path / "out.mp4", VideoSettings(background="white", quality=100, frames=1))
    cutter = Seeing()
    process_video(plan, Pipeline(cutter, background=plan.background))
    (seen,) = cutter.seen
    expected = to_standard(Image(np.full((1, 1, 3), round(0.58 * 65535), np.uint16)), VideoColour(9, False, WIDE, PQ))
    assert np.abs(seen.rgb[10, 508].astype(int) - expected.rgb[0, 0]).max() < 400
    assert np.abs(luma(tmp_path / "out.mp4") - ramp()).max() <= 1


def test_a_background_lies_in_the_range_of_the_video(bright: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((64, 880), np.uint8))
    plan = plan_video(str(bright), tmp_path / "out.mp4", VideoSettings(mask=tmp_path / "mask.png", background="white"))
    process_video(plan, Pipeline(GivenMasks(tmp_path / "mask.png"), background=plan.background))
    # White is 203 cd/m2, not the 10000 of the signal's end.
    assert np.abs(luma(tmp_path / "out.mp4") - (64 + 0.5807 * 876)).max() <= 4


def test_the_curves_are_those_of_the_recommendations() -> None:
    white = Image(np.full((1, 1, 3), 255, np.uint8))
    for transfer, signal in ((PQ, 0.5807), (HLG, 0.75)):
        colour = VideoColour(9, False, WIDE, transfer)
        assert from_standard(white, colour).rgb / 65535 == pytest.approx(signal, abs=0.002)
        ends = Image(np.array([[[0] * 3, [65535] * 3]], np.uint16))
        assert to_standard(ends, colour).with_depth(8).rgb[0].tolist() == [[0] * 3, [255] * 3]
        # Below the knee, at a third of white, what goes up comes down the same.
        grey = Image(np.full((1, 1, 3), 130, np.uint8))
        back = to_standard(from_standard(grey, colour), colour).with_depth(8).rgb
        assert np.abs(back.astype(int) - 130).max() <= 1
        levels = Image(np.repeat(np.arange(0, 65536, 64, dtype=np.uint16)[None, :, None], 3, axis=2))
        assert (np.diff(to_standard(levels, colour).rgb[0, :, 1].astype(int)) >= 0).all()


def test_images_of_sixteen_bits_become_a_video_of_ten(tmp_path: Path) -> None:
    row = np.linspace(0, 65535, 880).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "f-1.png"), np.repeat(np.repeat(row[None, :, None], 64, axis=0), 3, axis=2))
    result = copy(tmp_path / "f-*.png", tmp_path / "out.mp4", quality=100)
    assert [note for note in result.notes if "rounded" in note] == ["its samples of 16 bits were rounded to 10"]
    assert len(np.unique(luma(tmp_path / "out.mp4"))) > 800
    copy(tmp_path / "out.mp4", tmp_path / "frames")
    (image,) = [frame.image for frame in frames_of(tmp_path / "frames", depth=16)]
    assert image is not None
    assert np.abs(image.rgb[10, :, 1].astype(int) - row).max() < 80


def test_what_has_eight_bits_alone_says_so(deep: Path, tmp_path: Path) -> None:
    assert any("rounded to 8" in note for note in copy(deep, tmp_path / "out.gif").notes)
    with pytest.raises(InputError, match="can't hold transparency"):
        choose_format(tmp_path / "out.mp4", "hevc", None, alpha=True, bits=10)
    assert choose_format(tmp_path / "out.webm", None, None, alpha=True, bits=10).bits == 8
    assert choose_format(tmp_path / "out.mov", None, None, alpha=True, bits=10).bits == 10

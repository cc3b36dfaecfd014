"""What comes out of a video: times, audio, turns, sizes, colours, alpha."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import VFR, audio_of, copy, drawn, frames_of, make_clip, pixels, seconds_of, transparent, turned_copy
from mattekit.core import InputError, VideoError
from mattekit.core.folders import LIST_NAME
from mattekit.infer.video.display_matrix import orientation_of
from mattekit.infer.video.formats import choose_format
from mattekit.infer.video.video_file import VideoFile

av = pytest.importorskip("av", reason="video needs the extra `video`")

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
    copy(clip, tmp_path / "silent.mp4", no_audio=True)
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
    assert copy(clip, tmp_path / "out.mp4", frames=4).frames == 4
    assert seconds_of(tmp_path / "out.mp4") == [Fraction(pts, 90_000) for pts in VFR[:4]]


# --- turns, sizes, colours ---


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_video_comes_out_upright(turned: int, tmp_path: Path) -> None:
    straight = make_clip(tmp_path / "straight.mp4")
    clip = turned_copy(straight, tmp_path / "clip.mp4", turned)
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
    from mattekit.images import upright

    for numbers in ((1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1)):
        for swapped in (False, True):
            a, b, c, d = numbers if not swapped else (0, numbers[0], numbers[3], 0)
            matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1], np.int32) * 65536
            orientation = orientation_of(matrix.tobytes())
            assert orientation is not None
            turned = upright(corners.astype(np.uint8), orientation)
            # The matrix says where a point (x, y) of the stored image goes: about the centre, here.
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
    assert frames_of(tmp_path / "out.mp4")[0].image.size == (34, 28)  # type: ignore[union-attr]
    copy(tmp_path / "in-*.png", tmp_path / "out.webm")
    assert frames_of(tmp_path / "out.webm")[0].image.size == (33, 27)  # type: ignore[union-attr]


def test_frames_beyond_the_pixel_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "3000")
    with pytest.raises(VideoError, match=r"64x48 are 0\.003\d* megapixels, more than the limit"):
        VideoFile(str(clip))


# --- alpha ---


@pytest.mark.parametrize("name", ["out.webm", "out.mkv", "out.mov", "out.webp", "out"])
def test_alpha_is_kept_by_what_can_hold_it(name: str, tmp_path: Path) -> None:
    for number in range(4):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), transparent(number))
    report = copy(tmp_path / "in-*.png", tmp_path / name, fps=Fraction(10))
    assert report.frames == 4
    if name == "out.webp":
        from PIL import Image as PilImage

        with PilImage.open(tmp_path / name) as pil:
            assert (getattr(pil, "n_frames", 0), pil.info["loop"]) == (4, 0)
            shown: list[Any] = []
            for number in range(4):
                pil.seek(number)
                pil.load()
                assert pil.info["duration"] == 100
                shown.append(np.asarray(pil.convert("RGBA")))
        found = [(one[..., :3], one[..., 3]) for one in shown]
    else:
        images = [frame.image for frame in frames_of(tmp_path / name)]
        found = [(image.rgb, image.alpha) for image in images if image is not None]
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
    assert names == [LIST_NAME, *(f"frame-{number + 1:06d}.png" for number in range(len(VFR))), "timestamps.txt"]
    head, *times = (tmp_path / "out" / "timestamps.txt").read_text().splitlines()
    assert head == "# timestamp format v2"
    assert [round(float(line) * 90) for line in times] == VFR
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").write_text("keep me")
    with pytest.raises(InputError, match=r"holds precious\.txt, .* would be lost"):
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

"""One frame before and after, as an image in place of a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import mattekit
import numpy as np
import pytest
from clips import copy, drawn, make_clip
from mattekit.core import InputError


def test_a_preview_is_the_middle_frame_before_and_after(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio="aac", options={"g": "1"})
    result = copy(clip, tmp_path / "out.mp4", preview=tmp_path / "look.png")
    assert (result.out, result.frames, result.notes) == (tmp_path / "look.png", 1, ())
    assert not (tmp_path / "out.mp4").exists()
    shown = mattekit.read_image(tmp_path / "look.png").rgb.astype(int)
    assert shown.shape == (48, 128, 3)
    for side in (shown[:, :64], shown[:, 64:]):
        # The sound is the longer one, so that its middle is a frame or two later.
        nearest = min(range(12), key=lambda number: np.abs(side - drawn(number)).mean())
        assert nearest in {6, 7, 8}
        assert np.abs(side - drawn(nearest)).mean() < 4


def test_a_preview_shows_the_frame_at_the_start_that_is_asked_for(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mkv")
    copy(clip, tmp_path / "out.mp4", preview=tmp_path / "look.png", start=Fraction(3, 25))
    shown = mattekit.read_image(tmp_path / "look.png").rgb.astype(int)
    assert np.abs(shown[:, 64:] - drawn(3)).mean() < 4


def test_what_is_transparent_is_seen_on_a_board(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    cv2.imwrite(str(tmp_path / "mask.png"), np.zeros((48, 64), np.uint8))
    mattekit.run_video(clip, tmp_path / "out.mov", mask=tmp_path / "mask.png", preview=tmp_path / "look.png")
    shown = mattekit.read_image(tmp_path / "look.png").rgb
    assert shown[3, 64 + 3].tolist() == [204] * 3
    assert shown[3, 64 + 19].tolist() == [153] * 3


def test_a_preview_is_an_image_of_one_video(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    with pytest.raises(InputError, match=r"look.mp4.* '\.mp4'"):
        copy(clip, tmp_path / "out.mp4", preview=tmp_path / "look.mp4")
    with pytest.raises(InputError, match="--preview is of one video"):
        mattekit.run_videos([clip, clip, tmp_path], tmp_path / "out", model=None, preview=tmp_path / "look.png")

"""Television's half images are noticed, and made whole where that is asked for."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import copy, frames_of, make_clip, pixels, seconds_of

av = pytest.importorskip("av", reason="video needs the extra `video`")


def interlaced(path: Path, frames: int = 12) -> Path:
    """A bar that wanders so far that the rows of the second half image show it elsewhere."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg2video", rate=25, options={"flags": "+ilme+ildct", "b": "4M"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(frames):
            rgb = np.full((64, 96, 3), 40, np.uint8)
            for half in range(2):
                left = 4 + 6 * number + 3 * half
                rgb[half::2, left : left + 12] = 220
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            graph = av.filter.Graph()
            steps = [graph.add_buffer(width=96, height=64, format=frame.format, time_base=Fraction(1, 25))]
            steps += [graph.add("setfield", "tff"), graph.add("buffersink")]
            graph.link_nodes(*steps).configure()
            graph.push(frame)
            frame = graph.vpull()
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def combs(frame: Any) -> float:
    """How much neighbouring rows differ more than the next but one."""
    rows = pixels(frame)[..., 1].astype(float)
    return float(np.abs(np.diff(rows, axis=0)).mean() - np.abs(rows[2:] - rows[:-2]).mean())


@pytest.mark.parametrize("suffix", [".mpg", ".ts", ".mkv"])
def test_combs_are_noted_and_taken_out_on_request(suffix: str, tmp_path: Path) -> None:
    clip = interlaced(tmp_path / f"clip{suffix}")
    report = copy(clip, tmp_path / "combed.mp4")
    assert any("interlaced" in note and "--deinterlace" in note for note in report.notes)
    report = copy(clip, tmp_path / "whole.mp4", deinterlace=True)
    assert report.frames == 12
    assert not any("interlaced" in note for note in report.notes)
    assert seconds_of(tmp_path / "whole.mp4") == seconds_of(tmp_path / "combed.mp4")
    before, after = (combs(frames_of(tmp_path / name)[6]) for name in ("combed.mp4", "whole.mp4"))
    assert before > 3
    assert after < 0.3 * before


def test_a_progressive_clip_has_no_note(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    assert copy(clip, tmp_path / "out.mp4").notes == ()
    assert seconds_of(tmp_path / "out.mp4") == seconds_of(clip)
    assert copy(clip, tmp_path / "asked.mp4", deinterlace=True).frames == 12

"""Files as tape, broadcast and raw video leave them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import audio_of, copy, drawn, frames_of, pixels, seconds_of
from mattekit.core import VideoError
from mattekit.infer.video.siting import Siting
from mattekit.infer.video.source import open_source

av = pytest.importorskip("av", reason="video needs the extra `video`")


@pytest.mark.parametrize(("name", "codec"), [("clip.dv", "dvvideo"), ("clip.mxf", "mpeg2video"), ("clip.mxf", "dnxhd")])
def test_tape_and_broadcast_keep_their_times_and_sound(name: str, codec: str, tmp_path: Path) -> None:
    size, form = ((720, 576), "yuv420p") if codec != "dnxhd" else ((1280, 720), "yuv422p")
    path = tmp_path / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options={"b": "90M"} if codec == "dnxhd" else {})
        stream.width, stream.height, stream.pix_fmt = *size, form
        sound: Any = out.add_stream("pcm_s16le", rate=48_000)
        sound.layout = "stereo"
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(drawn(number, size), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 1920), np.int16), format="s16", layout="stereo")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, 1920 * number, Fraction(1, 48_000)
            out.mux(sound.encode(heard))
        out.mux(stream.encode())
        out.mux(sound.encode())
    source = open_source(str(path))
    source.close()
    assert source.info.rate == 25
    assert copy(path, tmp_path / "out.mov").frames == 4
    assert seconds_of(tmp_path / "out.mov") == [Fraction(number, 25) for number in range(4)]
    assert sum(len(data) for _, data in audio_of(tmp_path / "out.mov")) == 4 * 1920 * 4
    if name.endswith("mxf"):
        # It does not say where its two channels are heard.
        with pytest.raises(VideoError, match=r"\.mp4 can't hold the audio as it is \(pcm_s16le\)"):
            copy(path, tmp_path / "out.mp4")
    assert np.abs(pixels(frames_of(tmp_path / "out.mov")[2]) - drawn(2, size)).mean() < 8


def test_wide_pixels_stay_wide(tmp_path: Path) -> None:
    wide = tmp_path / "wide.mkv"
    with av.open(str(wide), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(64, 45)
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(drawn(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert copy(wide, tmp_path / "out.mp4").frames == 3
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(64, 45)


@pytest.mark.parametrize(
    ("told", "siting"),
    [
        (" C420jpeg", Siting(128, 128)),
        (" C420mpeg2", Siting(0, 128)),
        (" C420paldv", Siting(0, 0)),
        ("", Siting(128, 128)),
    ],
)
def test_raw_video_says_where_its_chroma_lies(told: str, siting: Siting, tmp_path: Path) -> None:
    from mattekit.infer.video.siting import siting_of

    path = tmp_path / "clip.y4m"
    path.write_bytes(f"YUV4MPEG2 W16 H8 F25:1 Ip A1:1{told}\n".encode() + 2 * (b"FRAME\n" + bytes(16 * 8 * 3 // 2)))
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert siting_of(stream, next(file.demux(stream)), path) == siting
    assert len(frames_of(path)) == 2

"""HEVC and AV1 beside the other codecs, and encoders of hardware that is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import copy, frames_of, make_clip, pixels
from mattekit.core import VideoError
from mattekit.infer.video.formats import choose_format

av = pytest.importorskip("av", reason="video needs the extra `video`")


@pytest.mark.parametrize(
    ("codec", "name", "read"),
    [("hevc", "out.mp4", "hevc"), ("hevc", "out.mov", "hevc"), ("av1", "out.mp4", "av1"), ("av1", "out.webm", "av1")],
)
def test_other_codecs_are_written_where_a_container_holds_them(
    codec: str, name: str, read: str, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(96, 64))
    assert copy(clip, tmp_path / name, codec=codec).frames == 12
    with av.open(str(tmp_path / name)) as file:
        context = file.streams.video[0].codec_context
        assert context.codec.canonical_name == read
        if codec == "hevc":
            assert context.codec_tag == "hvc1"
    before, after = frames_of(clip), frames_of(tmp_path / name)
    assert [frame.image is None for frame in after] == [False] * 12
    assert np.abs(pixels(after[5]) - pixels(before[5])).mean() < 4


@pytest.mark.parametrize("codec", ["h264_nvenc", "av1_qsv"])
def test_an_encoder_without_its_hardware_is_told_in_a_sentence(codec: str) -> None:
    try:
        context = av.CodecContext.create(codec, "w")
        context.width, context.height, context.pix_fmt = 640, 480, "nv12"
        context.open()
    except (av.error.FFmpegError, ValueError):
        with pytest.raises(VideoError, match=rf"{codec} needs an .*GPU.*--codec {codec.partition('_')[0]}") as refused:
            choose_format(Path("out.mp4"), codec, None, alpha=False)
        assert "\n" not in str(refused.value)
    else:
        pytest.skip("the hardware is there")

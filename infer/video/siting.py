"""Where the chroma samples lie that several pixels share: half a pixel off, colours wander with each pass."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .pyav import graph_for, load_av

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph
    from av.packet import Packet
    from av.stream import Stream
    from av.video.format import VideoFormat
    from av.video.stream import VideoStream

__all__ = ["LEFT", "Siting", "is_subsampled", "rescaled", "siting_of"]


class Siting(NamedTuple):
    """Where a chroma sample lies: 256ths of the way from the first to the second of the pixels that share it."""

    across: int
    down: int


LEFT = Siting(0, 128)
"""Of MPEG-2 and all that came after it, unless a file says something else."""

# By the numbers of H.264 and HEVC.
_NUMBERED = (LEFT, Siting(128, 128), Siting(0, 0), Siting(128, 0), Siting(0, 256), Siting(128, 256))
_CENTRE, _TOP_LEFT = _NUMBERED[1:3]

# Where it is neither in the file nor left; JPEG and what came before MPEG-2 have it in the middle.
_BY_CODEC = dict.fromkeys(("h261", "h263", "mjpeg", "mpeg1video", "theora", "vp8"), _CENTRE) | {"dvvideo": _TOP_LEFT}

# What a file says of it, as FFmpeg's filter that writes headers out calls it; AV1 has numbers of its own.
_SAID = re.compile(r"chroma_sample_(?:loc_type_top_field|(position))\s.*= (\d+)")
_OF_AV1 = {1: LEFT, 2: _TOP_LEFT}
_SAYING = frozenset({"av1", "h264", "hevc"})

_FLAGS = "bicubic+full_chroma_int+full_chroma_inp+accurate_rnd+bitexact"

_TICK = Fraction(1, 1000)


def is_subsampled(form: VideoFormat) -> bool:
    """Say whether pixels share chroma samples."""
    planes = form.components
    return not form.is_rgb and len(planes) >= 3 and form.chroma_width(2) * form.chroma_height(2) < 4


def rescaled(frame: VideoFrame, pixel_format: str, options: str, siting: Siting, side: str) -> VideoFrame:
    """Convert a frame to another pixel format, with the chroma of one side of it where it lies.

    Args:
        frame: of any size.
        pixel_format: to convert to.
        options: of FFmpeg's filter `scale`.
        siting: of the chroma that is read or written.
        side: `in` or `out`.
    """
    form = frame.format
    other = load_av().video.format.VideoFormat(pixel_format) if side == "out" else form
    # 128 is in the middle of what isn't shared.
    across = siting.across if other.chroma_width(2) < 2 else -513
    down = siting.down if other.chroma_height(2) < 2 else -513
    said = f"{options}:{side}_h_chr_pos={across}:{side}_v_chr_pos={down}"
    key = (form.name, frame.width, frame.height, int(frame.colorspace), int(frame.color_range), pixel_format, said)
    graph = graph_for(key, lambda: _graph(frame, pixel_format, said))
    graph.push(frame)
    return graph.vpull()


def _graph(frame: VideoFrame, pixel_format: str, options: str) -> Graph:
    from av.filter import Graph

    graph = Graph()
    size = f"{frame.width}:{frame.height}"
    entry = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=_TICK)
    steps = [entry, graph.add("scale", f"{size}:flags={_FLAGS}:{options}"), graph.add("format", pixel_format)]
    graph.link_nodes(*steps, graph.add("buffersink")).configure()
    return graph


_OF_Y4M = re.compile(rb" C420(\S*)")


def siting_of(stream: VideoStream, packet: Packet[Stream], path: Path | None = None) -> Siting:
    """Return where a stream's own chroma samples lie.

    Args:
        stream: as it is in its file.
        packet: its first one.
        path: of the file, where it is one.
    """
    if path is not None and stream.container.format.name == "yuv4mpegpipe":
        with path.open("rb") as file:
            told = _OF_Y4M.search(file.readline(256))
        kinds = {b"mpeg2": LEFT, b"paldv": _TOP_LEFT}
        # Without a word it is that of JPEG.
        return _CENTRE if told is None else next((kinds[each] for each in kinds if told[1] == each), _CENTRE)
    av = load_av()
    name = stream.codec_context.codec.canonical_name
    if name not in _SAYING:
        return _BY_CODEC.get(name, LEFT)
    level = av.logging.get_level()
    try:
        av.logging.set_level(av.logging.INFO)
        with av.logging.Capture() as lines:
            # The filter takes what it is given away.
            av.bitstream.BitStreamFilterContext("trace_headers", stream).filter(av.Packet(bytes(packet)))
    except (av.error.FFmpegError, ValueError):
        return LEFT
    finally:
        av.logging.set_level(level)
    found = next(filter(None, (_SAID.search(line) for _, _, line in lines)), None)
    if found is None:
        return LEFT
    number = int(found[2])
    return _OF_AV1.get(number, LEFT) if found[1] else (_NUMBERED[number] if number < len(_NUMBERED) else LEFT)

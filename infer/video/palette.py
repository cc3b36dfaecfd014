"""Frames of 256 colours, for GIF: each has a palette of its own, by FFmpeg's filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...images import Pixels
from .pyav import graph_for

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph

__all__ = ["with_palette"]


def with_palette(rgb: Pixels, alpha: Pixels | None) -> VideoFrame:
    """Return a frame of (H, W, 3) uint8 RGB in the 256 colours that suit it, one of them clear where it has alpha."""
    from av import VideoFrame

    if alpha is None:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb, dtype=np.uint8), format="rgb24")
    else:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(np.dstack([rgb, alpha]), dtype=np.uint8), format="rgba")
    graph = graph_for(("palette", frame.format.name, frame.width, frame.height), lambda: _graph(frame))
    graph.push(frame)
    return graph.vpull()


def _graph(frame: VideoFrame) -> Graph:
    from fractions import Fraction

    from av.filter import Graph

    graph = Graph()
    entry = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    split, palette = graph.add("split"), graph.add("palettegen", "stats_mode=single")
    used, end = graph.add("paletteuse", "new=1:alpha_threshold=128"), graph.add("buffersink")
    entry.link_to(split)
    split.link_to(used, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(used, 0, 1)
    used.link_to(end)
    graph.configure()
    return graph

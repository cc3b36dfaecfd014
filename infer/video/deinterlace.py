"""Frames of two half images each, as television recorded them, become whole ones by FFmpeg's filter bwdif."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .pyav import load_av

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph

__all__ = ["Deinterlacer"]


class Deinterlacer:
    """Takes decoded frames and gives as many, each at its own time; it holds one back.

    Args:
        time_base: the unit of the frames' times.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._graph: Graph | None = None
        self._kind: tuple[str, int, int] | None = None

    def taken(self, frame: VideoFrame | None) -> list[VideoFrame]:
        """Return the frames that are complete with this one; None asks for the last."""
        done: list[VideoFrame] = []
        kind = None if frame is None else (frame.format.name, frame.width, frame.height)
        if self._graph is not None and kind != self._kind:
            self._graph.push(None)
            done += self._pulled()
            self._graph = None
        if frame is None:
            return done
        if self._graph is None:
            self._graph, self._kind = self._made(frame), kind
        self._graph.push(frame)
        return done + self._pulled()

    def _pulled(self) -> list[VideoFrame]:
        av, done = load_av(), []
        while self._graph is not None:
            try:
                frame = self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            unit = frame.time_base or self._time_base
            if frame.pts is not None:
                frame.pts = round(frame.pts * unit / self._time_base)
            frame.duration = round((frame.duration or 0) * unit / self._time_base)
            frame.time_base = self._time_base
            done.append(frame)
        return done

    def _made(self, frame: VideoFrame) -> Graph:
        from av.filter import Graph

        graph = Graph()
        entry = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=self._time_base)
        # All frames, since who asks has seen combs, whatever the file says.
        steps = [entry, graph.add("bwdif", "mode=send_frame:deint=all"), graph.add("buffersink")]
        graph.link_nodes(*steps).configure()
        return graph

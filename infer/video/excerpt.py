"""A part of a video, from one time to another, as a source of its own that begins at 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from ...core import VideoError
from .frames import Frame, FrameItem, FrameSource, Tally, VideoInfo

if TYPE_CHECKING:
    from av.container.core import Chapter
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["Excerpt"]


class Excerpt:
    """What a source shows from one time to another; a frame that is cut is shown for what is left of it.

    Args:
        source: the whole; it is closed with the excerpt.
        start: seconds from its beginning.
        end: likewise; None is its end.
    """

    def __init__(self, source: FrameSource, start: Fraction, end: Fraction | None) -> None:
        self._source, self._start, self._end = source, start, end
        info = source.info
        chapters = tuple(filter(None, (self._chapter(one) for one in info.extras.chapters)))
        self._info = replace(info, frames=None, extras=replace(info.extras, chapters=chapters))

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    @property
    def tally(self) -> Tally:
        """Return what is known after them."""
        return self._source.tally

    @property
    def truncated(self) -> bool:
        """Say whether the whole is cut off before the excerpt's end."""
        return self._source.truncated

    def items(self) -> Iterator[FrameItem]:
        """Yield the frames and packets of the part, their times from its start.

        Raises:
            VideoError: there is no frame in it.
        """
        unit = self._info.time_base
        begin = round(self._start / unit)
        end = None if self._end is None else round(self._end / unit)
        shown, last = False, 0
        for item in self._source.items():
            frame = item.frame
            packets = tuple(filter(None, (self._packet(packet) for packet in item.packets)))
            if frame is not None:
                last = frame.pts + frame.duration
                if end is not None and frame.pts >= end:
                    yield FrameItem(None, packets)
                    break
                frame = self._cut(frame, begin, end)
                shown = shown or frame is not None
            if frame is not None or packets:
                yield FrameItem(frame, packets)
        if not shown:
            raise VideoError(
                f"{self._info.name}: there is no frame from {float(self._start):g} s on; it ends at "
                f"{float(last * unit):.4g} s, so give an earlier --start"
            )

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._source.stop()

    def close(self) -> None:
        """Close the whole."""
        self._source.close()

    def _cut(self, frame: Frame, begin: int, end: int | None) -> Frame | None:
        until = frame.pts + frame.duration
        if frame.pts < begin and until <= begin:
            return None
        at = max(frame.pts, begin)
        until = until if end is None else min(until, end)
        return replace(frame, pts=at - begin, duration=max(0, until - at) if frame.duration else 0)

    def _packet(self, packet: Packet[Stream]) -> Packet[Stream] | None:
        if packet.pts is None:
            return None
        at = packet.pts * packet.time_base
        if at < self._start or (self._end is not None and at >= self._end):
            return None
        by = round(self._start / packet.time_base)
        packet.pts -= by
        packet.dts = None if packet.dts is None else packet.dts - by
        return packet

    def _chapter(self, chapter: Chapter) -> Chapter | None:
        unit = chapter["time_base"] or Fraction(1)
        begin = round(self._start / unit)
        end = chapter["end"] if self._end is None else min(chapter["end"], round(self._end / unit))
        start = max(chapter["start"], begin)
        if start >= end:
            return None
        return cast("Chapter", {**chapter, "start": start - begin, "end": end - begin})

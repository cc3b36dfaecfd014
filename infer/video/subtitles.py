"""Subtitles from one container into another: as they are, or text in the container's own form."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from .abilities import can_hold
from .extras import write_track_tags
from .pyav import load_av

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.subtitles.stream import SubtitleStream

__all__ = ["SubtitleTrack"]

_TEXT = frozenset({"ass", "mov_text", "ssa", "subrip", "srt", "text", "webvtt"})

# What text becomes where the container has another form of it.
_FORMS = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}

# Of a text in ASS: the fields before the words.
_ASS_FIELDS = 8


class SubtitleTrack:
    """A track of subtitles in a new file.

    Args:
        container: the new file, before its header is written.
        form: FFmpeg's name of the container.
        source: the track that it is made of.
    """

    def __init__(self, container: OutputContainer, form: str, source: SubtitleStream) -> None:
        self._codec = source.codec_context.name
        self._form = ""
        self.stream: Stream | None = None
        if can_hold(form, source):
            self.stream = container.add_stream_from_template(source, opaque=True)
        elif self._codec in _TEXT and form in _FORMS:
            self._form = _FORMS[form]
            self.stream = container.add_mux_stream(self._form)
            self.stream.time_base = Fraction(1, 1000)
        if self.stream is not None:
            write_track_tags(self.stream, source.metadata, int(source.disposition))

    def taken(self, packet: Packet[Stream]) -> Packet[Stream] | None:
        """Return a packet for the new track; None where it shows nothing there."""
        if self.stream is None or packet.pts is None:
            return None
        if self._form:
            text = _text_of(bytes(packet), self._codec)
            if not text:
                return None
            data = text.encode()
            data = len(data).to_bytes(2, "big") + data if self._form == "mov_text" else data
            made: Packet[Stream] = load_av().Packet(data)
            made.time_base = packet.time_base
            made.pts, made.dts, made.duration = packet.pts, packet.pts, packet.duration
            packet = made
        packet.stream = self.stream
        return packet


def _text_of(data: bytes, codec: str) -> str:
    """Return the words of a packet, their lines apart."""
    if codec == "mov_text":
        return data[2 : 2 + int.from_bytes(data[:2], "big")].decode(errors="replace")
    text = data.decode(errors="replace")
    if codec in {"ass", "ssa"}:
        text = re.sub(r"\{[^}]*\}", "", text.split(",", _ASS_FIELDS)[-1])
    return text.replace("\\N", "\n").replace("\\n", "\n").replace("\r\n", "\n").strip()

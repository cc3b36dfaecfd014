"""Sound: handed on as it is where the container can hold it, or transcoded where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ...core import VideoError
from .abilities import can_hold
from .extras import write_track_tags
from .formats import CONTAINERS_WITH_SOUND, SoundChoice
from .pyav import load_av

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.filter import Graph
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["SoundTrack", "require_sound"]

_ENCODERS = {"aac": "aac", "opus": "libopus"}

_HOLDS = {"aac": {"mp4", "mov", "matroska"}, "opus": {"mp4", "matroska", "webm"}}

_BITS_PER_CHANNEL = {"aac": 96_000, "opus": 64_000}

# What both encoders take, by the number of channels.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 6: "5.1", 8: "7.1"}

_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


def require_sound(suffix: str, form: str, streams: Sequence[AudioStream], how: str) -> None:
    """Find out whether a container holds the sound, before anything is computed.

    Args:
        suffix: of the result's name.
        form: FFmpeg's name of its container.
        streams: of the sound.
        how: what becomes of it.

    Raises:
        VideoError: it doesn't.
    """
    if how == "none":
        return
    if how in _HOLDS:
        if streams and form not in _HOLDS[how]:
            fitting = next(name for name, places in _HOLDS.items() if form in places)
            raise VideoError(f"{suffix} can't hold sound in {how}; use --audio {fitting}, or --audio none")
        return
    strange = [stream for stream in streams if not can_hold(form, stream)]
    if not strange:
        return
    names = " and ".join(dict.fromkeys(stream.codec_context.name for stream in strange))
    places = [
        other
        for other, container in CONTAINERS_WITH_SOUND.items()
        if other != suffix and all(can_hold(container, stream) for stream in streams)
    ]
    others = f"write {' or '.join(places)}, " if places else ""
    into = " or ".join(f"--audio {name}" for name, holders in _HOLDS.items() if form in holders)
    raise VideoError(
        f"{suffix} can't hold the audio as it is ({names}); transcode it with {into}, {others}or leave it out with "
        "--no-audio"
    )


class SoundTrack:
    """A track of sound in a new file.

    Args:
        container: the new file, before its header is written.
        source: the track that it is made of.
        how: `copy`, or the codec that it is transcoded to.
    """

    def __init__(self, container: OutputContainer, source: AudioStream, how: SoundChoice) -> None:
        self.broken = 0
        self._source = source
        self._graph: Graph | None = None
        self._kind: tuple[str, str, int] | None = None
        self._last: int | None = None
        self.stream: AudioStream
        if how == "copy":
            self.stream = container.add_stream_from_template(source, opaque=True)
            self._encodes = False
        else:
            context = source.codec_context
            layout = _LAYOUTS.get(context.channels, "stereo")
            rate = context.sample_rate
            if how == "opus":
                rate = next((one for one in _RATES if one >= rate), _RATES[-1])
            elif rate not in (44_100, 32_000, 22_050, *_RATES):
                rate = 48_000
            self.stream = cast("AudioStream", container.add_stream(_ENCODERS[how], rate=rate))
            target = self.stream.codec_context
            target.layout = layout
            target.bit_rate = _BITS_PER_CHANNEL[how] * target.channels
            target.open()
            self._encodes = True
        write_track_tags(self.stream, source.metadata, int(source.disposition))

    def taken(self, packet: Packet[Stream]) -> list[Packet[Stream]]:
        """Return what a packet of the source becomes in the new track."""
        if not self._encodes:
            self._later(packet)
            packet.stream = self.stream
            return [packet]
        av = load_av()
        try:
            frames = self._source.codec_context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self.broken += 1
            return []
        return [made for frame in frames for made in self._encoded(frame)]

    def ending(self) -> list[Packet[Stream]]:
        """Return what is still held, at the end."""
        if not self._encodes:
            return []
        made = [one for frame in self._source.codec_context.decode(None) for one in self._encoded(frame)]
        return [*made, *self._encoded(None), *self.stream.encode(None)]

    def _encoded(self, frame: AudioFrame | None) -> list[Packet[Stream]]:
        """Return the packets that a decoded frame completes; None asks for the rest of the filter."""
        made: list[Packet[Stream]] = []
        kind = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if frame is not None and self._graph is None:
            self._graph, self._kind = self._resampling(frame), kind
        elif frame is not None and kind != self._kind:
            # Another part that was glued on, say in stereo instead of 5.1.
            made += self._encoded(None)
            self._graph, self._kind = self._resampling(frame), kind
        if self._graph is not None:
            self._graph.push(frame)
        return [*made, *self._pulled()]

    def _pulled(self) -> list[Packet[Stream]]:
        av = load_av()
        made: list[Packet[Stream]] = []
        while self._graph is not None:
            try:
                ready = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            made += self.stream.encode(cast("AudioFrame", ready))
        return made

    def _resampling(self, frame: AudioFrame) -> Graph:
        """Return a graph to the encoder's format, which fills gaps with silence."""
        from av.filter import Graph

        context, graph = self.stream.codec_context, Graph()
        steps = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=frame.time_base,
            ),
            graph.add("aresample", "async=1"),
            graph.add(
                "aformat",
                f"sample_fmts={context.format.name}:sample_rates={context.sample_rate}:"
                f"channel_layouts={context.layout.name}",
            ),
            graph.add("asetnsamples", f"n={context.frame_size or 1024}:p=0"),
        ]
        graph.link_nodes(*steps, graph.add("abuffersink")).configure()
        return graph

    def _later(self, packet: Packet[Stream]) -> None:
        """Let a packet be later than the one before it, as containers want it: where parts were glued it may not be."""
        if packet.dts is None or packet.pts is None:
            return
        behind = (packet.dts - 1 if self._last is None else self._last) + 1 - packet.dts
        if behind > 0:
            packet.dts, packet.pts = packet.dts + behind, packet.pts + behind
        self._last = packet.dts

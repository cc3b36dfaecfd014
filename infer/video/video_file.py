"""Frames and audio packets from a video file or a stream's URL, by PyAV."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from ...core import VideoError
from ...images import Image, pixel_limit, upright
from ..sizing import resampled
from .colour import VideoColour, bits_of, image_from
from .deinterlace import Deinterlacer
from .display_matrix import orientation_of
from .extras import read_extras
from .frames import Clock, Ending, Frame, FrameItem, VideoInfo, require_pixels
from .light_levels import LightLevels, dynamic_metadata, light_levels
from .pyav import MEND, is_cover, is_piped, is_stream, load_av, open_container, open_decoder, seek_to, video_stream
from .siting import LEFT, Siting, siting_of
from .timeline import Timeline

if TYPE_CHECKING:
    from av import VideoFrame
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = ["VideoFile"]

_BEGINNING = Fraction(0)

_MOST_RATE = 1000

# So many packets without a frame are handed on by themselves, so that a long tail of audio doesn't gather.
_MOST_PACKETS = 256


class VideoFile(Ending):
    """A video file, or a stream by its URL.

    Args:
        location: a path, or a URL whose protocol is in `PROTOCOLS`.
        max_pixels: of a frame; by default that of images.
        deinterlace: make whole frames of half images.
        start: what comes before it, in seconds, is of no use: a file is read from the last key frame before it on.

    Raises:
        VideoError: it can't be opened, holds no video, or its frames are too large.
    """

    def __init__(
        self, location: str, *, max_pixels: int | None = None, deinterlace: bool = False, start: Fraction = _BEGINNING
    ) -> None:
        super().__init__()
        load_av()
        self._piped = is_piped(location)
        self._path = None if self._piped or is_stream(location) else Path(location)
        self._name = "the standard input" if self._piped else location
        self._limit = pixel_limit(max_pixels)
        self._deinterlace, self._start = deinterlace, start
        self._container = open_container(location, self._limit)
        try:
            self._stream = video_stream(self._container, location)
            self._decoder = open_decoder(self._stream, self._limit)
            require_pixels(location, self._stream.width, self._stream.height, self._limit)
            self._prime()
        except BaseException:
            self._container.close()
            raise

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[FrameItem]:
        """Yield the frames with the audio packets between them; a broken one has no image."""
        while self._primed:
            yield self._primed.pop(0)
        yield from self._reading

    def close(self) -> None:
        """Close the file."""
        self._reading.close()
        self._container.close()

    def _prime(self) -> None:
        """Decode up to the first good frame, which says what the stream's header doesn't."""
        stream, context = self._stream, self._stream.codec_context
        time_base = stream.time_base or Fraction(1, 90_000)
        self._colour = VideoColour.of_context(context)
        self._turn = 1
        self._siting: Siting | None = None
        self._size: tuple[int, int] | None = None
        self._given = 0
        self._bits, self._light = 8, cast("LightLevels | None", None)
        self._cover: bytes | None = None
        self._deinterlacer = Deinterlacer(time_base) if self._deinterlace else None
        rates = (stream.average_rate, stream.guessed_rate)
        # DV says its time base in place of a rate.
        rate = next((each for each in rates if each and each <= _MOST_RATE), None)
        step = round(1 / (rate * time_base)) if rate and time_base else 0
        self._clock = Clock(max(1, step))
        self._timeline = Timeline(self._container, self.tally)
        self._skips = self._seek()
        self._aside: list[Packet[Stream]] = []
        self._broken: list[int | None] = []
        self._reading = self._read()
        self._primed: list[FrameItem] = []
        for item in self._reading:
            self._primed.append(item)
            if item.frame is not None and item.frame.image is not None:
                break
        else:
            raise VideoError(f"{self._name}: no frame of it can be decoded; {MEND}")
        aspect = stream.sample_aspect_ratio
        if aspect and self._turn >= 5:
            aspect = 1 / aspect
        extras = read_extras(self._container, stream, self._cover, self._timeline.origin or Fraction(0))
        self._info = VideoInfo(
            name=self._name,
            time_base=time_base,
            colour=self._colour,
            rate=rate or self._rate_of_primed(time_base),
            frames=stream.frames or None,
            length=Fraction(self._container.duration, 1_000_000) if self._container.duration else None,
            sample_aspect=aspect or None,
            live=is_stream(self._name),
            audio=tuple(one for one in self._container.streams.audio if getattr(one, "codec_context", None)),
            bits=self._bits,
            light=self._light,
            alpha=any(item.frame.image.alpha is not None for item in self._primed if item.frame and item.frame.image),
            extras=extras,
        )
        for other in extras.others:
            self.tally.note(f"it holds {other}, which was left out")

    def _rate_of_primed(self, time_base: Fraction) -> Fraction | None:
        """Return the frames per second of the first frame's duration; None where it says none."""
        ticks = next((item.frame.duration for item in self._primed if item.frame and item.frame.duration), 0)
        return 1 / (ticks * time_base) if ticks and ticks * time_base * _MOST_RATE >= 1 else None

    def _seek(self) -> bool:
        """Go to the last key frame before the start, where a file has one clock throughout; say whether it was done."""
        origin = self._timeline.origin
        if not self._start or origin is None or self._timeline.jumps or self._piped or is_stream(self._name):
            return False
        return seek_to(self._container, origin + self._start)

    def _read(self) -> Generator[FrameItem]:
        """Demultiplex and decode; yields items in the order in which they are shown."""
        count = 0
        for packet in self._packets():
            if packet is not None and packet.stream is not self._stream:
                if packet.size and packet.dts is not None:
                    self._aside.append(packet)
                if len(self._aside) >= _MOST_PACKETS:
                    yield self._item(None)
                continue
            count += packet is not None
            for frame in self._decode(packet):
                for pts in self._broken_before(frame.pts):
                    yield self._item(self._clock.broken(pts))
                yield self._item(self._shown(frame))
        for pts in self._broken_before(None):
            yield self._item(self._clock.broken(pts))
        if self._aside:
            yield self._item(None)
        if not self._stopped.is_set():
            self._check_end(count)

    def _packets(self) -> Iterator[Packet[Stream] | None]:
        """Yield the packets of video, audio and subtitles by one clock, then None."""
        yield from self._timeline.follow(self._demuxed())
        yield None

    def _demuxed(self) -> Iterator[Packet[Stream]]:
        """Yield the packets as they are stored; a file that can't be read further ends there."""
        av = load_av()
        streams = self._container.streams
        covers = [one for one in streams.video if is_cover(one)]
        packets = self._container.demux(self._stream, *streams.audio, *streams.subtitles, *covers)
        while not self._stopped.is_set():
            try:
                packet = next(packets, None)
            except (av.error.FFmpegError, OSError) as error:
                self._cut_off(f"reading it ended with an error ({getattr(error, 'strerror', None) or error})")
                break
            if packet is None:
                break
            # An empty packet asks for what the decoder still holds, which the last one does.
            if packet.size and packet.stream in covers:
                self._cover = self._cover or bytes(packet)
            elif packet.size:
                yield packet

    def _decode(self, packet: Packet[Stream] | None) -> list[VideoFrame]:
        """Return the frames that a packet completes; a packet that can't be decoded is a broken frame."""
        av = load_av()
        if packet is not None and self._siting is None:
            self._siting = siting_of(self._stream, packet, self._path)
        if packet is not None and packet.is_corrupt:
            self._broken.append(packet.pts)
        try:
            frames = self._decoder.decode(cast("Packet[VideoStream] | None", packet))
        except (av.error.FFmpegError, ValueError, MemoryError) as error:
            at = "" if packet is None or packet.pts is None else f" at {float(packet.pts * packet.time_base):.2f} s"
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self.tally.note_broken(f"{self._stream.codec_context.name} can't decode the one{at}, {said}")
            if packet is not None and not packet.is_corrupt:
                self._broken.append(packet.pts)
            return []
        for frame in frames:
            require_pixels(self._name, frame.width, frame.height, self._limit)
            if frame.interlaced_frame and self._deinterlacer is None:
                self.tally.note("it is interlaced, so that what moves has combs; --deinterlace takes them out")
        if self._deinterlacer is not None:
            frames = [whole for frame in frames for whole in self._deinterlacer.taken(frame)]
            frames += self._deinterlacer.taken(None) if packet is None else []
        return frames

    def _broken_before(self, pts: int | None) -> list[int | None]:
        """Take out the times of the broken frames that come before `pts`, in order; all of them where it is None."""
        taken = [at for at in self._broken if at is None or pts is None or at < pts]
        self._broken = [at for at in self._broken if at not in taken]
        return sorted(taken, key=lambda at: (at is not None, at or 0))

    def _item(self, frame: Frame | None) -> FrameItem:
        """Return the frame with the audio packets that came before it."""
        packets, self._aside = tuple(self._aside), []
        return FrameItem(frame, packets)

    def _shown(self, frame: VideoFrame) -> Frame:
        """Return the frame upright, or a broken one."""
        av = load_av()
        pts, duration = frame.pts, int(frame.duration or 0)
        spoiled = frame.is_corrupt or pts in self._broken
        self._broken = [at for at in self._broken if at != pts]
        if spoiled:
            return self._clock.broken(pts)
        try:
            image = self._upright(frame)
        except (av.error.FFmpegError, ValueError, MemoryError):
            return self._clock.broken(pts)
        self._size = self._size or image.size
        if image.size != self._size:
            self.tally.note(
                f"some frames are {image.width}x{image.height}: they were scaled to the first's "
                f"{self._size[0]}x{self._size[1]}"
            )
            image = resampled(image, self._size, wrap=False)
        return self._clock.shown(image, pts, self._last_duration(pts) or duration)

    def _last_duration(self, pts: int | None) -> int:
        """Return how long the last frame of an MP4 lasts, whose packet says how long the last one in its file does."""
        stream, time_base = self._stream, self._stream.time_base
        self._given += 1
        whole = stream.duration if "mov" in self._container.format.name else None
        if pts is None or self._given != stream.frames or whole is None or time_base is None:
            return 0
        begin = (stream.start_time or 0) - round((self._timeline.origin or 0) / time_base)
        return max(0, begin + whole - pts)

    def _upright(self, frame: VideoFrame) -> Image:
        matrix = frame.side_data.get("DISPLAYMATRIX")
        self._turn = 1
        if matrix is not None:
            turn = orientation_of(bytes(matrix))
            if turn is None:
                self.tally.note("it asks to be turned by an angle that is no multiple of 90 degrees; it was not turned")
            self._turn = turn or 1
        if not self._given:
            # The first one says what holds for all.
            self._bits, self._light = bits_of(frame.format), light_levels(frame)
            for name in dynamic_metadata(frame):
                self.tally.note(f"what {name} says of each frame's light was left out")
        image = image_from(frame, self._colour, self._name, self._siting or LEFT)
        if self._turn == 1:
            return image
        alpha = None if image.alpha is None else np.ascontiguousarray(upright(image.alpha, self._turn))
        return image.with_changes(rgb=np.ascontiguousarray(upright(image.rgb, self._turn)), alpha=alpha)

    def _check_end(self, count: int) -> None:
        """Say so where the file ends before its own header says."""
        if self._skips:
            return
        names = self._container.format.name
        stream = self._stream
        if "mov" in names and stream.frames and count < stream.frames:
            self._cut_off(f"it ends after {count} of its {stream.frames} frames")
        elif "matroska" in names and self._container.duration and stream.time_base:
            end = self._clock.end * stream.time_base + (self._timeline.origin or 0)
            # Audio may be longer than the image: half a second more, or a tenth, is no sign of a cut.
            whole = Fraction(self._container.duration, 1_000_000)
            if not self._container.streams.audio and end < min(whole - Fraction(1, 2), whole * 9 / 10):
                self._cut_off(f"it ends after {float(end):.1f} of its {float(whole):.1f} seconds")

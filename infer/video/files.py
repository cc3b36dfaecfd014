"""Frames and audio packets from a video file or a stream's URL, by PyAV."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from ...core.errors import VideoError
from ..images.decode import upright
from ..images.picture import Picture
from ..images.read import MAX_PIXELS_VARIABLE, pixel_limit
from .clock import Clock
from .colour import VideoColour, picture_from
from .frames import Frame, Item, Tally, VideoInfo
from .library import load_av, telling
from .orientation import orientation_of

if TYPE_CHECKING:
    from av import VideoFrame
    from av.codec.context import CodecContext
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["PROTOCOLS", "VideoFile"]

PROTOCOLS = frozenset({"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "srt", "tcp", "udp"})
"""What a stream's URL may begin with."""

# A playlist or a list of files inside a "video" would make FFmpeg open whatever it names: only containers are read.
_FORMATS = (
    "3g2,3gp,aac,apng,asf,av1,avi,dv,flv,gif,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mov,mp4,mpeg,mpegts,mpegvideo,"
    "mxf,nut,ogg,rm,vc1,webm,wtv,yuv4mpegpipe"
)

_TIMEOUT_S = (20.0, 10.0)

# So many packets without a frame are handed on by themselves, so that a long tail of audio doesn't gather.
_MOST_PACKETS = 256

_MEND = "check that it is a whole video file"

# The decoders that FFmpeg takes by itself leave the alpha of these out.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


class VideoFile:
    """A video file, or a stream by its URL.

    Args:
        location: a path, or a URL whose protocol is in `PROTOCOLS`.
        max_pixels: of a frame; by default that of pictures.

    Raises:
        VideoError: it can't be opened, holds no video, or its frames are too large.
    """

    def __init__(self, location: str, *, max_pixels: int | None = None) -> None:
        av = load_av()
        self._name = location
        self._limit = pixel_limit(max_pixels)
        self._stopped = threading.Event()
        self.tally = Tally()
        self._truncated = False
        live = location.partition("://")[0].lower() in PROTOCOLS and "://" in location
        options = {"max_pixels": str(self._limit)}
        if live:
            options["protocol_whitelist"] = f"{','.join(sorted(PROTOCOLS))},crypto,httpproxy,tls"
        else:
            _require_file(Path(location))
            options |= {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
        with telling(location, "opened as a video", _MEND):
            self._container = cast(
                "InputContainer",
                av.open(
                    location if live else f"file:{Path(location).absolute()}",
                    options=options,
                    metadata_errors="replace",
                    timeout=_TIMEOUT_S if live else None,
                ),
            )
        try:
            self._stream = _video_stream(self._container, location)
            self._decoder = self._open_decoder()
            self._check_size(self._decoder.width, self._decoder.height)
            self._prime(live)
        except BaseException:
            self._container.close()
            raise

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[Item]:
        """Yield the frames with the audio packets between them; a broken one has no picture."""
        while self._primed:
            yield self._primed.pop(0)
        yield from self._reading

    @property
    def truncated(self) -> bool:
        """Say, after the frames, whether the file ends before its own header says."""
        return self._truncated

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Close the file."""
        self._reading.close()
        self._container.close()

    def _open_decoder(self) -> CodecContext:
        """Return the stream's decoder, or one that knows alpha where the stream has some."""
        av = load_av()
        context = self._stream.codec_context
        name = _WITH_ALPHA.get(context.name)
        if self._stream.metadata.get("alpha_mode") == "1" and name and name in av.codec.codecs_available:
            decoder = av.CodecContext.create(name, "r")
            decoder.extradata = context.extradata
            return decoder
        # Frames in threads would report a broken packet with a later one.
        context.thread_type = "SLICE"
        return context

    def _prime(self, live: bool) -> None:
        """Decode up to the first good frame, which says what the stream's header doesn't."""
        stream, context = self._stream, self._stream.codec_context
        self._colour = VideoColour.of_context(context)
        self._turn = 1
        time_base = cast("Fraction", stream.time_base or Fraction(1, 90_000))
        rate = stream.average_rate or stream.guessed_rate
        step = round(1 / (rate * time_base)) if rate and time_base else 0
        self._clock = Clock(max(1, step))
        self._reading = self._read()
        self._primed: list[Item] = []
        for item in self._reading:
            self._primed.append(item)
            if item.frame is not None and item.frame.picture is not None:
                break
        else:
            raise VideoError(f"{self._name}: no frame of it can be decoded; {_MEND}")
        aspect = stream.sample_aspect_ratio
        if aspect and self._turn >= 5:
            aspect = 1 / aspect
        self._info = VideoInfo(
            name=self._name,
            time_base=time_base,
            colour=self._colour,
            rate=rate or None,
            frames=stream.frames or None,
            sample_aspect=aspect or None,
            live=live,
            audio=tuple(self._container.streams.audio),
            alpha=any(item.frame.picture.alpha is not None for item in self._primed if item.frame and item.frame.picture),
        )
        if self._colour.is_hdr:
            self.tally.note(
                "it is high dynamic range, which is kept in 8 bits: a background's colours will look different on it; "
                "convert it to standard range first"
            )
        if context.format is not None and max(c.bits for c in context.format.components) > 8:
            self.tally.note("its samples of more than 8 bits were rounded to 8")
        others = {s.type for s in self._container.streams} - {"video", "audio"}
        if others:
            self.tally.note(f"its {' and '.join(sorted(others))} streams were left out")

    def _read(self) -> Generator[Item]:
        """Demultiplex and decode; yields items in the order in which they are shown."""
        av = load_av()
        packets: list[Packet] = []
        broken: list[int | None] = []
        count = 0
        demuxed = self._container.demux(self._stream, *self._container.streams.audio)
        while not self._stopped.is_set():
            try:
                packet = next(demuxed, None)
            except (av.error.FFmpegError, OSError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._cut_off(f"reading it ended with an error ({reason})")
                packet = None
            if packet is not None and packet.stream is not self._stream:
                if packet.size and packet.dts is not None:
                    packets.append(packet)
                if len(packets) >= _MOST_PACKETS:
                    yield Item(None, tuple(packets))
                    packets.clear()
                continue
            frames: list[VideoFrame] = []
            flushed = packet is None or not packet.size
            count += not flushed
            try:
                frames = self._decode(None if flushed else packet)
            except (av.error.FFmpegError, ValueError, MemoryError):
                if packet is not None and not flushed:
                    broken.append(packet.pts)
            if packet is not None and packet.is_corrupt and packet.pts not in broken:
                broken.append(packet.pts)
            for frame in frames:
                before = [pts for pts in broken if pts is None or (frame.pts is not None and pts < frame.pts)]
                for pts in sorted(before, key=lambda value: -1 if value is None else value):
                    broken.remove(pts)
                    yield Item(self._clock.broken(pts), tuple(packets))
                    packets.clear()
                spoiled = frame.pts in broken
                if spoiled:
                    broken.remove(frame.pts)
                yield Item(self._shown(frame, spoiled=spoiled), tuple(packets))
                packets.clear()
            if flushed:
                break
        for pts in sorted(broken, key=lambda value: -1 if value is None else value):
            yield Item(self._clock.broken(pts), tuple(packets))
            packets.clear()
        if packets:
            yield Item(None, tuple(packets))
        if not self._stopped.is_set():
            self._check_end(count)

    def _decode(self, packet: Packet | None) -> list[VideoFrame]:
        frames = cast("list[VideoFrame]", self._decoder.decode(packet))
        for frame in frames:
            self._check_size(frame.width, frame.height)
        return frames

    def _shown(self, frame: VideoFrame, *, spoiled: bool) -> Frame:
        """Return the frame upright, or a broken one."""
        av = load_av()
        pts, duration = frame.pts, int(frame.duration or 0)
        if spoiled or frame.is_corrupt:
            return self._clock.broken(pts)
        try:
            picture = self._upright(frame)
        except (av.error.FFmpegError, ValueError, MemoryError):
            return self._clock.broken(pts)
        return self._clock.shown(picture, pts, duration)

    def _upright(self, frame: VideoFrame) -> Picture:
        matrix = frame.side_data.get("DISPLAYMATRIX")
        self._turn = 1
        if matrix is not None:
            turn = orientation_of(bytes(matrix))
            if turn is None:
                self.tally.note("it asks to be turned by an angle that is no multiple of 90 degrees; it was not turned")
            self._turn = turn or 1
        picture = picture_from(frame, self._colour, self._name)
        if self._turn == 1:
            return picture
        alpha = None if picture.alpha is None else np.ascontiguousarray(upright(picture.alpha, self._turn))
        return picture.with_changes(rgb=np.ascontiguousarray(upright(picture.rgb, self._turn)), alpha=alpha)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._limit:
            raise VideoError(
                f"{self._name}: frames of {width}x{height} are {width * height / 1e6:.4g} megapixels, more than the "
                f"limit of {self._limit / 1e6:.4g}; shrink it, or set {MAX_PIXELS_VARIABLE} to a larger number"
            )

    def _check_end(self, count: int) -> None:
        """Say so where the file ends before its own header says."""
        names = self._container.format.name
        stream = self._stream
        if "mov" in names and stream.frames and count < stream.frames:
            self._cut_off(f"it ends after {count} of its {stream.frames} frames")
        elif "matroska" in names and self._container.duration and stream.time_base:
            end = self._clock.end * stream.time_base
            # Audio may be longer than the picture: half a second more, or a tenth, is no sign of a cut.
            whole = Fraction(self._container.duration, 1_000_000)
            if not self._container.streams.audio and end < min(whole - Fraction(1, 2), whole * 9 / 10):
                self._cut_off(f"it ends after {float(end):.1f} of its {float(whole):.1f} seconds")

    def _cut_off(self, sentence: str) -> None:
        self._truncated = True
        self.tally.note(f"{sentence}: the file is cut off or damaged, and what could be decoded was kept")


def _require_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        what = "this is a folder or a device" if path.exists() else "there is no such file"
    except (OSError, ValueError) as error:
        raise VideoError(f"{path}: it can't be looked at ({error}); check the name") from error
    raise VideoError(f"{path}: {what}; give a video file, a folder of frames, a camera's number or a stream's URL")


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    av = load_av()
    for stream in container.streams.video:
        # A piece of music may carry its cover as a video of one picture.
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise VideoError(f"{name}: it holds no video; give a file with one")

"""Where frames go: a file of a container and a codec, or a folder of PNG files; whole or not at all."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from ...core import VideoError, atomic_directory, atomic_path
from ...images import Image, Pixels, write_image
from .animations import lengthen_webp
from .colour import frame_from
from .formats import OutputFormat
from .frames import Frame, Tally, VideoInfo
from .pyav import load_av, video_errors

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

__all__ = ["Sink", "open_sink"]

_MEND = "check the disk's space, or choose another format"

# As `frame_from` makes them.
_LIMITED_RANGE = 1

# So far from the subject's edge do hidden pixels keep its colours, for the chroma that neighbours share.
_BLEED = 17


class Sink(Protocol):
    """What takes the frames."""

    def write(self, image: Image, frame: Frame) -> None:
        """Take the next frame: what was made of it, and its time."""
        ...

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Take audio packets, unchanged."""
        ...

    def finish(self) -> None:
        """Take no more, and complete the file."""
        ...


@contextmanager
def open_sink(out: Path, format_: OutputFormat, info: VideoInfo, tally: Tally) -> Generator[Sink]:
    """Give a sink whose result appears at `out` when the block ends without an exception; otherwise nothing is left.

    Raises:
        InputError: `out` can't be written to, or is a folder with files in it that mattekit did not write.
        VideoError: an encoder or the disk refused.
    """
    if not format_.container:
        with atomic_directory(out) as folder:
            if info.audio:
                tally.note("a folder of images has no room for the audio, which was left out")
            yield _Folder(folder, info.time_base)
        return
    with atomic_path(out) as temporary:
        sink = _Container(temporary, out, format_, info, tally)
        try:
            yield sink
        finally:
            sink.close()


_TIMES = "timestamps.txt"


class _Folder:
    """PNG files, and their times in milliseconds in a file that mkvmerge and others read (timestamp format v2)."""

    def __init__(self, folder: Path, time_base: Fraction) -> None:
        self._folder = folder
        self._time_base = time_base
        self._count = 0
        self._times = (folder / _TIMES).open("w", encoding="utf-8", newline="\n")
        self._times.write("# timestamp format v2\n")

    def write(self, image: Image, frame: Frame) -> None:
        self._count += 1
        write_image(image, self._folder / f"frame-{self._count:06d}.png")
        self._times.write(f"{float(frame.pts * self._time_base * 1000):.6f}\n")

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Audio has no place here."""

    def finish(self) -> None:
        self._times.close()


class _Container:
    """A file written by PyAV. The encoder is opened with the first frame, which says the size."""

    def __init__(self, path: Path, out: Path, format_: OutputFormat, info: VideoInfo, tally: Tally) -> None:
        av = load_av()
        self._format, self._info, self._tally, self._out, self._path = format_, info, tally, out, path
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._audio: dict[int, AudioStream] = {}
        self._early: list[Packet[Stream]] = []
        self._durations: dict[int, int] = {}
        # When the first frame begins and the last one ends.
        self._begin = self._end = 0
        # By which the first frame is decoded before it is shown.
        self._delay: int | None = None
        self._last: dict[int, int] = {}
        with video_errors(str(out), "written", _MEND):
            self._file = av.open(
                str(path), "w", format=format_.container, container_options=dict(format_.muxer_options)
            )

    def write(self, image: Image, frame: Frame) -> None:
        if image.alpha is not None and not self._format.alpha and not (image.alpha == 255).all():
            raise VideoError(
                f"{self._out}: the frames are transparent, which {self._format.codec} here can't hold; give a "
                "--background, or write .webm, .mov, .webp or a folder of PNG files"
            )
        rgb, alpha = image.with_depth(8).rgb, image.with_depth(8).alpha
        if alpha is not None:
            rgb = _without_hidden(rgb, alpha)
        if self._format.even and (rgb.shape[0] % 2 or rgb.shape[1] % 2):
            self._tally.note("its sides must be even in this codec, so the last row or column was repeated")
            rgb = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        with video_errors(str(self._out), "written", _MEND):
            if self._stream is None:
                self._begin = frame.pts
            stream = self._stream or self._start(rgb.shape[1], rgb.shape[0])
            if rgb.shape[1::-1] != self._size:
                raise VideoError(f"{self._out}: a frame of {rgb.shape[1]}x{rgb.shape[0]} after some of {self._size}")
            coded = frame_from(rgb, alpha, self._format.pixel_format, self._info.colour)
            coded.pts, coded.time_base, coded.duration = frame.pts, self._info.time_base, frame.duration
            if frame.duration:
                self._durations[frame.pts] = frame.duration
            self._end = frame.pts + frame.duration
            self._mux(stream.encode(coded))

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        if self._stream is None:
            self._early += packets
            return
        with video_errors(str(self._out), "written", _MEND):
            for packet in packets:
                target = self._audio.get(packet.stream.index)
                if target is not None:
                    self._later(packet)
                    packet.stream = target
                    self._file.mux(packet)

    def _later(self, packet: Packet[Stream]) -> None:
        """Let a packet be later than the one before it, as containers want it: where parts were glued it may not be."""
        if packet.dts is None or packet.pts is None:
            return
        index = packet.stream.index
        behind = self._last.get(index, packet.dts - 1) + 1 - packet.dts
        if behind > 0:
            packet.dts, packet.pts = packet.dts + behind, packet.pts + behind
        self._last[index] = packet.dts

    def finish(self) -> None:
        if self._stream is None:
            raise VideoError(f"{self._out}: there was no frame to write; nothing was written")
        with video_errors(str(self._out), "written", _MEND):
            packets = self._stream.encode()
            self._mux(packets[:-1])
            self._mux(packets[-1:], last=True)
            self._file.close()
        if self._format.codec == "webp":
            lengthen_webp(self._path, round((self._end - self._begin) * self._info.time_base * 1000))

    def close(self) -> None:
        """Let go of the file, whatever state it is in."""
        av = load_av()
        try:
            self._file.close()
        except (av.error.FFmpegError, OSError, ValueError):
            # It is on its way out because of an error that is told already.
            return

    def _mux(self, packets: Sequence[Packet[VideoStream]], *, last: bool = False) -> None:
        """Write packets, each with its frame's own duration, which encoders forget: the last one's is asked for."""
        for packet in packets:
            duration = self._durations.pop(packet.pts, 0) if packet.pts is not None else 0
            if self._delay is None and packet.pts is not None and packet.dts is not None:
                self._delay = packet.pts - packet.dts
            if last and duration and packet.dts is not None and self._format.container in {"mp4", "mov"}:
                # There a track is as long as its packets are, in the order in which they are decoded.
                duration = max(1, self._end - packet.dts - (self._delay or 0))
            if duration:
                packet.duration = round(duration * self._info.time_base / packet.time_base)
            self._file.mux(packet)

    def _start(self, width: int, height: int) -> VideoStream:
        """Open the streams: everything must be known before the file's header."""
        av, info = load_av(), self._info
        stream = self._file.add_stream(self._format.encoder, options=dict(self._format.options))
        stream.width, stream.height, stream.pix_fmt = width, height, self._format.pixel_format
        context = stream.codec_context
        if info.rate:
            context.framerate = info.rate
        # After the frame rate, which sets it too: the frames keep the source's own times.
        context.time_base = stream.time_base = info.time_base
        if self._format.codec != "webp":
            context.color_range = _LIMITED_RANGE
            context.colorspace = info.colour.matrix
            context.color_primaries, context.color_trc = info.colour.primaries, info.colour.transfer
        if info.sample_aspect and info.sample_aspect != 1:
            context.sample_aspect_ratio = info.sample_aspect
        for template in info.audio if self._format.audio else ():
            try:
                self._audio[template.index] = self._file.add_stream_from_template(template)
            except (ValueError, av.error.FFmpegError) as error:
                raise VideoError(
                    f"{self._out}: {self._out.suffix} can't hold the audio as it is ({template.codec_context.name}); "
                    "write .mkv or .mov, or leave it out with --no-audio"
                ) from error
        if info.audio and not self._format.audio:
            self._tally.note(f"{self._out.suffix} has no room for the audio, which was left out")
        self._file.start_encoding()
        self._stream, self._size = stream, (width, height)
        early, self._early = self._early, []
        self.hand_on(early)
        return stream


def _without_hidden(rgb: Pixels, alpha: Pixels) -> Pixels:
    """Give hidden pixels the colours of the visible ones nearby, or black: no old background stays in the file.

    Colours are stored for blocks of four pixels, and an encoder smears them further: black right beside the subject
    would show as a dark edge.
    """
    seen = (alpha > 0).astype(np.float32)
    weight = cv2.blur(seen, (_BLEED, _BLEED))
    around = cv2.blur(rgb.astype(np.float32) * seen[..., None], (_BLEED, _BLEED))
    # Running sums leave a little where there is nothing.
    near = weight > 0.5 / _BLEED**2
    around /= np.where(near, weight, np.float32(np.inf))[..., None]
    filled = np.clip(np.rint(around), 0, 255).astype(np.uint8)
    return np.where((alpha > 0)[..., None], rgb, filled)

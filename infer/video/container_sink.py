"""A file of a container and a codec, written by PyAV: frames, sound, and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...core import VideoError
from ...images import Image, Pixels
from .animations import lengthen
from .audio import SoundTrack
from .colour import frame_from
from .extras import lost_extras, write_attachments, write_tags, write_track_tags
from .formats import OutputFormat, SoundChoice
from .frames import Frame, Tally, VideoInfo
from .light_levels import light_levels, with_light_levels
from .palette import with_palette
from .pyav import ffmpeg_says, load_av, video_errors
from .subtitles import SubtitleTrack

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream
    from av.subtitles.stream import SubtitleStream
    from av.video.stream import VideoStream

__all__ = ["ContainerSink", "note_left_out"]

# As `frame_from` makes them.
_LIMITED_RANGE = 1

# So far from the subject's edge do hidden pixels keep its colours, for the chroma that neighbours share.
_BLEED = 17


class ContainerSink:
    """A file written by PyAV. The encoder is opened with the first frame, which says the size.

    Args:
        path: that is written.
        out: the name that the file will get.
        format_: how it is written.
        info: of its source.
        tally: where losses are noted.
        sound: what becomes of the audio.
    """

    def __init__(
        self, path: Path, out: Path, format_: OutputFormat, info: VideoInfo, tally: Tally, *, sound: SoundChoice
    ) -> None:
        av = load_av()
        self._format, self._info, self._tally, self._out, self._path = format_, info, tally, out, path
        self._sound: SoundChoice = sound
        self._stream: VideoStream | None = None
        self._size = (0, 0)
        self._tracks: dict[int, SoundTrack] = {}
        self._words: dict[int, SubtitleTrack] = {}
        self._early: list[Packet[Stream]] = []
        self._durations: dict[int, int] = {}
        # When the first frame begins and the last one ends, and how many there are.
        self._begin = self._end = self._count = 0
        # By which the first frame is decoded before it is shown.
        self._delay: int | None = None
        with video_errors(str(out), "written", "choose another name or folder"):
            self._file = av.open(
                str(path), "w", format=format_.container, container_options=dict(format_.muxer_options)
            )

    def write(self, image: Image, frame: Frame) -> None:
        """Encode the next frame."""
        image = image.with_depth(8 if self._format.bits == 8 else 16)
        if image.alpha is not None and not self._format.alpha and not (image.alpha == image.full).all():
            raise VideoError(
                f"{self._out}: the frames are transparent, which {self._format.codec} here can't hold; give a "
                "--background, or write .webm, .mov, .webp or a folder of PNG files"
            )
        rgb, alpha = image.rgb, image.alpha
        if alpha is not None:
            rgb = _without_hidden(rgb, alpha)
        if self._format.even and (rgb.shape[0] % 2 or rgb.shape[1] % 2):
            self._tally.note("its sides must be even in this codec, so the last row or column was repeated")
            rgb = np.pad(rgb, ((0, rgb.shape[0] % 2), (0, rgb.shape[1] % 2), (0, 0)), mode="edge")
        if self._stream is None:
            self._begin = frame.pts
            stream = self._start(rgb.shape[1], rgb.shape[0])
            with ffmpeg_says(str(self._out), self._refusal, self._format.codec):
                self._encode(stream, rgb, alpha, frame)
            early, self._early = self._early, []
            self.hand_on(early)
            return
        if rgb.shape[1::-1] != self._size:
            raise VideoError(f"{self._out}: a frame of {rgb.shape[1]}x{rgb.shape[0]} after some of {self._size}")
        with video_errors(str(self._out), "written", self._other_format("a frame")):
            self._encode(self._stream, rgb, alpha, frame)

    def _encode(self, stream: VideoStream, rgb: Pixels, alpha: Pixels | None, frame: Frame) -> None:
        if self._format.codec == "gif":
            if alpha is not None and ((alpha > 0) & (alpha < 255)).any():
                self._tally.note("a GIF knows no half-transparent pixels: from the middle on they were made opaque")
            coded = with_palette(rgb, alpha)
        else:
            coded = frame_from(rgb, alpha, self._format.pixel_format, self._info.colour)
            # ProRes takes them from each frame.
            coded.color_primaries, coded.color_trc = self._info.colour.primaries, self._info.colour.transfer
            coded.colorspace = self._info.colour.matrix
        coded.pts, coded.time_base, coded.duration = frame.pts, self._info.time_base, frame.duration
        if frame.duration:
            self._durations[frame.pts] = frame.duration
        self._end = frame.pts + frame.duration
        self._count += 1
        self._mux(stream.encode(coded))

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Write packets of audio and subtitles, those that come before the first frame when it is there."""
        if self._stream is None:
            self._early += packets
            return
        for packet in packets:
            track, words = self._tracks.get(packet.stream.index), self._words.get(packet.stream.index)
            if track is not None:
                with video_errors(f"{self._out}: the audio", "written", self._other_sound):
                    self._file.mux(track.taken(packet))
            if words is not None:
                taken = words.taken(packet)
                with video_errors(f"{self._out}: the subtitles", "written", "write .mkv, which holds most kinds"):
                    self._file.mux([] if taken is None else taken)

    def finish(self) -> None:
        """Encode what is left, and complete the file."""
        if self._stream is None:
            raise VideoError(f"{self._out}: there was no frame to write; nothing was written")
        with video_errors(str(self._out), "completed", self._other_format("the end")):
            packets = self._stream.encode()
            if self._format.encoder == "libx265" and self._count <= 2:
                # With so few, x265 leaves the decoding times to chance.
                for packet in packets:
                    packet.dts = packet.pts
            self._mux(packets[:-1])
            self._mux(packets[-1:], last=True)
        for track in self._tracks.values():
            with video_errors(f"{self._out}: the audio", "written", self._other_sound):
                self._file.mux(track.ending())
            if track.broken:
                self._tally.note(f"{track.broken} packets of the audio could not be decoded, and are silent")
        with video_errors(str(self._out), "completed", self._other_format("the end")):
            self._file.close()
        if self._format.codec in {"gif", "webp"}:
            lengthen(self._path, round((self._end - self._begin) * self._info.time_base * 1000))
        handed_on = (*(self._info.audio if self._tracks else ()), *self._kept_words)
        with video_errors(str(self._out), "looked at", "try again"):
            for sentence in lost_extras(self._path, self._info.extras, handed_on, self._out.suffix):
                self._tally.note(sentence)
            self._look_for_light()

    def _look_for_light(self) -> None:
        """Say so where the result doesn't say of its light what the source does."""
        levels = self._info.light
        if levels is None:
            return
        with load_av().open(str(self._path)) as written:
            frame = next(written.decode(video=0), None)
        found = None if frame is None else light_levels(frame)
        if found is None or not found.is_like(levels):
            self._tally.note(
                f"{self._format.encoder} in {self._out.suffix} does not write the mastering display and the light "
                "levels, which were left out"
            )

    def close(self) -> None:
        """Let go of the file, whatever state it is in."""
        av = load_av()
        try:
            self._file.close()
        except (av.error.FFmpegError, OSError, ValueError):
            # It is on its way out because of an error that is told already.
            return

    @property
    def _other_sound(self) -> str:
        """How to go on where the container refuses the audio."""
        aside = "" if self._sound != "copy" else "transcode it with --audio aac or --audio opus, or "
        return f"{aside}leave it out with --audio none"

    @property
    def _kept_words(self) -> tuple[SubtitleStream, ...]:
        return tuple(one for one in self._info.extras.subtitles if one.index in self._words)

    @property
    def _refusal(self) -> str:
        return f"{self._format.encoder} can't encode frames of {self._size[0]}x{self._size[1]}"

    def _other_format(self, what: str) -> str:
        """How to go on where the encoder or the container refuses something."""
        return f"{self._format.encoder} in {self._out.suffix} did not take {what}: write another suffix or --codec"

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
        info, extras = self._info, self._info.extras
        packets: list[Packet[Stream]] = []
        self._size = (width, height)
        with ffmpeg_says(str(self._out), self._refusal, self._format.codec):
            options = dict(self._format.options)
            if info.light is not None:
                options = with_light_levels(self._format.encoder, options, info.light)
            stream = self._file.add_stream(self._format.encoder, options=options)
            self._describe(stream, width, height)
            stream.codec_context.open()
        if self._format.audio:
            write_tags(self._file, extras)
            write_track_tags(stream, extras.video, extras.disposition)
            for source in info.audio:
                self._tracks[source.index] = SoundTrack(self._file, source, self._sound)
            for source in extras.subtitles:
                words = SubtitleTrack(self._file, self._format.container, source)
                if words.stream is None:
                    kind = source.codec_context.name
                    self._tally.note(f"{self._out.suffix} can't hold subtitles of {kind}, which were left out")
                else:
                    self._words[source.index] = words
            notes, packets = write_attachments(self._file, self._format.container, extras, self._out.suffix)
            for sentence in notes:
                self._tally.note(sentence)
        else:
            note_left_out(info, self._tally, self._out.suffix, sound=self._sound != "none")
        with ffmpeg_says(str(self._out), f"{self._out.suffix} can't hold what was put into it", self._format.codec):
            self._file.start_encoding()
            self._file.mux(packets)
        self._stream = stream
        return stream

    def _describe(self, stream: VideoStream, width: int, height: int) -> None:
        info = self._info
        stream.width, stream.height, stream.pix_fmt = width, height, self._format.pixel_format
        context = stream.codec_context
        if "hevc" in self._format.codec and self._format.container in {"mp4", "mov"}:
            # The name under which Apple's players take it.
            context.codec_tag = "hvc1"
        if info.rate:
            context.framerate = info.rate
        # After the frame rate, which sets it too: the frames keep the source's own times.
        context.time_base = stream.time_base = info.time_base
        if self._format.codec not in {"gif", "webp"}:
            context.color_range = _LIMITED_RANGE
            context.colorspace = info.colour.matrix
            context.color_primaries, context.color_trc = info.colour.primaries, info.colour.transfer
        if info.sample_aspect:
            context.sample_aspect_ratio = info.sample_aspect


def note_left_out(info: VideoInfo, tally: Tally, place: str, *, sound: bool) -> None:
    """Say what of a file has no place in what holds frames alone."""
    extras = info.extras
    parts = {
        "audio": sound and bool(info.audio),
        "subtitles": bool(extras.subtitles),
        "chapters": bool(extras.chapters),
        "tags": bool(extras.tags),
        "cover": extras.cover is not None,
        "attachments": bool(extras.attachments),
    }
    names = [name for name, there in parts.items() if there]
    if names:
        be = "was" if len(names) == 1 and names[0] in {"audio", "cover"} else "were"
        tally.note(f"{place} has no room for the {' and '.join(names)}, which {be} left out")


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
    filled = np.clip(np.rint(around), 0, np.iinfo(rgb.dtype).max).astype(rgb.dtype)
    return np.where((alpha > 0)[..., None], rgb, filled)

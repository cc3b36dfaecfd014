"""Where frames go: a file of a container and a codec, or a folder of PNG files; whole or not at all."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...core import atomic_directory, atomic_path
from ...images import Image, write_image
from .container_sink import ContainerSink, note_left_out
from .formats import OutputFormat, SoundChoice, is_pattern, numbered
from .frames import Frame, Tally, VideoInfo

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["Sink", "open_sink"]


class Sink(Protocol):
    """What takes the frames."""

    def write(self, image: Image, frame: Frame) -> None:
        """Take the next frame: what was made of it, and its time."""
        ...

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Take packets of audio and subtitles."""
        ...

    def finish(self) -> None:
        """Take no more, and complete the file."""
        ...


@contextmanager
def open_sink(
    out: Path, format_: OutputFormat, info: VideoInfo, tally: Tally, *, sound: SoundChoice = "copy"
) -> Generator[Sink]:
    """Give a sink whose result appears at `out` when the block ends without an exception; otherwise nothing is left.

    Args:
        out: the result.
        format_: how it is written.
        info: of its source.
        tally: where losses are noted.
        sound: what becomes of the audio.

    Raises:
        InputError: `out` can't be written to, or is a folder with files in it that mattekit did not write.
        VideoError: an encoder or the disk refused.
    """
    if not format_.container:
        with atomic_directory(out.parent if is_pattern(out) else out) as folder:
            note_left_out(info, tally, "a folder of images", sound=sound != "none")
            yield _Folder(folder, info.time_base, out.name if is_pattern(out) else _NAME)
        return
    with atomic_path(out) as temporary:
        sink = ContainerSink(temporary, out, format_, info, tally, sound=sound)
        try:
            yield sink
        finally:
            sink.close()


_TIMES, _NAME = "timestamps.txt", "frame-%06d.png"


class _Folder:
    """PNG files, and their times in milliseconds in a file that mkvmerge and others read (timestamp format v2)."""

    def __init__(self, folder: Path, time_base: Fraction, name: str) -> None:
        self._folder = folder
        self._time_base = time_base
        self._name, self._count = name, 0
        self._times = (folder / _TIMES).open("w", encoding="utf-8", newline="\n")
        self._times.write("# timestamp format v2\n")

    def write(self, image: Image, frame: Frame) -> None:
        self._count += 1
        write_image(image, self._folder / numbered(self._name, self._count))
        self._times.write(f"{float(frame.pts * self._time_base * 1000):.6f}\n")

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Sound and words have no place here."""

    def finish(self) -> None:
        self._times.close()

"""What every source of frames gives, and every sink takes; times that only go up, as every encoder wants them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from ...core import VideoError
from ...images import MAX_PIXELS_VARIABLE, Image
from .colour import STANDARD_COLOUR, VideoColour
from .extras import NO_EXTRAS, Extras
from .light_levels import LightLevels

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["Clock", "Ending", "Frame", "FrameItem", "FrameSource", "Tally", "VideoInfo", "require_pixels"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame and its time.

    Attributes:
        image: upright, RGB, in 16 bits where the source has more than 8; None where the frame is broken and has to be
            concealed.
        pts: when it is shown, in units of the source's time base; each frame's is larger than the one before.
        duration: in the same units, 0 unknown.
    """

    image: Image | None
    pts: int
    duration: int = 0


@dataclass(frozen=True, eq=False)
class FrameItem:
    """What a source gives at a time.

    Attributes:
        frame: the next one, or none.
        packets: of audio and subtitles since the last frame, unchanged.
    """

    frame: Frame | None
    packets: tuple[Packet[Stream], ...] = ()


@dataclass(frozen=True)
class VideoInfo:
    """What is known before the frames.

    Attributes:
        name: of the video, in messages.
        time_base: the unit of the frames' times, in seconds.
        colour: of the frames' samples.
        rate: frames per second, about; None where nothing says so.
        frames: how many there should be; None where nothing says so.
        length: in seconds; None where nothing says it.
        sample_aspect: width to height of one upright pixel.
        live: it goes on until somebody ends it.
        audio: the streams that are handed on packet by packet.
        alpha: the frames have an alpha channel.
        bits: of a sample as it is stored.
        light: what it says of its light, in high dynamic range.
        extras: what belongs to them.
    """

    name: str
    time_base: Fraction
    colour: VideoColour
    rate: Fraction | None = None
    frames: int | None = None
    length: Fraction | None = None
    sample_aspect: Fraction | None = None
    live: bool = False
    audio: tuple[AudioStream, ...] = ()
    alpha: bool = False
    bits: int = 8
    light: LightLevels | None = None
    extras: Extras = NO_EXTRAS

    def of_frames_alone(self) -> VideoInfo:
        """Return the same without sound and all else, in standard range."""
        colour = STANDARD_COLOUR if self.colour.is_hdr else self.colour
        return replace(self, audio=(), extras=NO_EXTRAS, colour=colour, light=None)


@dataclass
class Tally:
    """What a source had to do that its owner may want to know.

    Attributes:
        notes: one sentence each.
        dropped: frames of a camera that came faster than they could be processed.
        broken: why the first broken frame is, and where; empty where nobody says.
    """

    notes: list[str] = field(default_factory=list)
    dropped: int = 0
    broken: str = ""

    def note_broken(self, reason: str) -> None:
        """Keep why a frame is broken, if it is the first."""
        self.broken = self.broken or reason

    def note(self, sentence: str) -> None:
        """Add a sentence, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


class FrameSource(Protocol):
    """Frames with their times, in order."""

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        ...

    @property
    def tally(self) -> Tally:
        """Return what is known after them."""
        ...

    def items(self) -> Iterator[FrameItem]:
        """Yield the frames, once. Runs in one thread of its own."""
        ...

    @property
    def truncated(self) -> bool:
        """Say, after the frames, whether some were missing at the end."""
        ...

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        ...

    def close(self) -> None:
        """Let go of the file or the device; nothing is yielded any more."""
        ...


class Ending:
    """How the frames of a source end: by themselves, when somebody says so, or where the file is cut off."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._truncated = False
        self.tally = Tally()

    @property
    def truncated(self) -> bool:
        """Say, after the frames, whether some were missing at the end."""
        return self._truncated

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._stopped.set()

    def _cut_off(self, sentence: str) -> None:
        """Note that the file ends too early, and where."""
        self._truncated = True
        self.tally.note(f"{sentence}: the file is cut off or damaged, and what could be decoded was kept")


def require_pixels(name: str, width: int, height: int, limit: int) -> None:
    """Refuse frames of more pixels than are allowed.

    Raises:
        VideoError: they are too large.
    """
    if width * height > limit:
        raise VideoError(
            f"{name}: frames of {width}x{height} are {width * height / 1e6:.4g} megapixels, more than the "
            f"limit of {limit / 1e6:.4g}; shrink it, or set {MAX_PIXELS_VARIABLE} to a larger number"
        )


class Clock:
    """Gives each frame its time; one that has none, or one that is not later than the last, follows by the next step.

    step: the usual distance of two frames, in units of the time base.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._last: int | None = None
        self._duration = 0

    @property
    def end(self) -> int:
        """When the last frame so far ends."""
        return 0 if self._last is None else self._last + self._duration

    def shown(self, image: Image, pts: int | None, duration: int = 0) -> Frame:
        """Return a frame that can be shown."""
        return Frame(image, self._next(pts, duration), duration)

    def broken(self, pts: int | None) -> Frame:
        """Return a frame that must be concealed."""
        return Frame(None, self._next(pts, 0))

    def _next(self, pts: int | None, duration: int) -> int:
        if pts is None:
            pts = 0 if self._last is None else self._last + self._step
        elif self._last is not None and pts <= self._last:
            pts = self._last + 1
        self._last, self._duration = pts, duration
        return pts

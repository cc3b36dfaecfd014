"""A video that plays behind the subject, over and over."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from ...images import Image
from .animation_source import is_animation
from .formats import VIDEO_EXTENSIONS
from .frames import FrameSource
from .source import open_source

__all__ = ["LoopedVideo", "plays"]


def plays(path: Path) -> bool:
    """Say whether a file is a video or an animation, and no image."""
    return path.is_file() and (path.suffix.lower() in VIDEO_EXTENSIONS or is_animation(path))


_DEFAULT_STEP = Fraction(1, 25)


class LoopedVideo:
    """A video's frames by the time at which they are shown, over and over; only two of them are held.

    Args:
        path: of a video file.

    Raises:
        VideoError: it can't be opened.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._source, self._frames = self._open()
        self._now = next(self._frames)
        self.first = self._now[1]
        """The first frame."""
        self.colour = self._source.info.colour
        """Of its frames."""
        self._after = next(self._frames, None)
        # When the part that is running began, and how long a frame lasts where nothing follows it.
        self._begun = Fraction(0)
        self._still = self._after is None

    def at(self, seconds: Fraction) -> Image:
        """Return the frame that is shown then; `seconds` from the start on, never less than the last time."""
        while not self._still:
            if self._after is None:
                # After the last frame the first one follows.
                begins = self._begun + self._now[0] + self._now[2]
                if begins > seconds:
                    break
                self._source.close()
                self._begun = begins
                self._source, self._frames = self._open()
                self._now, self._after = next(self._frames), next(self._frames, None)
            elif self._begun + self._after[0] <= seconds:
                self._now, self._after = self._after, next(self._frames, None)
            else:
                break
        return self._now[1]

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _open(self) -> tuple[FrameSource, Iterator[tuple[Fraction, Image, Fraction]]]:
        """Return the file, and its frames that are whole: times from the first on, images, and how long they last."""
        source = open_source(self._path)

        def frames() -> Iterator[tuple[Fraction, Image, Fraction]]:
            start, info = None, source.info
            usual = 1 / info.rate if info.rate else _DEFAULT_STEP
            for item in source.items():
                frame = item.frame
                if frame is not None and frame.image is not None:
                    start = frame.pts if start is None else start
                    yield (frame.pts - start) * info.time_base, frame.image, frame.duration * info.time_base or usual

        return source, frames()

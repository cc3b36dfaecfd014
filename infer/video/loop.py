"""A video as the background of another, from its start again when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ...images import Image
from .files import VideoFile

__all__ = ["LoopedVideo"]

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
        self._after = next(self._frames, None)
        # When the part that is running began, and how long a frame lasts where nothing follows it.
        self._begun = Fraction(0)
        self._still = self._after is None

    def at(self, seconds: Fraction) -> Image:
        """Return the frame that is shown then; `seconds` from the start on, never less than the last time."""
        while not self._still:
            if self._after is None:
                # The last frame lasts as long as frames do, then the first one follows.
                rate = self._source.info.rate
                begins = self._begun + self._now[0] + (1 / rate if rate else _DEFAULT_STEP)
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

    def _open(self) -> tuple[VideoFile, Iterator[tuple[Fraction, Image]]]:
        """Return the file, and its frames with their times from the first one on; broken ones are left out."""
        source = VideoFile(self._path)

        def frames() -> Iterator[tuple[Fraction, Image]]:
            start = None
            for item in source.items():
                if item.frame is not None and item.frame.image is not None:
                    start = item.frame.pts if start is None else start
                    yield (item.frame.pts - start) * source.info.time_base, item.frame.image

        return source, frames()

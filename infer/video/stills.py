"""Numbered pictures as the frames of a video."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from ...core.errors import ImageError, VideoError
from ...images.picture import Picture
from ...images.profiles import convert_rgb
from ...images.read import read_picture
from .clock import Clock
from .colour import VideoColour
from .frames import Item, Tally, VideoInfo

__all__ = ["Stills", "in_number_order"]


class Stills:
    """Pictures of one size, one frame each.

    Args:
        name: what they are called together, in messages.
        files: in any order; sorted by the numbers in their names.
        fps: frames per second.
        max_pixels: of a frame; by default that of pictures.

    Raises:
        VideoError: there are none.
    """

    def __init__(self, name: str, files: Sequence[Path], fps: Fraction, *, max_pixels: int | None = None) -> None:
        if not files:
            raise VideoError(f"{name}: there are no pictures; give a folder or a pattern of numbered frames")
        self._name = name
        self._files = in_number_order(files)
        self._max_pixels = max_pixels
        self._stopped = threading.Event()
        self.tally = Tally()
        # Frame n is shown at n * denominator / numerator, exactly.
        self._step = fps.denominator
        first = self._read(self._files[0])
        self._info = VideoInfo(
            name,
            Fraction(1, fps.numerator),
            VideoColour(),
            rate=fps,
            frames=len(self._files),
            alpha=first is not None and first.alpha is not None,
        )

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[Item]:
        """Yield the frames; a picture that can't be read, or has another size than the first, has none."""
        clock, size = Clock(self._step), None
        for number, path in enumerate(self._files):
            if self._stopped.is_set():
                return
            picture = self._read(path)
            if picture is not None and size is not None and picture.size != size:
                self.tally.note(f"{path}: {picture.width}x{picture.height} is not the size of the frames before it")
                picture = None
            at = number * self._step
            if picture is None:
                yield Item(clock.broken(at))
                continue
            size = picture.size
            yield Item(clock.shown(picture, at, self._step))

    @property
    def truncated(self) -> bool:
        """Return False: the pictures that there are, are all."""
        return False

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing is held open."""

    def _read(self, path: Path) -> Picture | None:
        try:
            picture = read_picture(path, max_pixels=self._max_pixels)
        except ImageError as error:
            self.tally.note(str(error))
            return None
        if picture.depth == 16:
            self.tally.note("its samples of more than 8 bits were rounded to 8")
        picture = picture.with_depth(8)
        if picture.icc is None:
            return picture
        return picture.with_changes(rgb=convert_rgb(picture.rgb, picture.icc, None), icc=None)


def in_number_order(files: Sequence[Path]) -> list[Path]:
    """Sort by name with the numbers in it taken as numbers: `frame-9` comes before `frame-10`."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"([0-9]+)", path.name)
        return [(1, int(part), part) if index % 2 else (0, 0, part) for index, part in enumerate(parts)]

    return sorted(files, key=key)

"""Numbered images as the frames of a video."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from ...core import ImageError, VideoError
from ...images import Image, convert_rgb, read_image
from .clock import Clock
from .colour import VideoColour
from .frames import Item, Tally, VideoInfo

__all__ = ["Stills", "in_number_order"]


class Stills:
    """Images of one size, one frame each.

    Args:
        name: what they are called together, in messages.
        files: in any order; sorted by the numbers in their names.
        fps: frames per second.
        max_pixels: of a frame; by default that of images.

    Raises:
        VideoError: there are none.
    """

    def __init__(self, name: str, files: Sequence[Path], fps: Fraction, *, max_pixels: int | None = None) -> None:
        if not files:
            raise VideoError(f"{name}: there are no images; give a folder or a pattern of numbered frames")
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
        """Yield the frames; an image that can't be read, or has another size than the first, has none."""
        clock, size = Clock(self._step), None
        for number, path in enumerate(self._files):
            if self._stopped.is_set():
                return
            image = self._read(path)
            if image is not None and size is not None and image.size != size:
                self.tally.note(f"{path}: {image.width}x{image.height} is not the size of the frames before it")
                image = None
            at = number * self._step
            if image is None:
                yield Item(clock.broken(at))
                continue
            size = image.size
            yield Item(clock.shown(image, at, self._step))

    @property
    def truncated(self) -> bool:
        """Return False: the images that there are, are all."""
        return False

    def stop(self) -> None:
        """End the frames soon, from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing is held open."""

    def _read(self, path: Path) -> Image | None:
        try:
            image = read_image(path, max_pixels=self._max_pixels)
        except ImageError as error:
            self.tally.note(str(error))
            return None
        if image.depth == 16:
            self.tally.note("its samples of more than 8 bits were rounded to 8")
        image = image.with_depth(8)
        if image.icc is None:
            return image
        return image.with_changes(rgb=convert_rgb(image.rgb, image.icc, None), icc=None)


def in_number_order(files: Sequence[Path]) -> list[Path]:
    """Sort by name with the numbers in it taken as numbers: `frame-9` comes before `frame-10`."""

    def key(path: Path) -> list[tuple[int, int, str]]:
        parts = re.split(r"([0-9]+)", path.name)
        return [(1, int(part), part) if index % 2 else (0, 0, part) for index, part in enumerate(parts)]

    return sorted(files, key=key)

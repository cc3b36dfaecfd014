"""Frames of an animated GIF, WebP or PNG, by Pillow: FFmpeg decodes no animated WebP, and can't tell who is opaque."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core import VideoError
from ...images import Image, pixel_limit
from .colour import VideoColour
from .frames import Clock, Ending, FrameItem, VideoInfo, require_pixels

if TYPE_CHECKING:
    from PIL import Image as PilImage

__all__ = ["Animation", "is_animation"]

_BASE = Fraction(1, 1000)

# What browsers make of a GIF's frame that would pass sooner than they show one.
_SHORTEST_MS, _USUAL_MS = 20, 100

_DAMAGE = (EOFError, OSError, SyntaxError, ValueError)


def is_animation(path: Path) -> bool:
    """Say whether a file is a GIF, or a WebP or PNG of several frames; by what is in it, not by its name."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return True
    # The second flag of the chunk that says what a WebP has.
    webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)
    return webp or (head[:8] == b"\x89PNG\r\n\x1a\n" and b"acTL" in head)


class Animation(Ending):
    """An animated GIF, WebP or PNG.

    Args:
        location: its path.
        max_pixels: of a frame; by default that of images.

    Raises:
        VideoError: no frame of it can be read, or they are too large.
    """

    def __init__(self, location: str, *, max_pixels: int | None = None) -> None:
        super().__init__()
        self._name = location
        limit = pixel_limit(max_pixels)
        try:
            self._file = _opened(location)
            width, height = self._file.size
            require_pixels(location, width, height, limit)
            count = int(getattr(self._file, "n_frames", 1))
            alpha = self._is_transparent()
        except _DAMAGE as error:
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise VideoError(f"{location}: it can't be read ({said}); check that it is a whole file") from error
        self._info = VideoInfo(location, _BASE, VideoColour(), rate=self._rate(count), frames=count, alpha=alpha)

    @property
    def info(self) -> VideoInfo:
        """Return what is known before the frames."""
        return self._info

    def items(self) -> Iterator[FrameItem]:
        """Yield the frames as they are shown, each with how long it is."""
        clock, at, number = Clock(_USUAL_MS), 0, 0
        while not self._stopped.is_set():
            try:
                self._file.seek(number)
                rgba = np.asarray(self._file.convert("RGBA"))
            except EOFError:
                break
            except _DAMAGE:
                self._cut_off(f"it can't be read after {number} frames")
                break
            duration = self._duration()
            alpha = np.ascontiguousarray(rgba[..., 3]) if self._info.alpha else None
            image = Image(np.ascontiguousarray(rgba[..., :3]), alpha, source=self._name)
            yield FrameItem(clock.shown(image, at, duration))
            at, number = at + duration, number + 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _duration(self) -> int:
        shown = round(float(self._file.info.get("duration", 0)))
        return shown if shown >= _SHORTEST_MS else _USUAL_MS

    def _is_transparent(self) -> bool:
        """Look through the frames for one that is not opaque."""
        number = 0
        try:
            while True:
                self._file.seek(number)
                if np.asarray(self._file.convert("RGBA"))[..., 3].min() < 255:
                    return True
                number += 1
        except _DAMAGE:
            if not number:
                raise
        # Its frames are taken from the first on.
        self._file.close()
        self._file = _opened(self._name)
        return False

    def _rate(self, count: int) -> Fraction | None:
        return Fraction(1000, self._duration()) if count else None


def _opened(location: str) -> PilImage.Image:
    from PIL import Image as PilImage

    # What is in it says what it is; the name may say something else.
    return PilImage.open(location, formats=("GIF", "WEBP", "PNG"))

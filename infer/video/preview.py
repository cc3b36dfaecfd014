"""One frame of a video before and after, side by side, as an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ...images import Image, Pixels, format_of, over, write_image
from .formats import OutputFormat
from .frames import Frame, VideoInfo
from .hdr import to_standard

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["PREVIEW", "PreviewSink", "require_image"]

PREVIEW = OutputFormat("png", alpha=True, audio=False)
"""How a preview is written: as an image."""

_SQUARE, _LIGHT, _DARK = 16, 204, 153
"""Of the board that shows through what is transparent: pixels, and levels of grey."""


def require_image(out: Path) -> None:
    """Refuse a preview's name that is no image's, with an InputError."""
    format_of(out)


class PreviewSink:
    """Takes one frame, and writes it beside what it was.

    Args:
        path: of the image.
        info: of the video as it was read.
    """

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self._path, self._info = path, info

    def write(self, image: Image, frame: Frame) -> None:
        """Write the frame."""
        before = frame.image or image
        if self._info.colour.is_hdr:
            before = to_standard(before, self._info.colour)
        height = image.height
        sides = [self._shown(each.with_depth(8), height) for each in (before, image)]
        write_image(Image(np.ascontiguousarray(np.hstack(sides))), self._path)

    def hand_on(self, packets: Sequence[Packet[Stream]]) -> None:
        """Sound and words have no place here."""

    def finish(self) -> None:
        """All is done with the frame."""

    def _shown(self, image: Image, height: int) -> Pixels:
        """Return an image of this height, its pixels square, on a board where it is transparent."""
        rgb = image.rgb
        if image.alpha is not None:
            rows, columns = np.indices(rgb.shape[:2]) // _SQUARE
            board = np.where((rows + columns) % 2, _DARK, _LIGHT).astype(np.uint8)
            rgb = over(rgb, image.alpha, np.repeat(board[..., None], 3, axis=2))
        aspect = float(self._info.sample_aspect or 1)
        size = (max(1, round(rgb.shape[1] * aspect * height / rgb.shape[0])), height)
        return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

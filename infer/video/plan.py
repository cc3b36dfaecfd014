"""What is read, and how the result is written: settled before a model is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ...core import InputError
from ...images import Image
from ..backdrop import Background, Colour, load_background
from ..placement import Placement
from . import VIDEO_EXTENSIONS
from .formats import OutputFormat, choose_format
from .frames import FrameSource
from .loop import LoopedVideo
from .sources import open_source

__all__ = ["VideoPlan", "plan_video"]


@dataclass(frozen=True)
class VideoPlan:
    """What is read, how the result is written, and what lies behind the subject.

    background: as for images; where `film` is given it is its first frame, and the film's frames take its place.
    """

    source: FrameSource
    out: Path
    format: OutputFormat
    background: Background | None
    film: LoopedVideo | None = None

    def close(self) -> None:
        """Let go of the files."""
        self.source.close()
        if self.film is not None:
            self.film.close()


def plan_video(
    source: str,
    out: Path,
    *,
    removes: bool,
    background: str = "none",
    placement: Placement | None = None,
    codec: str | None = None,
    quality: int | None = None,
    fps: Fraction | None = None,
) -> VideoPlan:
    """Open what is read and choose how the result is written.

    Args:
        source: as `open_source` takes it.
        out: the result; its suffix decides the container.
        removes: a background is going to be removed.
        background: what `load_background` reads, or a video, which is repeated as long as need be.
        placement: of the subject on the background.
        codec: as `choose_format` takes it, and so is `quality`.
        quality: 1-100.
        fps: of numbered images.

    Raises:
        InputError: something can't be read, written, or doesn't go together.
        DependencyError: PyAV or one of its encoders is missing.
    """
    _require_writable(out)
    film = LoopedVideo(background) if _is_video(background) else None
    behind = film.first if film is not None else load_background(background)
    # Without a background, a placement is one on a transparent canvas.
    clear = behind is None or (isinstance(behind, Colour) and behind.alpha < 255)
    opened = None
    try:
        if removes or (clear and placement not in (None, Placement())):
            # Known without a look at the frames: what can't be written is refused before anything is opened.
            format_ = choose_format(out, codec, quality, alpha=_shows_through(behind))
            opened = open_source(source, fps=fps)
        else:
            opened = open_source(source, fps=fps)
            format_ = choose_format(out, codec, quality, alpha=opened.info.alpha and _shows_through(behind))
        if Path(source).exists() and out.exists() and Path(source).samefile(out):
            raise InputError(f"{out}: the result would overwrite the input; choose another name")
    except BaseException:
        for held in (opened, film):
            if held is not None:
                held.close()
        raise
    return VideoPlan(opened, out, format_, behind, film)


def _shows_through(background: Background | None) -> bool:
    """Say whether what is laid on this background stays transparent in places."""
    if isinstance(background, Colour):
        return background.alpha < 255
    return background is None or (isinstance(background, Image) and background.alpha is not None)


def _is_video(text: str) -> bool:
    path = Path(text)
    return path.suffix.lower() in VIDEO_EXTENSIONS and path.is_file()


def _require_writable(out: Path) -> None:
    existing = next(folder for folder in out.absolute().parents if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out}: the result cannot be written there; choose another folder")

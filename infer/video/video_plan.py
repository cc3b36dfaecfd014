"""What is read, and how the result is written: settled before a model is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from ...core import InputError
from ...images import Image
from ..background import Background, load_background
from ..choices import Colour
from ..placement import Placement, placement_of
from ..video_settings import VideoSettings
from .audio import require_sound
from .excerpt import Excerpt
from .formats import OutputFormat, choose_format
from .frames import FrameSource
from .looped_video import LoopedVideo, plays
from .preview import PREVIEW, require_image
from .source import open_source

__all__ = ["VideoPlan", "film_of", "plan_video", "require_writable", "shows_through"]


@dataclass(frozen=True)
class VideoPlan:
    """What is read, how the result is written, and what lies behind the subject.

    Attributes:
        source: of the frames.
        out: the result.
        format: how it is written.
        background: as for images; where `film` is given it is its first frame.
        settings: of the run.
        film: whose frames take the background's place.
        mask_format: how the mask is written beside the result, where it is.
    """

    source: FrameSource
    out: Path
    format: OutputFormat
    background: Background | None
    settings: VideoSettings = field(default_factory=VideoSettings)
    film: LoopedVideo | None = None
    mask_format: OutputFormat | None = None

    def close(self) -> None:
        """Let go of the files."""
        self.source.close()
        if self.film is not None:
            self.film.close()


def plan_video(source: str, out: Path, settings: VideoSettings) -> VideoPlan:
    """Open what is read and choose how the result is written.

    Args:
        source: as `open_source` takes it.
        out: the result; its suffix decides the container.
        settings: of the run.

    Raises:
        InputError: something can't be read, written, or doesn't go together.
        DependencyError: PyAV or one of its encoders is missing.
    """
    require_writable(out)
    if settings.preview is not None:
        require_image(settings.preview)
        require_writable(settings.preview)
        settings = replace(settings, frames=1, audio="none", mask_out=None, smooth=0.0)
    mask_format = None
    if settings.mask_out is not None:
        require_writable(settings.mask_out)
        if settings.mask_out.absolute() == out.absolute():
            raise InputError(f"{out}: the mask would overwrite the result; choose another name for --mask-out")
        mask_format = choose_format(settings.mask_out, None, settings.quality, alpha=False)
    placement, film = placement_of(settings), film_of(settings)
    behind = film.first if film is not None else load_background(settings.background)
    # Without a background, a placement is one on a transparent canvas.
    clear = behind is None or (isinstance(behind, Colour) and behind.alpha < 255)
    through, opened = shows_through(behind) and not settings.only_mask, None
    try:
        if settings.model is not None or settings.mask is not None or (clear and placement != Placement()):
            # Known without a look at the frames: what can't be written is refused before anything is opened.
            choose_format(out, settings.codec, settings.quality, alpha=through)
            opened = _opened(source, settings)
            alpha = through
        else:
            opened = _opened(source, settings)
            alpha = opened.info.alpha and through
        bits = 8 if settings.only_mask else opened.info.bits
        format_ = choose_format(out, settings.codec, settings.quality, alpha=alpha, bits=bits)
        if settings.preview is not None:
            out, format_ = settings.preview, PREVIEW
            length = opened.info.length or (opened.info.frames or 0) / (opened.info.rate or 1)
            if settings.start is None and length and not opened.info.live:
                opened.close()
                opened = _opened(source, replace(settings, start=Fraction(length) / 2, end=None))
        if format_.audio:
            require_sound(out.suffix.lower(), format_.container, opened.info.audio, settings.audio)
        if Path(source).exists() and out.exists() and Path(source).samefile(out):
            raise InputError(f"{out}: the result would overwrite the input; choose another name")
    except BaseException:
        for held in (opened, film):
            if held is not None:
                held.close()
        raise
    return VideoPlan(opened, out, format_, behind, settings, film, mask_format)


def _opened(source: str, settings: VideoSettings) -> FrameSource:
    start = settings.start or Fraction(0)
    opened = open_source(source, fps=settings.fps, deinterlace=settings.deinterlace, start=start)
    return Excerpt(opened, start, settings.end) if settings.start or settings.end else opened


def film_of(settings: VideoSettings) -> LoopedVideo | None:
    """Open the video that is the background, where it is one."""
    given = settings.background
    return LoopedVideo(str(given)) if isinstance(given, str | Path) and plays(Path(given)) else None


def shows_through(background: Background | None) -> bool:
    """Say whether what is laid on this background stays transparent in places."""
    if isinstance(background, Colour):
        return background.alpha < 255
    return background is None or (isinstance(background, Image) and background.alpha is not None)


def require_writable(out: Path) -> None:
    """Refuse a result whose folder can't be written to with an InputError."""
    existing = next(folder for folder in out.absolute().parents if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out}: the result cannot be written there; choose another folder")

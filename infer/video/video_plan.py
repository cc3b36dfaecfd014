"""What is read, and how the result is written: settled before a model is opened."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from ...core import InputError, VideoError
from ...images import Image
from ..background import Background, load_background
from ..choices import Colour
from ..collect import collect_inputs
from ..pipeline_settings import VideoSettings
from ..placement import Placement, placement_of
from .audio import require_sound
from .formats import VIDEO_EXTENSIONS, OutputFormat, choose_format
from .frame_sources import Stills, open_camera
from .frames import FrameSource
from .pyav import PROTOCOLS
from .video_file import VideoFile

__all__ = ["DEFAULT_FPS", "LoopedVideo", "VideoPlan", "open_source", "plan_video"]


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
    """

    source: FrameSource
    out: Path
    format: OutputFormat
    background: Background | None
    settings: VideoSettings = field(default_factory=VideoSettings)
    film: LoopedVideo | None = None

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
    _require_writable(out)
    placement, given = placement_of(settings), settings.background
    film = LoopedVideo(str(given)) if isinstance(given, str | Path) and _is_video(Path(given)) else None
    behind = film.first if film is not None else load_background(given)
    # Without a background, a placement is one on a transparent canvas.
    clear = behind is None or (isinstance(behind, Colour) and behind.alpha < 255)
    through, opened = _shows_through(behind), None
    try:
        if settings.model is not None or settings.mask is not None or (clear and placement != Placement()):
            # Known without a look at the frames: what can't be written is refused before anything is opened.
            format_ = choose_format(out, settings.codec, settings.quality, alpha=through)
            opened = open_source(source, fps=settings.fps)
        else:
            opened = open_source(source, fps=settings.fps)
            format_ = choose_format(out, settings.codec, settings.quality, alpha=opened.info.alpha and through)
        if format_.audio:
            require_sound(out.suffix.lower(), format_.container, opened.info.audio, settings.audio)
        if Path(source).exists() and out.exists() and Path(source).samefile(out):
            raise InputError(f"{out}: the result would overwrite the input; choose another name")
    except BaseException:
        for held in (opened, film):
            if held is not None:
                held.close()
        raise
    return VideoPlan(opened, out, format_, behind, settings, film)


def _shows_through(background: Background | None) -> bool:
    """Say whether what is laid on this background stays transparent in places."""
    if isinstance(background, Colour):
        return background.alpha < 255
    return background is None or (isinstance(background, Image) and background.alpha is not None)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_EXTENSIONS and path.is_file()


def _require_writable(out: Path) -> None:
    existing = next(folder for folder in out.absolute().parents if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out}: the result cannot be written there; choose another folder")


DEFAULT_FPS = Fraction(25)
"""Of numbered frames."""


def open_source(text: str, *, fps: Fraction | None = None, max_pixels: int | None = None) -> FrameSource:
    """Open what `text` names.

    Args:
        text: a video file; a folder or a pattern of numbered images; a camera's number; a stream's URL. A file whose
            name is a number is meant by `./0`.
        fps: frames per second of numbered images; the others have times of their own.
        max_pixels: of a frame; by default that of images.

    Raises:
        VideoError: it is none of these, can't be opened, or has no use for `fps`.
        DependencyError: PyAV is not installed, and is needed.
    """
    protocol, separator, _ = text.partition("://")
    if separator and protocol.lower() not in PROTOCOLS:
        raise VideoError(f"{text}: the protocol {protocol!r} is not read; use one of {', '.join(sorted(PROTOCOLS))}")
    path = Path(text)
    is_camera = re.fullmatch(r"[0-9]{1,3}", text) is not None
    try:
        are_stills = not separator and not is_camera and (path.is_dir() or (not path.exists() and glob.has_magic(text)))
    except (OSError, ValueError) as error:
        raise VideoError(f"{text!r}: it can't be looked at ({error}); check the name") from error
    if are_stills:
        return Stills(text, collect_inputs([text]), fps or DEFAULT_FPS, max_pixels=max_pixels)
    if fps is not None:
        raise VideoError(f"{text}: its frames have times of their own, so --fps has no use; leave it out")
    return open_camera(int(text)) if is_camera else VideoFile(text, max_pixels=max_pixels)


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

    def _open(self) -> tuple[VideoFile, Iterator[tuple[Fraction, Image, Fraction]]]:
        """Return the file, and its frames that are whole: times from the first on, images, and how long they last."""
        source = VideoFile(self._path)

        def frames() -> Iterator[tuple[Fraction, Image, Fraction]]:
            start, info = None, source.info
            usual = 1 / info.rate if info.rate else _DEFAULT_STEP
            for item in source.items():
                frame = item.frame
                if frame is not None and frame.image is not None:
                    start = frame.pts if start is None else start
                    yield (frame.pts - start) * info.time_base, frame.image, frame.duration * info.time_base or usual

        return source, frames()

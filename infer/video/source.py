"""What a user names becomes frames with their times."""

from __future__ import annotations

import glob
import re
from fractions import Fraction
from pathlib import Path

from ...core import VideoError
from ..collect import collect_inputs
from ..location import STANDARD
from .animation_source import Animation, is_animation
from .frame_sources import Stills, open_camera
from .frames import FrameSource
from .pyav import PROTOCOLS, is_stream
from .video_file import VideoFile

__all__ = ["DEFAULT_FPS", "comes_alone", "open_source"]

DEFAULT_FPS = Fraction(25)
"""Of numbered frames."""

_BEGINNING = Fraction(0)


def open_source(
    text: str,
    *,
    fps: Fraction | None = None,
    max_pixels: int | None = None,
    deinterlace: bool = False,
    start: Fraction = _BEGINNING,
) -> FrameSource:
    """Open what `text` names.

    Args:
        text: a video file; an animated GIF, WebP or PNG; a folder or a pattern of numbered images (`*.png` or
            `f_%03d.png`); a camera's number; a stream's URL; `-` for the standard input. A file whose name is a number
            is meant by `./0`.
        fps: frames per second of numbered images; the others have times of their own.
        max_pixels: of a frame; by default that of images.
        deinterlace: make whole frames of half images, of a file or a stream.
        start: what comes before it, in seconds, is of no use; some of it may be given all the same.

    Raises:
        VideoError: it is none of these, can't be opened, or has no use for `fps`.
        DependencyError: PyAV is not installed, and is needed.
    """
    protocol, separator, _ = text.partition("://")
    if separator and protocol.lower() not in PROTOCOLS:
        raise VideoError(f"{text}: the protocol {protocol!r} is not read; use one of {', '.join(sorted(PROTOCOLS))}")
    path = Path(text)
    is_camera = _CAMERA.fullmatch(text) is not None
    numbered = not separator and _NUMBER.search(path.name) is not None
    try:
        numbered = numbered and not path.exists()
        are_stills = not separator and not is_camera and (path.is_dir() or (not path.exists() and glob.has_magic(text)))
    except (OSError, ValueError) as error:
        raise VideoError(f"{text!r}: it can't be looked at ({error}); check the name") from error
    if numbered:
        return Stills(text, _numbered(path), fps or DEFAULT_FPS, max_pixels=max_pixels)
    if are_stills:
        return Stills(text, collect_inputs([text]), fps or DEFAULT_FPS, max_pixels=max_pixels)
    if fps is not None:
        raise VideoError(f"{text}: its frames have times of their own, so --fps has no use; leave it out")
    if is_camera:
        return open_camera(int(text))
    if not separator and text != STANDARD and is_animation(path):
        return Animation(text, max_pixels=max_pixels)
    return VideoFile(text, max_pixels=max_pixels, deinterlace=deinterlace, start=start)


_CAMERA = re.compile(r"[0-9]{1,3}")


def comes_alone(text: str) -> bool:
    """Say whether what is named is no file: a camera, a stream, or the standard input."""
    return is_stream(text) or text == STANDARD or _CAMERA.fullmatch(text) is not None


_NUMBER = re.compile(r"%(0?)([0-9]*)d")


def _numbered(path: Path) -> list[Path]:
    """Return the files of a pattern as FFmpeg has them: `f_%03d.png` are f_001.png, f_002.png and so on."""
    before, zero, digits, after = re.split(_NUMBER, path.name, maxsplit=1)
    number = rf"[0-9]{{{digits},}}" if zero and digits else "[0-9]+"
    name = re.compile(f"{re.escape(before)}{number}{re.escape(after)}")
    folder = path.parent
    return [one for one in folder.iterdir() if name.fullmatch(one.name)] if folder.is_dir() else []

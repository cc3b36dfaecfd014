"""What a user's words for a video stand for: a file, numbered frames, a camera, a stream."""

from __future__ import annotations

import glob
import re
from fractions import Fraction
from pathlib import Path

from ...core import InputError, VideoError
from ..collect import collect_inputs
from .camera import open_camera
from .files import VideoFile
from .frames import FrameSource
from .opening import PROTOCOLS
from .stills import Stills

__all__ = ["DEFAULT_FPS", "open_source", "parse_fps"]

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


def parse_fps(text: str | None) -> Fraction | None:
    """Read frames per second: `25`, `29.97` or `30000/1001`; None stays None.

    Raises:
        InputError: it is no such number.
    """
    if text is None:
        return None
    try:
        fps = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"--fps {text}: not a number of frames per second; write 25, 29.97 or 30000/1001") from error
    if not Fraction(1, 100) <= fps <= 1000:
        raise InputError(f"--fps {text}: use from 0.01 to 1000 frames per second")
    return fps.limit_denominator(100_000)

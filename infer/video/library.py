"""PyAV, which the extra `video` brings: imported where it is used, its errors put into sentences."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ...core import DependencyError, VideoError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["codec_available", "load_av", "video_errors"]


def load_av() -> ModuleType:
    """Return the package `av`.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise DependencyError.for_extra("video", "av", "video") from error
    return av


def codec_available(name: str) -> bool:
    """Say whether the installed PyAV can encode with a codec, by FFmpeg's name, such as `libx264`."""
    av = load_av()
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


@contextmanager
def video_errors(name: str, doing: str, mend: str) -> Generator[None]:
    """Turn what FFmpeg says in this block into a `VideoError`: `name: it can't be <doing> (reason); <mend>`."""
    av = load_av()
    try:
        yield
    except (av.error.FFmpegError, OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoError(f"{name}: it can't be {doing} ({' '.join(str(reason).split())[:200]}); {mend}") from error
    except MemoryError as error:
        raise VideoError(f"{name}: it can't be {doing} (not enough memory); {mend}") from error

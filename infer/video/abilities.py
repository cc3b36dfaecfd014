"""What the installed PyAV and this machine can encode, and what containers can hold: found out by trying."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

from ...core import VideoError
from .pyav import load_av

if TYPE_CHECKING:
    from av.stream import Stream

__all__ = ["can_hold", "codec_available", "require_encoder"]


def codec_available(name: str, pixel_format: str = "") -> bool:
    """Say whether the installed PyAV can encode with a codec, by FFmpeg's name, such as `libx264`.

    Args:
        name: of the encoder.
        pixel_format: that it has to take, found out by opening it: builds differ in the depths that they know.
    """
    av = load_av()
    try:
        av.codec.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    if not pixel_format or name.endswith(_HARDWARE):
        return True
    try:
        _open_encoder(name, pixel_format)
    except (av.error.FFmpegError, ValueError, OSError):
        return False
    return True


_HARDWARE = ("_nvenc", "_qsv")


def _open_encoder(name: str, pixel_format: str) -> None:
    """Open an encoder for nothing; what it or a driver says of it is no help."""
    av = load_av()
    context = av.CodecContext.create(name, "w")
    context.width, context.height, context.time_base = 640, 480, Fraction(1, 25)
    context.pix_fmt = pixel_format
    context.options = {"x265-params": "log-level=none"} if name == "libx265" else {}
    level = av.logging.get_level()
    try:
        av.logging.set_level(None)
        context.open()
    finally:
        av.logging.set_level(level)


def can_hold(form: str, stream: Stream) -> bool:
    """Say whether a container takes a stream's packets as they are: found out by beginning such a file in memory.

    Args:
        form: FFmpeg's name of the container.
        stream: of sound or subtitles.
    """
    av = load_av()
    context = stream.codec_context
    layout = getattr(context, "layout", None)
    if form == "mp4" and context.name.startswith("pcm_") and layout is not None and layout.name.endswith("channels"):
        # Found out at the file's end alone: it must say where each channel is heard, which the source doesn't.
        return False
    try:
        with av.open(io.BytesIO(), "w", format=form) as file:
            file.add_stream_from_template(stream, opaque=True)
            file.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def require_encoder(name: str, encoder: str) -> None:
    """Find out whether the hardware of an encoder is there, by opening it.

    Raises:
        VideoError: it is not.
    """
    av = load_av()
    maker = "NVIDIA GPU and its driver" if encoder.endswith("nvenc") else "Intel GPU and its driver"
    try:
        _open_encoder(encoder, "yuv420p" if encoder.endswith("nvenc") else "nv12")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        codec = encoder.partition("_")[0]
        raise VideoError(
            f"{name}: the encoder {encoder} needs an {maker}, which can't be used here; use --codec {codec} instead"
        ) from error

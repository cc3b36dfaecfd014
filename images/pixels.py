"""What holds for every image before its pixels are decoded: how many there may be, and what a decoder may see."""

from __future__ import annotations

import os
import struct
import zlib

from ..core import ImageError

__all__ = ["DAMAGE", "MAX_PIXELS", "MAX_PIXELS_VARIABLE", "pixel_limit", "still_png"]

DAMAGE = (
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for files that are damaged or made to do harm, beside exceptions of its own."""

MAX_PIXELS = 200_000_000
MAX_PIXELS_VARIABLE = "MATTEKIT_MAX_PIXELS"

_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})


def pixel_limit(max_pixels: int | None = None) -> int:
    """Return the pixel limit: the argument, the environment's, or the default.

    Raises:
        ImageError: the environment's is not a number.
    """
    if max_pixels is not None:
        return max_pixels
    text = os.environ.get(MAX_PIXELS_VARIABLE, "").strip().replace("_", "")
    if not text:
        return MAX_PIXELS
    if not text.isdecimal() or not int(text[:20]) > 0:
        raise ImageError(f"{MAX_PIXELS_VARIABLE} is {text!r}, not a number of pixels; set it to, say, {MAX_PIXELS}")
    return int(text[:20])


def still_png(data: bytes) -> bytes:
    """Return a PNG file without its animation; the bytes themselves where there is none, or where it is no PNG.

    OpenCV 5.0's reader of animated PNG files kills the process when their first frame is damaged.
    """
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or not any(name in data for name in _ANIMATION):
        return data
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in _ANIMATION:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)

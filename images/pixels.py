"""What the decoders share: how many pixels there may be, what they raise, and what they give."""

from __future__ import annotations

import os
import struct
import zlib
from typing import NamedTuple

from ..core import ImageError
from .image import Pixels

__all__ = ["DAMAGE", "MAX_PIXELS", "MAX_PIXELS_VARIABLE", "NotReadError", "Samples", "pixel_limit"]

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


class NotReadError(Exception):
    """A healthy file is of a kind that is not read; its text says of which, and how to mend it."""


class Samples(NamedTuple):
    """What a decoder gives, before it is turned upright and its colours are those of an `Image`.

    Attributes:
        colour: (H, W) grey, (H, W, 3) RGB, or (H, W, 4) inks (cyan, magenta, yellow, black; full is full ink).
        alpha: (H, W) of the same type, straight; None where there is none.
        inks: whether the colours are inks.
        notes: what the owner should know.
    """

    colour: Pixels
    alpha: Pixels | None
    inks: bool = False
    notes: tuple[str, ...] = ()


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

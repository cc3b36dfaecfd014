"""What a user chooses from: fits, places, refinements, colours, blurs and shadows; light, as the settings are."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, replace
from typing import Literal

from ..core import ImageError

__all__ = [
    "WHITE",
    "Blur",
    "Colour",
    "Crop",
    "Fit",
    "Place",
    "Refine",
    "Shadow",
    "parse_canvas",
    "parse_crop",
    "parse_shadow",
    "parse_within",
]

Fit = Literal["fill", "fit", "stretch", "tile"]

Place = Literal["frame", "subject"]
"""What is placed: the whole cut-out with the empty space around its subject, or the subject alone."""

Refine = Literal["none", "guided", "matting"]
"""none: interpolation alone, as the model's publisher does. guided: along the photo's edges. matting: the uncertain
band is solved by closed-form matting first (needs the extra `matting`), and the result is enlarged as `guided` does."""


@dataclass(frozen=True)
class Colour:
    """One colour in sRGB.

    Attributes:
        red: 0-255.
        green: 0-255.
        blue: 0-255.
        alpha: 0-255; 255 is opaque.
    """

    red: int
    green: int
    blue: int
    alpha: int = 255

    def __post_init__(self) -> None:
        """Refuse values outside 0-255 with an ImageError."""
        if not all(0 <= value <= 255 for value in (self.red, self.green, self.blue, self.alpha)):
            raise ImageError(f"the colour {self} has a channel outside 0-255; use values from 0 to 255")


WHITE = Colour(255, 255, 255)


@dataclass(frozen=True)
class Blur:
    """The original, blurred.

    Attributes:
        radius: the Gaussian's standard deviation in pixels of the result; None chooses it.
    """

    radius: float | None = None

    def __post_init__(self) -> None:
        """Refuse a radius that is no length with an ImageError."""
        if self.radius is not None and not (math.isfinite(self.radius) and 0 < self.radius <= 10_000):
            raise ImageError(f"a blur of {self.radius} pixels can't be made; use a radius above 0 and up to 10000")


@dataclass(frozen=True)
class Shadow:
    """Black, blurred, and shifted.

    Attributes:
        angle: the direction in which it falls, in degrees: 0 to the right, 90 down.
        distance: of its shift, in pixels of the result; None takes 3% of the subject's longer side.
        blur: standard deviation of the Gaussian, in pixels of the result; None takes 2% of the subject's longer side.
        opacity: 0-1, of the shadow of what is opaque.
    """

    angle: float = 60.0
    distance: float | None = None
    blur: float | None = None
    opacity: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what can't be drawn with an ImageError."""
        limits = {"angle": (-360, 360), "distance": (0, 10_000), "blur": (0, 10_000), "opacity": (0, 1)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise ImageError(f"a shadow's {name} of {value} can't be drawn; use a number from {least} to {most}")


@dataclass(frozen=True)
class Crop:
    """The box of what is visible of a cut-out, and a margin around it.

    Attributes:
        margin: on each side.
        percent: the margin is of the box's longer side in percent; otherwise it is in pixels.
    """

    margin: float = 0.0
    percent: bool = False

    def __post_init__(self) -> None:
        """Refuse a margin that is no length with an ImageError."""
        if not 0 <= self.margin <= 100_000:
            raise ImageError(f"a margin of {self.margin:g} can't be left; use a number from 0 on")


def parse_crop(text: str) -> Crop | None:
    """Read what is cropped: `content`, `content:20` (pixels), `content:5%` or `none`.

    Raises:
        ImageError: it is none of these.
    """
    word = text.strip().lower()
    if word == "none":
        return None
    found = re.fullmatch(r"content(?::(\d+(?:\.\d+)?)(%|px)?)?", word)
    if found is None:
        raise ImageError(f"{text!r} is nothing to crop to; use content, content:20 (pixels), content:5% or none")
    return Crop(float(found[1] or 0), found[2] == "%")


def parse_canvas(text: str) -> str | tuple[int, int] | None:
    """Read a canvas's size: `background`, `subject` (None), or width and height as in `1920x1080`.

    Raises:
        ImageError: it is none of these.
    """
    word = text.strip().lower()
    if word in ("background", "subject"):
        return word if word == "background" else None
    found = re.fullmatch(r"(\d+)\s*[x\u00d7]\s*(\d+)", word)
    if found is None or not (int(found[1]) and int(found[2])):
        raise ImageError(f"{text!r} is no canvas; use background, subject, or a size such as 1920x1080")
    return int(found[1]), int(found[2])


def parse_within(text: str) -> tuple[int, int]:
    """Read what a result must fit in: `1920x1080`, a width alone (`1920`), or a height alone (`x1080`).

    Returns:
        Width and height in pixels; 0 is any.

    Raises:
        ImageError: it is none of these.
    """
    found = re.fullmatch(r"(\d*)\s*(?:[x\u00d7]\s*(\d*))?", text.strip().lower())
    width, height = (int(found[1] or 0), int(found[2] or 0)) if found else (0, 0)
    if not width and not height:
        raise ImageError(f"{text!r} is no size; use 1920x1080, 1920 for a width, or x1080 for a height")
    return width, height


def parse_shadow(text: str) -> Shadow | None:
    """Return the shadow that a user's words stand for.

    Args:
        text: `none` (None), `soft`, or `soft:` and some of `angle=60,distance=20,blur=12,opacity=0.5`.

    Raises:
        ImageError: it is none of these.
    """
    kind, _, rest = text.strip().lower().partition(":")
    if kind == "none" and not rest:
        return None
    known = [field.name for field in fields(Shadow)]
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        name, _, value = part.partition("=")
        try:
            values[name.strip()] = float(value)
        except ValueError as error:
            raise ImageError(f"{text!r}: {part!r} holds no number; write it as in soft:blur=12,opacity=0.4") from error
    unknown = [name for name in values if name not in known]
    if kind != "soft" or unknown:
        raise ImageError(f"{text!r} is no shadow; use none, soft, or soft: with some of {', '.join(known)}")
    return replace(Shadow(), **values)

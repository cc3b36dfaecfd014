"""What a user chooses from: fits, places, refinements, colours, blurs and shadows; light, as the settings are."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Literal

from ..core import ImageError

__all__ = ["WHITE", "Blur", "Colour", "Fit", "Place", "Refine", "Shadow", "parse_shadow"]

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

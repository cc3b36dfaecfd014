"""Where and how large a subject stands on its canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..core import ImageError
from ..images import MAX_PIXELS
from .backdrop import Colour, Fit
from .shadow import Shadow

__all__ = ["ANCHORS", "Place", "Placement"]

Place = Literal["frame", "subject"]
"""What is placed: the whole cut-out with the empty space around its subject, or the subject alone."""

ANCHORS: dict[str, tuple[float, float]] = {
    "top-left": (0, 0),
    "top": (0.5, 0),
    "top-right": (1, 0),
    "left": (0, 0.5),
    "center": (0.5, 0.5),
    "right": (1, 0.5),
    "bottom-left": (0, 1),
    "bottom": (0.5, 1),
    "bottom-right": (1, 1),
}
"""The names of the places where a subject can stand, and its share of the free width and height that lies before it."""

_WHITE = Colour(255, 255, 255)


@dataclass(frozen=True)
class Placement:
    """Where and how large.

    Attributes:
        fit: how a background image takes the canvas's size; see `render_background`.
        anchor: where the subject stands, one of `ANCHORS`.
        scale: 1 is the largest size at which the whole subject fits into the canvas, which without `size` is its own.
        offset: pixels to the right and down from the anchor.
        size: (width, height) of the canvas in pixels; None takes the subject's, "background" the background image's.
        blank: what fills the canvas beside a background image that is fitted into it.
        place: what `anchor` and `scale` act on: the cut-out's frame, or the box of what is visible in it.
        shadow: what the subject throws on the background; None throws none.
        linear: mix half-transparent pixels as light mixes, instead of their gamma-encoded values. The curve is sRGB's
            whatever the profile, which is exact for sRGB and Display P3.
    """

    fit: Fit = "fill"
    anchor: str = "center"
    scale: float = 1.0
    offset: tuple[int, int] = (0, 0)
    size: tuple[int, int] | str | None = None
    blank: Colour = _WHITE
    place: Place = "frame"
    shadow: Shadow | None = None
    linear: bool = False

    def __post_init__(self) -> None:
        """Refuse what can't be drawn with an ImageError."""
        if self.fit not in ("fill", "fit", "stretch", "tile"):
            raise ImageError(f"the fit {self.fit!r} is unknown; use fill, fit, stretch or tile")
        if self.place not in get_args(Place):
            raise ImageError(f"{self.place!r} can't be placed; use {' or '.join(get_args(Place))}")
        if self.anchor not in ANCHORS:
            raise ImageError(f"the anchor {self.anchor!r} is unknown; use one of {', '.join(ANCHORS)}")
        if not (math.isfinite(self.scale) and 0 < self.scale <= 1000):
            raise ImageError(f"the scale {self.scale} can't be drawn; use a number above 0 and up to 1000")
        if isinstance(self.size, str):
            if self.size != "background":
                raise ImageError(f"the canvas's size {self.size!r} is unknown; give (width, height) or 'background'")
        elif self.size is not None and not (min(self.size) > 0 and math.prod(self.size) <= MAX_PIXELS):
            raise ImageError(f"a canvas of {self.size[0]}x{self.size[1]} can't be made; use up to {MAX_PIXELS} pixels")

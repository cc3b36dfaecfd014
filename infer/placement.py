"""Where and how large a subject stands on its canvas, and the soft shadow that it throws on what is behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import cv2
import numpy as np

from ..core import ImageError
from ..images import MAX_PIXELS, Pixels
from .choices import WHITE, Colour, Fit, Place, Shadow, parse_shadow
from .pipeline_settings import PipelineSettings

__all__ = ["ANCHORS", "Placement", "cast_shadow", "placement_of"]

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
    blank: Colour = WHITE
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


# Of the subject's longer side on the canvas.
_DEFAULT_DISTANCE, _DEFAULT_BLUR = 0.03, 0.02


def placement_of(settings: PipelineSettings) -> Placement:
    """Return where and how large the subject stands on its canvas.

    Raises:
        ImageError: it can't be drawn.
    """
    return Placement(
        settings.fit,
        settings.anchor,
        settings.subject_scale,
        settings.offset,
        settings.canvas,
        place=settings.place,
        shadow=parse_shadow(settings.shadow) if isinstance(settings.shadow, str) else settings.shadow,
        linear=settings.linear,
    )


def cast_shadow(alpha: Pixels, shadow: Shadow) -> tuple[Pixels, int, int]:
    """Blur a subject's alpha.

    Args:
        alpha: (h, w) uint8 or uint16, of the subject at its size on the canvas.
        shadow: how it looks.

    Returns:
        The shadow's alpha, of the same type and larger by the blur's reach on each side, and how far its left and top
        edges lie to the right of and below the subject's.
    """
    side = max(alpha.shape)
    blur = side * _DEFAULT_BLUR if shadow.blur is None else shadow.blur
    distance = side * _DEFAULT_DISTANCE if shadow.distance is None else shadow.distance
    reach = math.ceil(3 * blur)
    wide = cv2.copyMakeBorder(alpha, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    size = wide.shape[1::-1]
    # A blur leaves nothing finer than its radius, so it is made on an image that is smaller by a part of that.
    factor = max(1.0, blur / 4)
    if blur > 0:
        small = (max(1, round(size[0] / factor)), max(1, round(size[1] / factor)))
        reduced = cv2.resize(wide, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        soft = cv2.GaussianBlur(reduced, (0, 0), sigmaX=blur / factor, borderType=cv2.BORDER_REPLICATE)
        wide = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    shade = np.rint(wide * np.float32(shadow.opacity)).astype(alpha.dtype)
    turn = math.radians(shadow.angle)
    across, down = round(distance * math.cos(turn)), round(distance * math.sin(turn))
    return shade, across - reach, down - reach

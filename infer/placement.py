"""Where and how large a subject stands on its canvas, and the soft shadow that it throws on what is behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import get_args

import cv2
import numpy as np

from ..core import ImageError
from ..images import MAX_PIXELS, Pixels
from .settings import Colour, Fit, PipelineSettings, Place

__all__ = ["ANCHORS", "Place", "Placement", "Shadow", "cast_shadow", "parse_shadow", "placement_of"]

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


# Of the subject's longer side on the canvas.
_DEFAULT_DISTANCE, _DEFAULT_BLUR = 0.03, 0.02


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


def placement_of(settings: PipelineSettings) -> Placement:
    """Return where and how large the subject stands on its canvas.

    Raises:
        ImageError: it can't be drawn.
    """
    shadow = parse_shadow(settings.shadow) if isinstance(settings.shadow, str) else settings.shadow
    return Placement(
        settings.fit,
        settings.anchor,
        settings.subject_scale,
        settings.offset,
        place=settings.place,
        shadow=shadow,
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

"""Laying a cut-out on a new background."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import ImageError
from .backdrop import Backdrop, Background, Blur, Colour, Fit, load_background, render_background
from .images.blend import over, over_alpha, resize_straight
from .images.picture import Picture, Pixels
from .images.read import MAX_PIXELS

__all__ = ["ANCHORS", "Background", "Blur", "Colour", "Fit", "Placement", "load_background", "superimpose"]

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
        fit: how a background picture takes the canvas's size; see `render_background`.
        anchor: where the subject stands, one of `ANCHORS`.
        scale: 1 is the largest size at which the whole subject fits into the canvas, which without `size` is its own.
        offset: pixels to the right and down from the anchor.
        size: (width, height) of the canvas in pixels; None takes the subject's, "background" the background picture's.
        blank: what fills the canvas beside a background picture that is fitted into it.
    """

    fit: Fit = "fill"
    anchor: str = "center"
    scale: float = 1.0
    offset: tuple[int, int] = (0, 0)
    size: tuple[int, int] | str | None = None
    blank: Colour = _WHITE

    def __post_init__(self) -> None:
        """Refuse what can't be drawn with an ImageError."""
        if self.fit not in ("fill", "fit", "stretch", "tile"):
            raise ImageError(f"the fit {self.fit!r} is unknown; use fill, fit, stretch or tile")
        if self.anchor not in ANCHORS:
            raise ImageError(f"the anchor {self.anchor!r} is unknown; use one of {', '.join(ANCHORS)}")
        if not (math.isfinite(self.scale) and 0 < self.scale <= 1000):
            raise ImageError(f"the scale {self.scale} can't be drawn; use a number above 0 and up to 1000")
        if isinstance(self.size, str):
            if self.size != "background":
                raise ImageError(f"the canvas's size {self.size!r} is unknown; give (width, height) or 'background'")
        elif self.size is not None and not (min(self.size) > 0 and math.prod(self.size) <= MAX_PIXELS):
            raise ImageError(f"a canvas of {self.size[0]}x{self.size[1]} can't be made; use up to {MAX_PIXELS} pixels")


def superimpose(
    subject: Picture,
    background: Background,
    *,
    placement: Placement | None = None,
    original: Picture | None = None,
) -> Picture:
    """Lay a subject on a background, by its straight alpha.

    Args:
        subject: the cut-out; without alpha it covers what is under it.
        background: a picture, a colour in sRGB, or the blurred original. A picture in another colour space is converted
            to the subject's.
        placement: where and how large; by default the subject's own size and place.
        original: what a blurred background is made from; by default the subject's colours, alpha aside.

    Returns:
        A picture of the canvas's size with the subject's profile, in 16 bits if the subject or the background picture
        is. It has alpha only if the background is transparent somewhere. Each sample is within 1 of the float formula.

    Raises:
        ImageError: the placement asks for a background's size, and the background has none.
    """
    where = placement or Placement()
    depth = max(subject.depth, background.depth) if isinstance(background, Picture) else subject.depth
    subject = subject.with_depth(depth)
    size = _canvas_size(subject, background, where)
    backdrop = render_background(
        background,
        size,
        depth=depth,
        icc=subject.icc,
        original=original or replace(subject, alpha=None),
        fit=where.fit,
        blank=where.blank,
    )
    rgb, alpha, left, top = _placed(subject, size, where)
    if (left, top) == (0, 0) and rgb.shape[1::-1] == size:
        rgb, alpha = _composited(rgb, alpha, backdrop)
    else:
        rgb, alpha = _pasted(rgb, alpha, backdrop, size, (left, top))
    grey = subject.grey and backdrop.grey
    opaque = () if subject.alpha is not None else ("it has no alpha, so it hides the background under it",)
    return replace(subject, rgb=rgb, alpha=alpha, grey=grey, notes=(*subject.notes, *backdrop.notes, *opaque))


def _canvas_size(subject: Picture, background: Background, where: Placement) -> tuple[int, int]:
    """Return the canvas's (width, height)."""
    if where.size is None:
        return subject.size
    if not isinstance(where.size, str):
        return where.size
    if not isinstance(background, Picture):
        raise ImageError(
            "the canvas can't take the background's size, because the background is no picture; give a size"
        )
    return background.size


def _placed(subject: Picture, size: tuple[int, int], where: Placement) -> tuple[Pixels, Pixels | None, int, int]:
    """Return the subject at its size on the canvas, and where its left and top edges lie (they may lie outside)."""
    ratio = min(size[0] / subject.width, size[1] / subject.height) * where.scale
    width, height = max(1, round(subject.width * ratio)), max(1, round(subject.height * ratio))
    across, down = ANCHORS[where.anchor]
    left = round((size[0] - width) * across) + where.offset[0]
    top = round((size[1] - height) * down) + where.offset[1]
    columns, left, width = _visible(left, width, subject.width, size[0])
    rows, top, height = _visible(top, height, subject.height, size[1])
    rgb = np.ascontiguousarray(subject.rgb[rows, columns])
    alpha = None if subject.alpha is None else np.ascontiguousarray(subject.alpha[rows, columns])
    rgb, alpha = resize_straight(rgb, alpha, width, height)
    return rgb, alpha, left, top


def _visible(start: int, length: int, source: int, canvas: int) -> tuple[slice, int, int]:
    """Cut what lies far outside the canvas off one axis, before it is enlarged.

    Returns:
        The part of the source to take, where it starts on the canvas, and its length there.
    """
    ratio = length / source
    if length <= 2 * canvas and start < canvas and start + length > 0:
        return slice(0, source), start, length
    # Two pixels more on each side, for the filter.
    first = min(max(0, math.floor(-start / ratio) - 2), source - 1)
    last = max(first + 1, min(source, math.ceil((canvas - start) / ratio) + 2))
    part = max(1, round((last - first) * ratio))
    return slice(first, last), start + round(first * ratio), part


def _composited(rgb: Pixels, alpha: Pixels | None, backdrop: Backdrop) -> tuple[Pixels, Pixels | None]:
    """Composite a subject on a canvas of its size."""
    if alpha is None:
        return rgb, None
    if backdrop.alpha is None:
        return over(rgb, alpha, backdrop.rgb), None
    if backdrop.alpha.shape == (1, 1) and backdrop.alpha[0, 0] == 0:
        return rgb, alpha
    return over_alpha(rgb, alpha, backdrop.rgb, backdrop.alpha)


def _pasted(
    rgb: Pixels, alpha: Pixels | None, backdrop: Backdrop, size: tuple[int, int], corner: tuple[int, int]
) -> tuple[Pixels, Pixels | None]:
    """Composite a subject whose upper left corner is at (x, y) on a part of the canvas."""
    shape, (left, top) = (size[1], size[0]), corner
    canvas = np.array(np.broadcast_to(backdrop.rgb, (*shape, 3)))
    canvas_alpha = None if backdrop.alpha is None else np.array(np.broadcast_to(backdrop.alpha, shape))
    rows = slice(max(top, 0), min(top + rgb.shape[0], shape[0]))
    columns = slice(max(left, 0), min(left + rgb.shape[1], shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return canvas, canvas_alpha
    inside = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    under = Backdrop(
        canvas[rows, columns], None if canvas_alpha is None else canvas_alpha[rows, columns], backdrop.grey
    )
    mixed, mixed_alpha = _composited(rgb[inside], None if alpha is None else alpha[inside], under)
    canvas[rows, columns] = mixed
    if canvas_alpha is not None:
        canvas_alpha[rows, columns] = np.iinfo(rgb.dtype).max if mixed_alpha is None else mixed_alpha
    return canvas, canvas_alpha

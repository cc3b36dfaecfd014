"""Laying a cut-out on a new background."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from ..core import ImageError
from ..images import Image, Pixels, over, over_alpha, resize_straight
from .backdrop import Backdrop, Background, render_background
from .light import mix_light
from .placement import ANCHORS, Placement
from .shadow import cast_shadow

__all__ = ["superimpose"]

# Of full: what is fainter is not seen as a part of the subject.
_VISIBLE = 0.05


def superimpose(
    subject: Image,
    background: Background,
    *,
    placement: Placement | None = None,
    original: Image | None = None,
) -> Image:
    """Lay a subject on a background, by its straight alpha.

    Args:
        subject: the cut-out; without alpha it covers what is under it.
        background: an image, a colour in sRGB, or the blurred original. An image in another colour space is converted
            to the subject's.
        placement: where and how large; by default the subject's own size and place.
        original: what a blurred background is made from; by default the subject's colours, alpha aside.

    Returns:
        An image of the canvas's size with the subject's profile, in 16 bits if the subject or the background image
        is. It has alpha only if the background is transparent somewhere. Each sample is within 1 of the float formula.

    Raises:
        ImageError: the placement asks for a background's size, and the background has none.
    """
    where = placement or Placement()
    depth = max(subject.depth, background.depth) if isinstance(background, Image) else subject.depth
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
    rgb, alpha, left, top = _placed(_boxed(subject) if where.place == "subject" else subject, size, where)
    solid = np.broadcast_to(np.array(subject.full, rgb.dtype), rgb.shape[:2]) if alpha is None else alpha
    backdrop = _shaded(backdrop, solid, where, size, (left, top))
    if (left, top) == (0, 0) and rgb.shape[1::-1] == size:
        rgb, alpha = _composited(rgb, alpha, backdrop, linear=where.linear)
    else:
        rgb, alpha = _pasted(rgb, alpha, backdrop, size, (left, top), linear=where.linear)
    grey = subject.grey and backdrop.grey
    opaque = () if subject.alpha is not None else ("it has no alpha, so it hides the background under it",)
    return replace(subject, rgb=rgb, alpha=alpha, grey=grey, notes=(*subject.notes, *backdrop.notes, *opaque))


def _canvas_size(subject: Image, background: Background, where: Placement) -> tuple[int, int]:
    """Return the canvas's (width, height)."""
    if where.size is None:
        return subject.size
    if not isinstance(where.size, str):
        return where.size
    if not isinstance(background, Image):
        raise ImageError("the canvas can't take the background's size, because the background is no image; give a size")
    return background.size


def _placed(subject: Image, size: tuple[int, int], where: Placement) -> tuple[Pixels, Pixels | None, int, int]:
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


def _boxed(subject: Image) -> Image:
    """Cut off what is empty around a subject; one that is wholly empty stays."""
    if subject.alpha is None:
        return subject
    visible = (subject.alpha > _VISIBLE * subject.full).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(visible)
    if not width:
        return subject
    there = (slice(top, top + height), slice(left, left + width))
    return replace(
        subject, rgb=np.ascontiguousarray(subject.rgb[there]), alpha=np.ascontiguousarray(subject.alpha[there])
    )


def _shaded(
    backdrop: Backdrop, alpha: Pixels, where: Placement, size: tuple[int, int], corner: tuple[int, int]
) -> Backdrop:
    """Return the canvas with the shadow of a subject whose upper left corner is at (x, y)."""
    if where.shadow is None:
        return backdrop
    shade, across, down = cast_shadow(alpha, where.shadow)
    black = np.broadcast_to(np.zeros(1, alpha.dtype), (*shade.shape, 3))
    rgb, under = _pasted(black, shade, backdrop, size, (corner[0] + across, corner[1] + down), linear=where.linear)
    return backdrop._replace(rgb=rgb, alpha=under)


def _composited(rgb: Pixels, alpha: Pixels | None, backdrop: Backdrop, *, linear: bool) -> tuple[Pixels, Pixels | None]:
    """Composite a subject on a canvas of its size."""
    if alpha is None:
        return rgb, None
    if backdrop.alpha is not None and backdrop.alpha.shape == (1, 1) and backdrop.alpha[0, 0] == 0:
        return rgb, alpha
    if backdrop.alpha is None:
        mixed, mixed_alpha = over(rgb, alpha, backdrop.rgb), None
    else:
        mixed, mixed_alpha = over_alpha(rgb, alpha, backdrop.rgb, backdrop.alpha)
    if linear:
        mix_light(mixed, rgb, alpha, backdrop.rgb, backdrop.alpha)
    return mixed, mixed_alpha


def _pasted(
    rgb: Pixels,
    alpha: Pixels | None,
    backdrop: Backdrop,
    size: tuple[int, int],
    corner: tuple[int, int],
    *,
    linear: bool,
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
    mixed, mixed_alpha = _composited(rgb[inside], None if alpha is None else alpha[inside], under, linear=linear)
    canvas[rows, columns] = mixed
    if canvas_alpha is not None:
        canvas_alpha[rows, columns] = np.iinfo(rgb.dtype).max if mixed_alpha is None else mixed_alpha
    return canvas, canvas_alpha

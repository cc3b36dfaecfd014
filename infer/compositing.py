"""Laying a cut-out on a new background; half-transparent pixels may mix as light does, in linear values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..core import ImageError
from ..images import Image, Pixels, over, over_alpha, resize_straight
from .background import Background, Canvas, behind_cutout, render_background
from .choices import Blur
from .framing import boxed
from .placement import ANCHORS, Placement, cast_shadow

__all__ = ["from_light", "mix_light", "superimpose", "to_light"]


def superimpose(
    subject: Image, background: Background, *, placement: Placement | None = None, original: Image | None = None
) -> Image:
    """Lay a subject on a background, by its straight alpha.

    Args:
        subject: the cut-out; without alpha it covers what is under it.
        background: an image, a colour in sRGB, or the blurred original. An image in another colour space is converted
            to the subject's.
        placement: where and how large; by default the subject's own size and place.
        original: what a blurred background is made from, with an alpha that says where it is seen (`behind`); by
            default what the subject has of it under an alpha of 0.

    Returns:
        An image of the canvas's size with the subject's profile, in 16 bits if the subject or the background image
        is. It has alpha only if the background is transparent somewhere. Each sample is within 1 of the float formula.

    Raises:
        ImageError: the placement asks for a background's size, and the background has none; or nothing is there to
            be blurred.
    """
    where = placement or Placement()
    if isinstance(background, Blur) and original is None:
        original = behind_cutout(subject)
    depth = max(subject.depth, background.depth) if isinstance(background, Image) else subject.depth
    subject = subject.with_depth(depth)
    size = _canvas_size(subject, background, where)
    canvas = render_background(
        background,
        size,
        depth=depth,
        icc=subject.icc,
        original=original or subject,
        fit=where.fit,
        blank=where.blank,
    )
    rgb, alpha, left, top = _placed(boxed(subject) if where.place == "subject" else subject, size, where)
    solid = np.broadcast_to(np.array(subject.full, rgb.dtype), rgb.shape[:2]) if alpha is None else alpha
    canvas = _shaded(canvas, solid, where, size, (left, top))
    if (left, top) == (0, 0) and rgb.shape[1::-1] == size:
        rgb, alpha = _composited(rgb, alpha, canvas, linear=where.linear)
    else:
        rgb, alpha = _pasted(rgb, alpha, canvas, size, (left, top), linear=where.linear)
    grey = subject.grey and canvas.grey
    opaque = () if subject.alpha is not None else ("it has no alpha, so it hides the background under it",)
    return replace(subject, rgb=rgb, alpha=alpha, grey=grey, notes=(*subject.notes, *canvas.notes, *opaque))


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


def _shaded(canvas: Canvas, alpha: Pixels, where: Placement, size: tuple[int, int], corner: tuple[int, int]) -> Canvas:
    """Return the canvas with the shadow of a subject whose upper left corner is at (x, y)."""
    if where.shadow is None:
        return canvas
    shade, across, down = cast_shadow(alpha, where.shadow)
    black = np.broadcast_to(np.zeros(1, alpha.dtype), (*shade.shape, 3))
    rgb, under = _pasted(black, shade, canvas, size, (corner[0] + across, corner[1] + down), linear=where.linear)
    return canvas._replace(rgb=rgb, alpha=under)


def _composited(rgb: Pixels, alpha: Pixels | None, canvas: Canvas, *, linear: bool) -> tuple[Pixels, Pixels | None]:
    """Composite a subject on a canvas of its size."""
    if alpha is None:
        return rgb, None
    if canvas.alpha is not None and canvas.alpha.shape == (1, 1) and canvas.alpha[0, 0] == 0:
        return rgb, alpha
    if canvas.alpha is None:
        mixed, mixed_alpha = over(rgb, alpha, canvas.rgb), None
    else:
        mixed, mixed_alpha = over_alpha(rgb, alpha, canvas.rgb, canvas.alpha)
    if linear:
        mix_light(mixed, rgb, alpha, canvas.rgb, canvas.alpha)
    return mixed, mixed_alpha


def _pasted(
    rgb: Pixels, alpha: Pixels | None, canvas: Canvas, size: tuple[int, int], corner: tuple[int, int], *, linear: bool
) -> tuple[Pixels, Pixels | None]:
    """Composite a subject whose upper left corner is at (x, y) on a part of the canvas."""
    shape, (left, top) = (size[1], size[0]), corner
    whole = np.array(np.broadcast_to(canvas.rgb, (*shape, 3)))
    whole_alpha = None if canvas.alpha is None else np.array(np.broadcast_to(canvas.alpha, shape))
    rows = slice(max(top, 0), min(top + rgb.shape[0], shape[0]))
    columns = slice(max(left, 0), min(left + rgb.shape[1], shape[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return whole, whole_alpha
    inside = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    under = Canvas(whole[rows, columns], None if whole_alpha is None else whole_alpha[rows, columns], canvas.grey)
    mixed, mixed_alpha = _composited(rgb[inside], None if alpha is None else alpha[inside], under, linear=linear)
    whole[rows, columns] = mixed
    if whole_alpha is not None:
        whole_alpha[rows, columns] = np.iinfo(rgb.dtype).max if mixed_alpha is None else mixed_alpha
    return whole, whole_alpha


_Light = NDArray[np.float64]

# So many pixels at a time are in floating point.
_CHUNK = 1 << 18


def to_light(values: Pixels) -> _Light:
    """Return sRGB samples (uint8 or uint16) as linear light, 0-1 (IEC 61966-2-1)."""
    encoded = values / np.float64(np.iinfo(values.dtype).max)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def from_light(light: _Light, dtype: np.dtype[np.uint8 | np.uint16]) -> Pixels:
    """Return linear light, 0-1, as sRGB samples, rounded to the nearest; `to_light` undone exactly."""
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(encoded, 0, 1) * np.iinfo(dtype).max).astype(dtype)


def mix_light(out: Pixels, rgb: Pixels, alpha: Pixels, canvas: Pixels, canvas_alpha: Pixels | None) -> None:
    """Composite again, in linear light, the pixels of `out` where both the subject and what is under it show.

    Args:
        out: (H, W, 3), the composite in encoded values, written to; all other pixels are the same in both.
        rgb: (H, W, 3) of the same type, straight.
        alpha: (H, W) of the same type.
        canvas: (H, W, 3) or (1, 1, 3) of the same type, straight.
        canvas_alpha: (H, W) or (1, 1) of the same type; None is opaque.
    """
    full = float(np.iinfo(out.dtype).max)
    under = np.broadcast_to(canvas, out.shape)
    under_alpha = None if canvas_alpha is None else np.broadcast_to(canvas_alpha, alpha.shape)
    mixed = (alpha > 0) & (alpha < full)
    rows, columns = np.nonzero(mixed if under_alpha is None else mixed & (under_alpha > 0))
    for start in range(0, len(rows), _CHUNK):
        there = rows[start : start + _CHUNK], columns[start : start + _CHUNK]
        front = (alpha[there] / full)[:, None]
        back = (1 - front) * (1.0 if under_alpha is None else (under_alpha[there] / full)[:, None])
        light = (front * to_light(rgb[there]) + back * to_light(under[there])) / (front + back)
        out[there] = from_light(light, out.dtype)

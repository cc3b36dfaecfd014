"""What a subject is laid on: a colour, an image, or the blurred original."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple, cast, get_args

import cv2
import numpy as np
from PIL import ImageColor

from ..core import ImageError
from ..images import Image, Pixels, convert_rgb, over_colour, read_image, resize_straight, same_space
from .settings import Blur, Colour, Fit

__all__ = ["Background", "Canvas", "described_background", "load_background", "render_background"]

# Of the longer side: the original's shapes are gone, its light stays.
_DEFAULT_BLUR = 1 / 50


Background = Image | Colour | Blur


class Canvas(NamedTuple):
    """A canvas: rgb (H, W, 3) or, of one colour, (1, 1, 3); alpha (H, W) or (1, 1), None if opaque; if it is grey."""

    rgb: Pixels
    alpha: Pixels | None
    grey: bool
    notes: tuple[str, ...] = ()


def load_background(given: str | Path | Background | None) -> Background | None:
    """Return what a user asks for.

    Args:
        given: the path of an image; a text: `none` (no background: None); `blur` or `blur:RADIUS`; a colour (`#rgb`,
            `#rrggbb`, `#rrggbbaa`, `rgb(1,2,3)`, an HTML name, `transparent`); or else the path of an image. A file
            that is called like a colour is meant by `./white`. What is a background already comes back.

    Raises:
        ImageError: it is none of these, or the image can't be read.
    """
    if isinstance(given, Path):
        return read_image(given)
    if not isinstance(given, str):
        return given
    word = given.strip()
    named = {"none": None, "transparent": Colour(255, 255, 255, 0), "blur": Blur()}
    lower = word.lower()
    if lower in named:
        return named[lower]
    if lower.startswith("blur:"):
        try:
            return Blur(float(lower[5:]))
        except ValueError as error:
            raise ImageError(f"{given!r}: the blur's radius is not a number; write it as in blur:25") from error
    try:
        channels = cast("tuple[int, int, int, int]", ImageColor.getcolor(word, "RGBA"))
    except ValueError as error:
        if _exists(word):
            return read_image(word)
        raise ImageError(
            f"{given!r}: there is no such image, and it is no colour; give a file, a colour such as white or "
            "'#336699', blur, blur:RADIUS or none"
        ) from error
    return Colour(*channels)


def described_background(background: Background) -> str:
    """Return a background as a record keeps it: a colour's or a blur's numbers, or the SHA-256 of an image's pixels."""
    if not isinstance(background, Image):
        return str(background)
    digest = hashlib.sha256(repr(background.rgb.shape).encode())
    for part in (background.rgb, background.alpha):
        if part is not None:
            digest.update(part.tobytes())
    digest.update(background.icc or b"")
    return f"image {digest.hexdigest()}"


def _exists(path: str) -> bool:
    """Say whether there is such a file or folder; words that can't be a path are none."""
    try:
        return Path(path).exists()
    except OSError:
        return False


def render_background(
    background: Background,
    size: tuple[int, int],
    *,
    depth: int,
    icc: bytes | None,
    original: Image,
    fit: Fit = "fill",
    blank: Colour = Colour(255, 255, 255),
) -> Canvas:
    """Make the canvas that a subject is laid on.

    Args:
        background: what is asked for. An image is converted to the colour space of `icc`, and so is a colour.
        size: (width, height) of the canvas in pixels.
        depth: 8 or 16 bits a sample.
        icc: the RGB profile of the result; None is sRGB.
        original: what is blurred where `background` is a `Blur`.
        fit: how an image takes the canvas's size: `fill` covers it and cuts off what is over; `fit` shows all of it
            and fills what is left with `blank`; `stretch` distorts it; `tile` repeats it from the top left.
        blank: see `fit`.

    Raises:
        ImageError: an unknown `fit`.
    """
    if isinstance(background, Colour):
        return _plain(background, depth, icc)
    if isinstance(background, Blur):
        return _blurred(original, background, size, depth, icc)
    if fit not in get_args(Fit):
        raise ImageError(f"the fit {fit!r} is unknown; use one of {', '.join(get_args(Fit))}")
    rgb, notes = background.with_depth(depth).rgb, ()
    alpha = background.with_depth(depth).alpha
    if not same_space(background.icc, icc) and background.depth == 16:
        notes = ("the background's 16-bit samples were converted to the image's colour space in 8 bits",)
    # The fewer pixels, the faster the conversion: before what enlarges, after what shrinks.
    if rgb.shape[0] * rgb.shape[1] <= size[0] * size[1]:
        rgb = convert_rgb(rgb, background.icc, icc)
        rgb, alpha = _fitted(rgb, alpha, size, fit, _plain(blank, depth, icc))
    else:
        rgb, alpha = _fitted(rgb, alpha, size, fit, _plain(blank, depth, background.icc))
        rgb = convert_rgb(rgb, background.icc, icc)
    return Canvas(rgb, alpha, False, notes)


def _plain(colour: Colour, depth: int, icc: bytes | None) -> Canvas:
    """Return a canvas of one pixel."""
    kind, factor = (np.uint8, 1) if depth == 8 else (np.uint16, 257)
    rgb = np.array([[[colour.red, colour.green, colour.blue]]], dtype=np.uint8)
    moved = convert_rgb(rgb, None, icc).astype(kind) * kind(factor)
    alpha = None if colour.alpha == 255 else np.full((1, 1), colour.alpha * factor, kind)
    return Canvas(moved, alpha, len(set(moved.ravel().tolist())) == 1)


def _blurred(original: Image, blur: Blur, size: tuple[int, int], depth: int, icc: bytes | None) -> Canvas:
    """Return the original, filling the canvas and blurred."""
    radius = max(size) * _DEFAULT_BLUR if blur.radius is None else blur.radius
    opaque = over_colour(original, (255, 255, 255)).with_depth(depth)
    # A blur leaves nothing finer than its radius, so it is made on an image that is smaller by a part of that.
    factor = max(1.0, radius / 4)
    small = (max(1, round(size[0] / factor)), max(1, round(size[1] / factor)))
    reduced, _ = _filled(opaque.rgb, None, small)
    soft = cv2.GaussianBlur(reduced, (0, 0), sigmaX=radius / factor, borderType=cv2.BORDER_REPLICATE)
    rgb = convert_rgb(np.asarray(soft, dtype=reduced.dtype), original.icc, icc)
    enlarged = cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)
    return Canvas(np.asarray(enlarged, dtype=reduced.dtype), None, original.grey)


def _fitted(
    rgb: Pixels, alpha: Pixels | None, size: tuple[int, int], fit: Fit, blank: Canvas
) -> tuple[Pixels, Pixels | None]:
    """Bring a background to the canvas's size."""
    width, height = size
    if fit == "stretch":
        return resize_straight(rgb, alpha, width, height)
    if fit == "fill":
        return _filled(rgb, alpha, size)
    if fit == "tile":
        rows, columns = np.arange(height) % rgb.shape[0], np.arange(width) % rgb.shape[1]
        return rgb[rows][:, columns], None if alpha is None else alpha[rows][:, columns]
    ratio = min(width / rgb.shape[1], height / rgb.shape[0])
    inner_width = min(width, max(1, round(rgb.shape[1] * ratio)))
    inner_height = min(height, max(1, round(rgb.shape[0] * ratio)))
    inner, inner_alpha = resize_straight(rgb, alpha, inner_width, inner_height)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    there = (slice(top, top + inner_height), slice(left, left + inner_width))
    canvas = np.empty((height, width, 3), rgb.dtype)
    canvas[:] = blank.rgb
    canvas[there] = inner
    if inner_alpha is None and blank.alpha is None:
        return canvas, None
    full = np.iinfo(rgb.dtype).max
    canvas_alpha = np.full((height, width), full if blank.alpha is None else blank.alpha[0, 0], rgb.dtype)
    canvas_alpha[there] = full if inner_alpha is None else inner_alpha
    return canvas, canvas_alpha


def _filled(rgb: Pixels, alpha: Pixels | None, size: tuple[int, int]) -> tuple[Pixels, Pixels | None]:
    """Cut the largest centred part of the canvas's proportions out, and resample that."""
    width, height = size
    ratio = max(width / rgb.shape[1], height / rgb.shape[0])
    part_width = min(rgb.shape[1], max(1, round(width / ratio)))
    part_height = min(rgb.shape[0], max(1, round(height / ratio)))
    left, top = (rgb.shape[1] - part_width) // 2, (rgb.shape[0] - part_height) // 2
    there = (slice(top, top + part_height), slice(left, left + part_width))
    part = np.ascontiguousarray(rgb[there])
    return resize_straight(part, None if alpha is None else np.ascontiguousarray(alpha[there]), width, height)

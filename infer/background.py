"""What a subject is laid on: a colour, an image, or the blurred original."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import NamedTuple, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from ..core import ImageError
from ..images import Image, Pixels, convert_rgb, read_image, resize_straight, same_space
from .choices import WHITE, Blur, Colour, Fit

__all__ = ["Background", "Canvas", "behind", "behind_cutout", "load_background", "render_background"]

# Of the longer side: the original's shapes are gone, its light stays.
_DEFAULT_BLUR = 1 / 50

# Of the longer side, around a mask: how far the subject may reach out of it.
_MARGIN = 1 / 200

# A colour's red, green and blue, as other tools take them.
_NUMBERS = re.compile(r"^\d{1,3}(\s*,\s*\d{1,3}){2}$")


Background = Image | Colour | Blur


class Canvas(NamedTuple):
    """What a subject is laid on.

    Attributes:
        rgb: (H, W, 3), or (1, 1, 3) of one colour.
        alpha: (H, W) or (1, 1); None is opaque.
        grey: it has no colours.
        notes: what its owner should know.
    """

    rgb: Pixels
    alpha: Pixels | None
    grey: bool
    notes: tuple[str, ...] = ()


def load_background(given: str | Path | Background | None) -> Background | None:
    """Return what a user asks for.

    Args:
        given: the path of an image; a text: `none` (no background: None); `blur` or `blur:RADIUS`; a colour (`#rgb`,
            `#rrggbb`, `#rrggbbaa`, `rgb(1,2,3)`, `1,2,3`, an HTML name, `transparent`); or else the path of an image.
            A file that is called like a colour is meant by `./white`. What is a background already comes back.

    Raises:
        ImageError: it is none of these, or the image can't be read.
    """
    if not isinstance(given, str):
        return read_image(given) if isinstance(given, Path) else given
    word = given.strip()
    named = {"none": None, "transparent": Colour(255, 255, 255, 0), "blur": Blur()}
    lower = word.lower()
    if lower in named:
        return named[lower]
    word = re.sub(_NUMBERS, r"rgb(\g<0>)", word)
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
    blank: Colour = WHITE,
) -> Canvas:
    """Make the canvas that a subject is laid on.

    Args:
        background: what is asked for. An image is converted to the colour space of `icc`, and so is a colour.
        size: (width, height) of the canvas in pixels.
        depth: 8 or 16 bits a sample.
        icc: the RGB profile of the result; None is sRGB.
        original: what is blurred where `background` is a `Blur`; of what is transparent in it nothing is seen.
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


def behind(photo: Image, subject: Pixels) -> Image:
    """Return a photo with an alpha that says where nothing of its subject is seen.

    Args:
        photo: with the subject in it; what is transparent in it is not behind anything.
        subject: (H, W), the subject's alpha, of the photo's depth.
    """
    # A mask's edge is a few pixels wide of the mark: what may still be the subject counts for nothing.
    side = 2 * math.ceil(max(photo.size) * _MARGIN) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    rest = np.asarray(cv2.dilate(subject, disc), dtype=subject.dtype)
    np.subtract(subject.dtype.type(photo.full), rest, out=rest)
    return photo.with_changes(alpha=rest if photo.alpha is None else np.minimum(rest, photo.alpha))


def behind_cutout(cutout: Image) -> Image:
    """Return what is left in the hidden colours of a cut-out of what was behind its subject; see `behind`.

    Raises:
        ImageError: nothing is left.
    """
    if cutout.alpha is None:
        return cutout
    hidden = cutout.rgb[cutout.alpha == 0]
    if not len(hidden) or (hidden == hidden[0]).all():
        name = cutout.source or "the image"
        raise ImageError(
            f"{name}: there is nothing behind the subject that could be blurred; give the photo itself to mattekit "
            "run, or another background"
        )
    return behind(cutout.with_changes(alpha=None), cutout.alpha)


def _plain(colour: Colour, depth: int, icc: bytes | None) -> Canvas:
    """Return a canvas of one pixel."""
    kind, factor = (np.uint8, 1) if depth == 8 else (np.uint16, 257)
    rgb = np.array([[[colour.red, colour.green, colour.blue]]], dtype=np.uint8)
    moved = convert_rgb(rgb, None, icc).astype(kind) * kind(factor)
    alpha = None if colour.alpha == 255 else np.full((1, 1), colour.alpha * factor, kind)
    return Canvas(moved, alpha, len(set(moved.ravel().tolist())) == 1)


def _blurred(original: Image, blur: Blur, size: tuple[int, int], depth: int, icc: bytes | None) -> Canvas:
    """Return the original, filling the canvas and blurred; what is transparent in it is filled from around it first."""
    radius = max(size) * _DEFAULT_BLUR if blur.radius is None else blur.radius
    # A blur leaves nothing finer than its radius, so it is made on an image that is smaller by a part of that.
    factor = max(1.0, radius / 4)
    small = (max(1, round(size[0] / factor)), max(1, round(size[1] / factor)))
    deep = original.with_depth(depth)
    reduced, weight = _filled(deep.rgb, deep.alpha, small)
    if weight is not None and weight.any():
        filled = _spread(reduced.astype(np.float32), weight.astype(np.float32) / np.float32(deep.full))
        reduced = np.rint(np.clip(filled, 0, deep.full)).astype(deep.rgb.dtype)
    elif weight is not None:
        # Nothing but the subject: it lies on what is seen of itself.
        reduced, _ = _filled(deep.rgb, None, small)
    soft = cv2.GaussianBlur(reduced, (0, 0), sigmaX=radius / factor, borderType=cv2.BORDER_REPLICATE)
    rgb = convert_rgb(np.asarray(soft, dtype=reduced.dtype), original.icc, icc)
    enlarged = cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)
    return Canvas(np.asarray(enlarged, dtype=reduced.dtype), None, original.grey)


def _spread(colours: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill what weighs nothing with what lies around it, from the nearest scale that has something.

    Args:
        colours: (h, w, 3).
        weight: (h, w), 0-1.

    Returns:
        (h, w, 3): `colours` where the weight is 1.
    """
    height, width = weight.shape
    if weight.min() == 1 or height == width == 1:
        return colours
    half = ((width + 1) // 2, (height + 1) // 2)
    # Of what counts alone: the mean of the colours by their weights.
    below = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(colours * weight[..., None], half, interpolation=cv2.INTER_AREA)
    means = np.asarray(sums, np.float32).reshape(half[1], half[0], 3) / np.maximum(below, 1e-6).reshape(*half[::-1], 1)
    # A part that has something counts whole: what is near says more than what is far.
    counts = np.minimum(below * 4, 1).reshape(half[::-1])
    coarse = cv2.resize(_spread(means.astype(np.float32), counts), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(coarse + (colours - coarse) * weight[..., None], dtype=np.float32)


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

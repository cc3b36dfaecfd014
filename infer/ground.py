"""What a network is shown of an image that is transparent in places: never what lies hidden under an alpha of 0."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Image, Pixels, over

__all__ = ["on_ground"]

# Greys, which tint nothing; and colours for subjects that have every grey in them.
_GREYS = (128, 200, 64, 255, 0)
_COLOURS = ((40, 200, 70), (230, 40, 40), (40, 80, 230))

# Of the distance from black to white (442): a ground so far from nearly all of the subject is seen apart from it.
_APART = 80.0

# Share of what is visible that may be as near to the ground as it likes, such as the pixels of a soft edge.
_IGNORED = 0.02

# Share of a photo that may be transparent to be filled from around, as the rounded corners of a screenshot are; and how
# far a photo's visible colours vary, as their standard deviation of 255: a logo that fills its file varies less.
_FEW, _VARIED = 0.1, 20.0

# Pixels of the side at which colours are looked at; more would say the same.
_SIDE = 128


def on_ground(image: Image) -> Pixels:
    """Return the colours of an image for a network: (H, W, 3), its own where it is opaque.

    What is transparent is laid on one colour, the one of a few that is furthest from the visible colours that are
    nearest to it: a black logo stands on grey as a white one does, and a grey one on black or white. Of a photo with
    few transparent pixels these get the colours around them, so that its mask is nearly that of the whole photo.
    """
    if image.alpha is None or int(image.alpha.min()) == image.full:
        return image.rgb
    filled = _from_around(image, image.alpha)
    if filled is not None:
        return over(image.rgb, image.alpha, filled)
    ground = np.array(_ground_of(image, image.alpha), np.uint8).astype(image.rgb.dtype) * image.rgb.dtype.type(
        image.full // 255
    )
    return over(image.rgb, image.alpha, ground.reshape(1, 1, 3))


def _from_around(image: Image, alpha: Pixels) -> Pixels | None:
    """Return the visible colours spread over the rest, (H, W, 3); None where the image is no photo with few gaps."""
    share = 1 - cv2.mean(alpha)[0] / image.full
    if share > _FEW:
        return None
    size = (min(_SIDE, image.width), min(_SIDE, image.height))
    weight = (cv2.resize(alpha, size, interpolation=cv2.INTER_NEAREST) > image.full // 2).astype(np.float32)
    colours = cv2.resize(image.rgb, size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    visible = colours[weight > 0]
    if not len(visible) or float(visible.std(axis=0).max()) * 255 / image.full < _VARIED:
        return None
    colours *= weight[..., None]
    spread = visible.mean(axis=0) * np.ones((*weight.shape, 3), np.float32)
    # The nearest colours count that there are any of within reach.
    for sigma in (24.0, 8.0, 2.0):
        amount = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
        near = cv2.GaussianBlur(colours, (0, 0), sigma) / np.maximum(amount, 1e-6)
        spread = np.where(amount > 0.02, near, spread)
    small = np.rint(np.clip(spread, 0, image.full)).astype(image.rgb.dtype)
    return cast("Pixels", cv2.resize(small, image.size, interpolation=cv2.INTER_LINEAR))


def _ground_of(image: Image, alpha: Pixels) -> tuple[int, int, int]:
    ratio = min(1.0, _SIDE / max(image.size))
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    # The pixels themselves, not their mean: hidden colours are mixed into none of them.
    rgb = cv2.resize(image.rgb, size, interpolation=cv2.INTER_NEAREST)
    shown = cv2.resize(alpha, size, interpolation=cv2.INTER_NEAREST)
    visible = rgb[shown > image.full // 2].astype(np.float32) / np.float32(image.full // 255)
    if not len(visible):
        return _GREYS[0], _GREYS[0], _GREYS[0]
    greys = [(grey, grey, grey) for grey in _GREYS]
    apart = {colour: _distance(visible, colour) for colour in (*greys, *_COLOURS)}
    best = max(greys, key=lambda colour: apart[colour])
    return best if apart[best] >= _APART else max(apart, key=lambda colour: apart[colour])


def _distance(colours: NDArray[np.float32], ground: tuple[int, int, int]) -> float:
    """Return how far from the ground the nearest of the colours (n, 3) is, the very nearest aside."""
    distances = np.sqrt(np.square(colours - np.array(ground, np.float32)).sum(axis=1))
    return float(np.quantile(distances, _IGNORED))

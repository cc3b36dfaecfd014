"""What a network is shown of an image that is transparent in places: never what lies hidden under an alpha of 0."""

from __future__ import annotations

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

# Pixels of the side at which colours are looked at; more would say the same.
_SIDE = 128


def on_ground(image: Image) -> Pixels:
    """Return the colours of an image for a network: (H, W, 3), its own where it is opaque.

    What is transparent is laid on one colour, the one of a few that is furthest from the visible colours that are
    nearest to it: a black logo stands on grey as a white one does, and a grey one on black or white.
    """
    if image.alpha is None or int(image.alpha.min()) == image.full:
        return image.rgb
    ground = np.array(_ground_of(image, image.alpha), np.uint8).astype(image.rgb.dtype) * image.rgb.dtype.type(
        image.full // 255
    )
    return over(image.rgb, image.alpha, ground.reshape(1, 1, 3))


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

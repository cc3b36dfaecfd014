"""Answers that a record keeps: a few, small, so that a later model's can be set beside them without the first one."""

from __future__ import annotations

import base64
import binascii
import io

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import KeptAnswer

__all__ = ["KEPT", "answer_difference", "kept_answer", "kept_places"]

KEPT = 12
"""Answers that a record keeps at most: a dozen decide whether a model answers as another one does."""

_SIDE = 64


def kept_places(count: int) -> frozenset[int]:
    """Return which of so many samples have their answers kept: `KEPT` of them, spread evenly."""
    return frozenset(np.linspace(0, count - 1, min(count, KEPT)).round().astype(int).tolist())


def kept_answer(answer: NDArray[np.float32] | NDArray[np.uint8], numbers: NDArray[np.uint8] | None) -> KeptAnswer:
    """Make an answer small.

    Args:
        answer: alpha, (H, W) float32 in 0-1, or an image, (H, W, 3) uint8 RGB.
        numbers: class numbers, (H, W) uint8, which are kept in place of the alpha that they make; None without classes.
    """
    if numbers is not None:
        return KeptAnswer(kind="classes", png=_encoded(_small(numbers, cv2.INTER_NEAREST)))
    if answer.ndim == 2:
        # What is not a number is kept as nothing: the metrics tell it.
        levels = np.rint(np.clip(np.nan_to_num(answer), 0, 1) * 255).astype(np.uint8)
        return KeptAnswer(kind="alpha", png=_encoded(_small(levels, cv2.INTER_AREA)))
    return KeptAnswer(kind="image", png=_encoded(_small(answer.astype(np.uint8), cv2.INTER_AREA)))


def answer_difference(before: KeptAnswer, after: KeptAnswer) -> float | None:
    """Return how far two answers to one sample are apart.

    Returns:
        The mean absolute difference of alpha or colour as a share of the full scale, or the share of pixels whose class
        differs: 0 where they are the same, at most 1. None where they are of different kinds or sizes, or no images.
    """
    was, now = _decoded(before.png), _decoded(after.png)
    if was is None or now is None or before.kind != after.kind or was.shape != now.shape:
        return None
    if before.kind == "classes":
        return float(np.mean(was != now))
    return float(np.mean(np.abs(was.astype(np.int16) - now)) / 255)


def _small(pixels: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    return np.asarray(cv2.resize(pixels, (min(width, _SIDE), min(height, _SIDE)), interpolation=by), np.uint8)


def _encoded(pixels: NDArray[np.uint8]) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _decoded(text: str) -> NDArray[np.uint8] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as image:
            return np.asarray(image) if max(image.size) <= _SIDE else None
    except (OSError, binascii.Error):
        return None

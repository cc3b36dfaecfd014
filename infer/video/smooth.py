"""Mattes that don't flicker: each is averaged with those before and after it, moved along with the image."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import InputError
from ...images import Image, Pixels
from .motion import Motion, Sight, Step, differs, reduced_size, sampled

__all__ = ["Smoother"]

_REACH = 3
"""Frames before and after each that count; so many are waited for."""


class _Seen(NamedTuple):
    alpha: Pixels
    small: NDArray[np.float32]
    sight: Sight
    before: Step | None
    after: list[Step]


class Smoother:
    """Mattes in the order of their frames, smoothed over time.

    `out_t = alpha_t + sum_k w_k (moved(alpha_{t+k}) - alpha_t) / (1 + sum_k w_k)`, for the three frames before and the
    three after, with `w_k = strength^|k|` times how surely a pixel shows the same thing there: the image is alike, and
    the optical flow there and back meets. What has changed or was hidden takes the new matte, nothing is averaged over
    a cut, and as past and future count alike, nothing trails behind or runs ahead. It is done on a reduced image, whose
    corrections are added to the matte as it is.

    Args:
        strength: 0-1 exclusive; how much a frame's neighbour counts at most. 0 changes nothing.

    Raises:
        InputError: a strength outside that.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise InputError(f"a smoothing of {strength} makes no sense; use a number from 0 to below 1, such as 0.6")
        self._strength = strength
        self._motion = Motion()
        # Those that still count, the last ones of which are not given back yet.
        self._seen: deque[_Seen] = deque()
        self._waiting = 0

    def push(self, image: Image, alpha: Pixels) -> Pixels | None:
        """Take the next frame, and return the smoothed alpha of the one three frames before; None where none is.

        Args:
            image: the frame, (H, W), in standard range.
            alpha: its matte, (H, W) uint8 or uint16.

        Returns:
            (H, W) of that alpha's type.
        """
        if self._strength == 0:
            return alpha
        size = reduced_size(image.width, image.height)
        sight = Sight.of(image)
        small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        before: Step | None = None
        if self._seen and self._seen[-1].sight.grey.shape == sight.grey.shape:
            last = self._seen[-1]
            after, before = self._motion.between(last.sight, sight)
            if differs(last.sight, sight, after):
                before = None
            else:
                last.after.append(after)
        self._seen.append(_Seen(alpha, small, sight, before, []))
        self._waiting += 1
        return self._taken() if self._waiting > _REACH else None

    def flush(self) -> list[Pixels]:
        """Return the smoothed alphas of the frames that are left."""
        return [self._taken() for _ in range(self._waiting)]

    def _taken(self) -> Pixels:
        place = len(self._seen) - self._waiting
        found = self._smoothed(place)
        self._waiting -= 1
        while len(self._seen) - self._waiting > _REACH:
            self._seen.popleft()
        return found

    def _smoothed(self, place: int) -> Pixels:
        own = self._seen[place]
        change, weights = np.zeros_like(own.small), np.ones_like(own.small)
        for way in (-1, 1):
            step: Step | None = None
            for distance in range(1, _REACH + 1):
                from_, at = place + way * (distance - 1), place + way * distance
                if not 0 <= at < len(self._seen):
                    break
                further = self._seen[from_].before if way < 0 else next(iter(self._seen[from_].after), None)
                if further is None:
                    break
                step = further if step is None else step.then(further)
                weight = step.trust * np.float32(self._strength**distance)
                change += weight * (sampled(self._seen[at].small, step.there) - own.small)
                weights += weight
        height, width = own.alpha.shape
        full = cv2.resize(change / weights, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.clip(np.rint(own.alpha + full), 0, np.iinfo(own.alpha.dtype).max).astype(own.alpha.dtype)

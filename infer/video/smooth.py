"""A matte that doesn't flicker: each is blended with the one before, moved along with the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import InputError
from ...images import Image, Pixels
from .motion import Motion

__all__ = ["Smoother"]

# Levels of grey by which a pixel may differ from where it came from, and still be taken for the same.
_TOLERANCE = 8.0


class Smoother:
    """Mattes in the order of their frames, smoothed over time.

    `out_t = (1 - w) matte_t + w moved(out_{t-1})` with `w = strength * exp(-(d / 8)^2)`: the last result is moved along
    the dense optical flow (DIS, Kroeger et al., ECCV 2016) and counts where the image there is the same as before,
    `d` levels of grey apart. What has changed takes the new matte, and so does a new scene: nothing trails behind.

    Args:
        strength: 0-1 exclusive; how much the past counts at most. 0 changes nothing.

    Raises:
        InputError: a strength outside that.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise InputError(f"a smoothing of {strength} makes no sense; use a number from 0 to below 1, such as 0.6")
        self._strength = strength
        self._motion = Motion()
        self._last: NDArray[np.float32] | None = None

    def smooth(self, image: Image, alpha: Pixels) -> Pixels:
        """Return the smoothed alpha of the next frame.

        Args:
            image: the frame, (H, W), in standard range.
            alpha: its matte, (H, W) uint8 or uint16.

        Returns:
            (H, W) of alpha's type.
        """
        if self._strength == 0:
            return alpha
        step, new = self._motion.step(image), alpha.astype(np.float32)
        last, self._last = self._last, new
        if step is None or last is None or last.shape != new.shape or step.cut:
            return alpha
        weight = self._strength * np.exp(-np.square(step.apart / _TOLERANCE))
        # What comes in from outside the frame has no past.
        weight = np.where(step.inside, weight, 0).astype(np.float32)
        size = (new.shape[1], new.shape[0])
        scale = [own / reduced for own, reduced in zip(size, weight.shape[::-1], strict=True)]
        rows, columns = np.indices(weight.shape, dtype=np.float32)
        flow = np.dstack([step.across - columns, step.down - rows])
        full = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)
        rows, columns = np.indices(new.shape, dtype=np.float32)
        moved = cv2.remap(
            last,
            columns + full[..., 0] * np.float32(scale[0]),
            rows + full[..., 1] * np.float32(scale[1]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        new += (moved - new) * cv2.resize(weight, size, interpolation=cv2.INTER_LINEAR)
        self._last = new
        return np.rint(new).astype(alpha.dtype)

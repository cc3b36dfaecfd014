"""A matte that doesn't flicker: each is blended with the one before, moved along with the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import InputError
from ...images import Image, Pixels, to_depth

__all__ = ["Smoother"]

# The motion is found on a reduced image; a matte is smooth enough for it.
_LONGEST_SIDE = 384

# Levels of grey by which a pixel may differ from where it came from, and still be taken for the same.
_TOLERANCE = 8.0

# Mean of that difference, in levels, from which on two frames are two scenes.
_CUT = 24.0


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
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._grey: NDArray[np.uint8] | None = None
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
        grey = _reduced(image.rgb)
        new = alpha.astype(np.float32)
        last, self._last = self._last, new
        before, self._grey = self._grey, grey
        if before is None or last is None or last.shape != new.shape:
            return alpha
        flow = self._flow.calc(grey, before, np.zeros((*grey.shape, 2), np.float32))
        rows, columns = np.indices(grey.shape, dtype=np.float32)
        across, down = columns + flow[..., 0], rows + flow[..., 1]
        moved_grey = cv2.remap(before, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        apart = cv2.blur(cv2.absdiff(grey, moved_grey).astype(np.float32), (5, 5))
        if float(apart.mean()) > _CUT:
            return alpha
        weight = self._strength * np.exp(-np.square(apart / _TOLERANCE))
        # What comes in from outside the frame has no past.
        inside = (across >= 0) & (across <= grey.shape[1] - 1) & (down >= 0) & (down <= grey.shape[0] - 1)
        weight = np.where(inside, weight, 0).astype(np.float32)
        size = (new.shape[1], new.shape[0])
        scale = (new.shape[1] / grey.shape[1], new.shape[0] / grey.shape[0])
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


def _reduced(rgb: Pixels) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    ratio = min(1.0, _LONGEST_SIDE / max(height, width))
    # The flow needs a few pixels in each direction.
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    grey = to_depth(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=rgb.dtype), 8)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

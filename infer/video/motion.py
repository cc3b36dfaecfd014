"""How the image moves from one frame to the next, and where a film is cut."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Image, to_depth

__all__ = ["Motion", "Step"]

# The motion is found on a reduced image; a matte is smooth enough for it.
_LONGEST_SIDE = 384

# Mean difference, in levels of grey, from which on two frames are two scenes.
_CUT = 24.0


class Step(NamedTuple):
    """From the frame before to this one; all of them on the reduced image, (h, w).

    Attributes:
        across: the column, in the frame before, of what each pixel shows.
        down: the row.
        apart: by how many levels of grey they differ, a mean of the pixels around.
        inside: False for what comes in from outside the frame.
        cut: this is another scene.
    """

    across: NDArray[np.float32]
    down: NDArray[np.float32]
    apart: NDArray[np.float32]
    inside: NDArray[np.bool_]
    cut: bool


class Motion:
    """The dense optical flow (DIS, Kroeger et al., ECCV 2016) between the frames of a film, in their order."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._grey: NDArray[np.uint8] | None = None

    def step(self, image: Image) -> Step | None:
        """Return how a frame, in standard range, came from the one before; None of the first, or another size."""
        grey = _reduced(image)
        before, self._grey = self._grey, grey
        if before is None or before.shape != grey.shape:
            return None
        flow = self._flow.calc(grey, before, np.zeros((*grey.shape, 2), np.float32))
        rows, columns = np.indices(grey.shape, dtype=np.float32)
        across, down = columns + flow[..., 0], rows + flow[..., 1]
        moved = cv2.remap(before, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        apart = cv2.blur(cv2.absdiff(grey, moved).astype(np.float32), (5, 5))
        inside = (across >= 0) & (across <= grey.shape[1] - 1) & (down >= 0) & (down <= grey.shape[0] - 1)
        return Step(across, down, np.asarray(apart, np.float32), inside, float(apart.mean()) > _CUT)


def _reduced(image: Image) -> NDArray[np.uint8]:
    height, width = image.rgb.shape[:2]
    ratio = min(1.0, _LONGEST_SIDE / max(height, width))
    # The flow needs a few pixels in each direction.
    size = (max(16, round(width * ratio)), max(16, round(height * ratio)))
    grey = to_depth(np.asarray(cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY), dtype=image.rgb.dtype), 8)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

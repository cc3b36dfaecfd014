"""How the image moves from one frame to the next, and where a film is cut."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Image, to_depth

__all__ = ["Motion", "Sight", "Step", "differs", "reduced_size", "sampled"]

# The motion is found on a reduced image; a matte is smooth enough for it.
_LONGEST_SIDE = 384

# Mean difference, in levels of grey, from which on two frames are two scenes.
_CUT = 24.0

# Levels of grey by which a pixel may differ from where it is in another frame, and still be taken for the same.
_TOLERANCE = 10.0

# Pixels by which the way there and back may miss, and the share of the way that is added to them: what misses by more
# is hidden in one of the two frames (Sundaram et al., ECCV 2010).
_MISS, _MISS_SHARE = 0.7, 0.1

Numbers = NDArray[np.float32]


class Sight(NamedTuple):
    """A frame as motion is found in it: grey, (h, w), reduced."""

    grey: NDArray[np.uint8]

    @classmethod
    def of(cls, image: Image) -> Sight:
        """Reduce a frame, in standard range."""
        grey = to_depth(np.asarray(cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY), dtype=image.rgb.dtype), 8)
        size = reduced_size(image.width, image.height)
        return cls(np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8))


class Step(NamedTuple):
    """From one frame to its neighbour, on the reduced image, (h, w).

    Attributes:
        there: (h, w, 2), the column and the row, in the neighbour, of what each pixel shows.
        trust: 0-1, how surely that is the same thing.
    """

    there: Numbers
    trust: Numbers

    def then(self, further: Step) -> Step:
        """Return the step to the neighbour's own neighbour."""
        return Step(sampled(further.there, self.there), self.trust * sampled(further.trust, self.there))


class Motion:
    """The dense optical flow (DIS, Kroeger et al., ECCV 2016) between two frames."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def is_cut(self, one: Sight, other: Sight) -> bool:
        """Say whether the other frame is of another scene."""
        return one.grey.shape != other.grey.shape or differs(one, other, self.between(one, other)[0])

    def between(self, one: Sight, other: Sight) -> tuple[Step, Step]:
        """Return the steps from one frame to the other, and back."""
        pairs = ((one.grey, other.grey), (other.grey, one.grey))
        ways = [self._flow.calc(*pair, np.zeros((*one.grey.shape, 2), np.float32)) for pair in pairs]
        rows, columns = np.indices(one.grey.shape, dtype=np.float32)
        here = np.dstack([columns, rows])
        forth, back = (np.asarray(here + way, np.float32) for way in ways)
        return _step(one, other, here, forth, back), _step(other, one, here, back, forth)


def differs(one: Sight, other: Sight, step: Step) -> bool:
    """Say whether a frame shows another scene than the one from which the step comes."""
    return float(cv2.absdiff(one.grey, np.asarray(sampled(other.grey, step.there), np.uint8)).mean()) > _CUT


def reduced_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height at which motion is found."""
    ratio = min(1.0, _LONGEST_SIDE / max(height, width))
    # The flow needs a few pixels in each direction.
    return max(16, round(width * ratio)), max(16, round(height * ratio))


def sampled(values: NDArray[np.uint8] | Numbers, there: Numbers) -> Numbers:
    """Return values, (h, w) or (h, w, 2), at columns and rows (h, w, 2)."""
    found = cv2.remap(values, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return np.asarray(found)


def _step(one: Sight, other: Sight, here: Numbers, there: Numbers, back: Numbers) -> Step:
    height, width = one.grey.shape
    apart = cv2.blur(cv2.absdiff(one.grey, sampled(other.grey, there)).astype(np.float32), (5, 5))
    miss, way = _length(sampled(back, there) - here), _length(there - here)
    column, row = there[..., 0], there[..., 1]
    # What comes in from outside the frame has no past.
    inside = (column >= 0) & (column <= width - 1) & (row >= 0) & (row <= height - 1)
    trust = np.exp(-np.square(apart / _TOLERANCE)) * np.exp(-np.square(miss / (_MISS + _MISS_SHARE * way)))
    return Step(there, np.where(inside, trust, 0).astype(np.float32))


def _length(ways: Numbers) -> Numbers:
    return np.asarray(cv2.magnitude(np.ascontiguousarray(ways[..., 0]), np.ascontiguousarray(ways[..., 1])), np.float32)

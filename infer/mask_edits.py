"""What is done to a mask on request: cut off, one part kept, holes filled, larger or smaller, softer, inverted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from .pipeline_settings import PipelineSettings

__all__ = ["MaskEdits", "edits_of"]


@dataclass(frozen=True)
class MaskEdits:
    """Edits of a mask, done in the order of the attributes.

    Attributes:
        threshold: what is below becomes 0, all else full; None leaves what is between.
        largest: keep the largest connected part alone, with its soft edge.
        fill_holes: fill what is wholly surrounded by the subject.
        grow: pixels by which the subject becomes larger, or smaller where it is negative.
        feather: standard deviation, in pixels, of the Gaussian that softens the edge.
        invert: the background takes the subject's place.
    """

    threshold: float | None = None
    largest: bool = False
    fill_holes: bool = False
    grow: int = 0
    feather: float = 0.0
    invert: bool = False

    def __call__(self, alpha: Pixels) -> Pixels:
        """Return the edited mask, (H, W) of the same type; `alpha` itself where nothing is asked for."""
        full = int(np.iinfo(alpha.dtype).max)
        if self.threshold is not None:
            alpha = np.where(alpha >= self.threshold * full, full, 0).astype(alpha.dtype)
        if self.largest:
            alpha = _largest(alpha)
        if self.fill_holes:
            alpha = _filled(alpha)
        if self.grow:
            side = 2 * abs(self.grow) + 1
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
            alpha = cast("Pixels", (cv2.dilate if self.grow > 0 else cv2.erode)(alpha, disc))
        if self.feather:
            # A Gaussian ends in nothing three deviations away.
            side = 2 * math.ceil(3 * self.feather) + 1
            blurred = cv2.GaussianBlur(alpha, (side, side), self.feather, borderType=cv2.BORDER_REPLICATE)
            alpha = cast("Pixels", blurred)
        return alpha if not self.invert else cast("Pixels", cv2.bitwise_not(alpha))


def edits_of(settings: PipelineSettings) -> MaskEdits:
    """Return what settings ask for."""
    return MaskEdits(
        settings.threshold, settings.largest, settings.fill_holes, settings.grow, settings.feather, settings.invert
    )


def _largest(alpha: Pixels) -> Pixels:
    """Keep the part of what is more than half opaque that has the most pixels, and what is nearest to it."""
    core = (alpha > np.iinfo(alpha.dtype).max // 2).astype(np.uint8)
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(core, connectivity=8)
    if count <= 2:
        return alpha
    kept = 1 + int(sizes[1:, cv2.CC_STAT_AREA].argmax())
    # The soft edge of each part belongs to it.
    to_kept = _distance_to(parts == kept)
    to_others = _distance_to((parts != kept) & (parts > 0))
    return np.where(to_kept <= to_others, alpha, 0).astype(alpha.dtype)


def _filled(alpha: Pixels) -> Pixels:
    """Make what is surrounded by what is more than half opaque as opaque as can be, soft edges inside included."""
    full = np.iinfo(alpha.dtype).max
    # A frame of background around it, by which all that reaches the border is connected.
    clear = cv2.copyMakeBorder((alpha <= full // 2).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, parts = cv2.connectedComponents(clear, connectivity=4)
    if count <= 2:
        return alpha
    outside = (parts == parts[0, 0])[1:-1, 1:-1]
    holes = (clear[1:-1, 1:-1] > 0) & ~outside
    near = _distance_to(holes) <= _distance_to(outside)
    return np.where(near, full, alpha).astype(alpha.dtype)


def _distance_to(there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how far each pixel is from the nearest one that is there; far where there is none."""
    if not there.any():
        return np.full(there.shape, np.inf, np.float32)
    return cast("NDArray[np.float32]", cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 3))

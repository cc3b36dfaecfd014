"""Solve the uncertain band of a mask by closed-form matting, with PyMatting.

Levin, Lischinski and Weiss, "A closed-form solution to natural image matting", TPAMI 2008: the colours of a small
window lie on two lines, one of the subject and one of the background.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core import needs_extra
from ...images import Pixels

__all__ = ["closed_form_mask", "import_pymatting"]

# Most pixels that are solved; about 20 MB of equations each 10,000 unknown ones.
_WORKING = 1 << 18

# What the network is sure of.
_BACKGROUND, _FOREGROUND = 0.05, 0.95


def closed_form_mask(mask: NDArray[np.float32], rgb: Pixels) -> NDArray[np.float32]:
    """Return a larger mask, whose uncertain band follows the photo.

    Args:
        mask: (h, w) float32, 0-1.
        rgb: (H, W, 3) uint8 or uint16, the photo.

    Returns:
        Float32, 0-1, of the photo's size, or of a size like it of about 260,000 pixels. `mask` itself where the network
        is sure of no background or of no subject: there is nothing to learn their colours from.

    Raises:
        DependencyError: PyMatting is not installed.
    """
    pymatting = import_pymatting()
    height, width = rgb.shape[:2]
    ratio = min(1.0, math.sqrt(_WORKING / (height * width)))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    larger = cast("NDArray[np.float32]", cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR))
    trimap = np.full(larger.shape, 0.5)
    # One pixel of the mask more than is uncertain: it was averaged over that.
    reach = 2 * math.ceil(max(size[0] / mask.shape[1], size[1] / mask.shape[0])) + 1
    square = np.ones((reach, reach), np.uint8)
    trimap[cv2.dilate(larger, square) < _BACKGROUND] = 0
    trimap[cv2.erode(larger, square) > _FOREGROUND] = 1
    if not {0.0, 0.5, 1.0} <= set(np.unique(trimap).tolist()):
        return mask
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float64) / np.iinfo(rgb.dtype).max
    with warnings.catch_warnings():
        # It tells of a second try with a stronger preconditioner, which succeeds.
        warnings.simplefilter("ignore")
        alpha = pymatting.estimate_alpha_cf(small, trimap)
    known = trimap != 0.5
    return np.where(known, larger, np.clip(alpha, 0, 1)).astype(np.float32)


def import_pymatting() -> Any:
    """Return the module `pymatting`, whose functions are each compiled when they are first called.

    By itself it compiles all of them while it is imported for the first time on a machine, ten times as long as the
    few take that are needed here.

    Raises:
        DependencyError: PyMatting is not installed.
    """
    with needs_extra("--refine matting", "pymatting", "matting"):
        numba: Any = import_module("numba")
        eager = numba.njit

        def lazy(*signatures: Any, **options: Any) -> Callable[..., Any]:
            decorated = bool(signatures) and callable(signatures[0])
            return eager(*signatures, **options) if decorated else eager(**options)

        numba.njit = lazy
        try:
            return import_module("pymatting")
        finally:
            numba.njit = eager

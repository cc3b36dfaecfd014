"""The choice of how a mask comes back to the photo's size."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...images import Pixels
from .guided import guided_upsample
from .matting import closed_form_mask

__all__ = ["Refine", "refine_mask"]

Refine = Literal["none", "guided", "matting"]
"""none: interpolation alone, as the model's publisher does. guided: along the photo's edges. matting: the uncertain
band is solved by closed-form matting first (needs the extra `matting`), and the result is enlarged as `guided` does."""


def refine_mask(
    how: Refine, mask: NDArray[np.float32], rgb: Pixels, base: Pixels | NDArray[np.float32], *, down: bool = False
) -> None:
    """Refine `base`, the mask enlarged by interpolation, in place; the arguments are those of `guided_upsample`.

    Raises:
        DependencyError: `matting` needs a package that is not installed.
    """
    if how == "matting":
        mask = closed_form_mask(mask, rgb)
    if how != "none":
        guided_upsample(mask, rgb, base, down=down)

"""What a network is shown of a photo that is transparent at its corners, and of a logo that is."""

from __future__ import annotations

import numpy as np
import pytest
from mattekit.images import Image
from mattekit.infer.ground import on_ground


def rounded(height: int, width: int, radius: int, full: int) -> np.ndarray:
    down, across = (np.abs(np.arange(side) - (side - 1) / 2) - side / 2 + radius for side in (height, width))
    outside = np.hypot(np.maximum(down, 0)[:, None], np.maximum(across, 0)[None]) > radius
    return np.where(outside, 0, full)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_photos_rounded_corners_get_the_colours_around_them(dtype: type[np.uint8] | type[np.uint16]) -> None:
    full = int(np.iinfo(dtype).max)
    slope = np.add.outer(np.linspace(0, 0.5, 240), np.linspace(0, 0.5, 320))
    photo = (np.dstack([slope, slope[::-1], slope[:, ::-1]]) * full).astype(dtype)
    alpha = rounded(240, 320, 30, full).astype(dtype)
    hidden = np.where(alpha[..., None] > 0, photo, photo.dtype.type(full // 7))
    shown = on_ground(Image(hidden, alpha))
    assert shown.dtype == dtype
    difference = np.abs(shown.astype(float) - photo)[alpha == 0] / full
    assert difference.max() < 0.15
    np.testing.assert_array_equal(shown[alpha > 0], photo[alpha > 0])


def test_a_flat_logo_with_rounded_corners_stands_out_of_them() -> None:
    alpha = rounded(240, 320, 30, 255).astype(np.uint8)
    shown = on_ground(Image(np.full((240, 320, 3), 20, np.uint8), alpha))
    assert np.abs(shown[0, 0].astype(int) - 20).max() > 80

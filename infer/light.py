"""Mixing colours as light mixes: in linear values instead of the gamma-encoded ones that files hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..images import Pixels

__all__ = ["decode", "encode", "mix_light"]

_Light = NDArray[np.float64]

# So many pixels at a time are in floating point.
_CHUNK = 1 << 18


def decode(values: Pixels) -> _Light:
    """Return sRGB samples (uint8 or uint16) as linear light, 0-1 (IEC 61966-2-1)."""
    encoded = values / np.float64(np.iinfo(values.dtype).max)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encode(light: _Light, dtype: np.dtype[np.uint8 | np.uint16]) -> Pixels:
    """Return linear light, 0-1, as sRGB samples, rounded to the nearest; `decode` undone exactly."""
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(encoded, 0, 1) * np.iinfo(dtype).max).astype(dtype)


def mix_light(out: Pixels, rgb: Pixels, alpha: Pixels, backdrop: Pixels, backdrop_alpha: Pixels | None) -> None:
    """Composite again, in linear light, the pixels of `out` where both the subject and what is under it show.

    Args:
        out: (H, W, 3), the composite in encoded values, written to; all other pixels are the same in both.
        rgb: (H, W, 3) of the same type, straight.
        alpha: (H, W) of the same type.
        backdrop: (H, W, 3) or (1, 1, 3) of the same type, straight.
        backdrop_alpha: (H, W) or (1, 1) of the same type; None is opaque.
    """
    full = float(np.iinfo(out.dtype).max)
    under = np.broadcast_to(backdrop, out.shape)
    under_alpha = None if backdrop_alpha is None else np.broadcast_to(backdrop_alpha, alpha.shape)
    mixed = (alpha > 0) & (alpha < full)
    rows, columns = np.nonzero(mixed if under_alpha is None else mixed & (under_alpha > 0))
    for start in range(0, len(rows), _CHUNK):
        there = rows[start : start + _CHUNK], columns[start : start + _CHUNK]
        front = (alpha[there] / full)[:, None]
        back = (1 - front) * (1.0 if under_alpha is None else (under_alpha[there] / full)[:, None])
        light = (front * decode(rgb[there]) + back * decode(under[there])) / (front + back)
        out[there] = encode(light, out.dtype)

"""Estimate the subject's own colours, so that no old background shines through its half-transparent edges.

After Germer, Uelwer, Conrad and Harmeling, "Fast multi-level foreground estimation", ICPR 2020: the photo is explained
as `alpha * F + (1 - alpha) * B`, where F and B are smooth wherever alpha is, from one pixel up to the photo's size.
Here the levels end at a working size; there, F and B are enlarged and corrected once, each pixel by itself, so that
they explain the photo's own pixels. Only pixels that are neither opaque nor transparent are changed.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels

__all__ = ["estimate_foreground"]

_Planes = NDArray[np.float32]

# The paper's weights of smoothness: everywhere, and per step of alpha.
_SMOOTH = 1e-5
_STEP = 1.0

# Rounds at each level, of levels up to this side, and above.
_SMALL, _SMALL_ROUNDS, _ROUNDS = 32, 10, 5

# Pixels of the working size; the colours of an edge vary slowly along it.
_WORKING = 1 << 16

# How strongly the last correction holds on to the enlarged colours.
_HOLD = 0.01

# So many pixels at a time are corrected in floating point, as a table of so many columns.
_BAND, _COLUMNS = 1 << 18, 1 << 10


def estimate_foreground(rgb: Pixels, alpha: Pixels) -> Pixels:
    """Return the photo with the subject's own colours wherever `alpha` is neither 0 nor full.

    Args:
        rgb: (H, W, 3) uint8 or uint16, the photo.
        alpha: (H, W) of the same type.

    Returns:
        (H, W, 3) of the same type; `rgb` itself where no pixel is half-transparent.
    """
    full = int(np.iinfo(rgb.dtype).max)
    mixed = cast("NDArray[np.uint8]", cv2.inRange(alpha, 1, full - 1))
    left, top, width, height = cv2.boundingRect(mixed)
    if not width:
        return rgb
    there = _around(top, height, rgb.shape[0]), _around(left, width, rgb.shape[1])
    part, weight = rgb[there], alpha[there]
    ratio = min(1.0, math.sqrt(_WORKING / weight.size))
    size = (max(1, round(weight.shape[1] * ratio)), max(1, round(weight.shape[0] * ratio)))
    levels = _solved(
        _planes(cast("Pixels", cv2.resize(part, size, interpolation=cv2.INTER_AREA)), full),
        cv2.resize(weight, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(full),
    )
    out = rgb.copy()
    _correct(out[there], weight, mixed[there], levels)
    return out


def _around(start: int, length: int, limit: int) -> slice:
    """Return a span and a margin of itself around it, from which the pure colours on both sides are learnt."""
    margin = length // 8 + 16
    return slice(max(start - margin, 0), min(start + length + margin, limit))


def _planes(rgb: Pixels, full: int) -> _Planes:
    """Return (3, h, w) float32, 0-1."""
    return np.ascontiguousarray(np.moveaxis(rgb, 2, 0), dtype=np.float32) / np.float32(full)


def _solved(image: _Planes, alpha: _Planes) -> _Planes:
    """Solve all levels; returns (6, h, w) float32, 0-1: red, green, blue of F, then of B."""
    height, width = alpha.shape
    pure = [(alpha > 0.9), (alpha < 0.1)]
    means = [image[:, where].mean(axis=1) if where.any() else image.mean(axis=(1, 2)) for where in pure]
    guess = np.concatenate(means).reshape(6, 1, 1).astype(np.float32)
    count = max(1, math.ceil(math.log2(max(width, height, 2))))
    for level in range(count + 1):
        size = (max(1, round(width ** (level / count))), max(1, round(height ** (level / count))))
        last = level == count
        small = image if last else np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in image])
        share = alpha if last else cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        guess = np.stack([cast("_Planes", cv2.resize(p, size, interpolation=cv2.INTER_LINEAR)) for p in guess])
        rounds = _SMALL_ROUNDS if max(size) <= _SMALL else _ROUNDS
        guess = _relaxed(
            guess, small.reshape(3, *share.shape), cast("_Planes", share).reshape(size[1], size[0]), rounds
        )
    return guess


def _relaxed(guess: _Planes, image: _Planes, alpha: _Planes, rounds: int) -> _Planes:
    """Move F and B towards the least squares of one level, all pixels at once."""
    rest = 1 - alpha
    framed = np.empty((alpha.shape[0] + 2, alpha.shape[1] + 2), np.float32)
    framed[_INNER, _INNER] = alpha
    _repeat_edges(framed)
    pulls = [
        np.float32(_SMOOTH) + np.float32(_STEP) * np.abs(alpha - framed[rows, columns]) for rows, columns in _NEIGHBOURS
    ]
    pull = pulls[0] + pulls[1] + pulls[2] + pulls[3]
    a, b, c = alpha * alpha + pull, alpha * rest, rest * rest + pull
    scale = 1 / (a * c - b * b)
    a, b, c = a * scale, b * scale, c * scale
    own = np.concatenate([alpha * image, rest * image])
    # One set of buffers for all rounds: most levels are so small that new ones take longer than the arithmetic.
    wide = np.empty((len(guess), *framed.shape), np.float32)
    inner, total, part = wide[:, _INNER, _INNER], np.empty_like(own), np.empty_like(own)
    inner[:] = guess
    (first, *others) = zip(pulls, _NEIGHBOURS, strict=True)
    for _ in range(rounds):
        _repeat_edges(wide)
        np.multiply(first[0], wide[:, first[1][0], first[1][1]], out=total)
        for weight, (rows, columns) in others:
            np.multiply(weight, wide[:, rows, columns], out=part)
            np.add(total, part, out=total)
        np.add(total, own, out=total)
        front, back = total[:3], total[3:]
        np.clip(c * front - b * back, 0, 1, out=inner[:3])
        np.clip(a * back - b * front, 0, 1, out=inner[3:])
    return inner


def _repeat_edges(wide: _Planes) -> None:
    """Copy the edges of planes into the frame around them; its corners have no neighbour that is asked for them."""
    wide[..., 0, _INNER], wide[..., -1, _INNER] = wide[..., 1, _INNER], wide[..., -2, _INNER]
    wide[..., _INNER, 0], wide[..., _INNER, -1] = wide[..., _INNER, 1], wide[..., _INNER, -2]


_INNER = slice(1, -1)
_NEIGHBOURS = ((slice(0, -2), _INNER), (slice(2, None), _INNER), (_INNER, slice(0, -2)), (_INNER, slice(2, None)))


def _correct(rgb: Pixels, alpha: Pixels, mixed: NDArray[np.uint8], levels: _Planes) -> None:
    """Write the colours of the mixed pixels into `rgb`, (H, W, 3), which holds the photo."""
    full = np.float32(np.iinfo(rgb.dtype).max)
    rows, columns = np.nonzero(mixed)
    for start in range(0, len(rows), _BAND):
        there = rows[start : start + _BAND], columns[start : start + _BAND]
        down, across = (
            _table((place + 0.5) * (small / large) - 0.5)
            for place, small, large in zip(there, levels.shape[1:], alpha.shape, strict=True)
        )
        near = [
            cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()[: len(there[0])]
            for plane in levels
        ]
        share = alpha[there].astype(np.float32) / full
        rest = 1 - share
        step = share / (share * share + rest * rest + np.float32(_HOLD))
        photo = rgb[there].astype(np.float32) / full
        for channel in range(3):
            front, back = near[channel], near[channel + 3]
            photo[:, channel] = front + step * (photo[:, channel] - share * front - rest * back)
        rgb[there] = np.rint(np.clip(photo, 0, 1) * full)


def _table(values: NDArray[np.float64]) -> _Planes:
    """Fold values into rows, for cv2.remap, which takes no row of more than 32,767."""
    return np.pad(values.astype(np.float32), (0, -len(values) % _COLUMNS), mode="edge").reshape(-1, _COLUMNS)

"""A mask brought back to the photo's size along the photo's edges, in bounded memory.

The guided filter (He, Sun and Tang, "Guided image filtering", TPAMI 2013) explains the mask, in every small window, as
a linear function of the photo's three colours. The functions are found at the mask's size, enlarged, and applied to the
photo's own pixels (He and Sun, "Fast guided filter", 2015): wherever the photo has an edge, so has the mask. What the
result, averaged over each pixel of the mask, then differs from the mask by is added to the functions' constant term, so
that the refined mask says no more and no less than the network did.

Closed-form matting (Levin, Lischinski and Weiss, "A closed-form solution to natural image matting", TPAMI 2008) solves
the uncertain band before that, with PyMatting: the colours of a small window lie on two lines, one of the subject and
one of the background.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import needs_extra
from ..images import Pixels
from .choices import Refine

__all__ = ["Refine", "closed_form_mask", "guided_upsample", "import_pymatting", "refine_mask"]


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


_Plane = NDArray[np.float32]
_Maps = NDArray[np.float32]
"""(h, w, 4): what red, green, blue (0-1) and 1 are multiplied by."""

# Windows of 3x3 pixels of the mask: with larger ones, subject and background are no longer of one colour each.
_RADIUS = 1

# Variance of a colour (0-1) below which it is noise; about one level of 0-255.
_EPSILON = 1e-5

# Rounds of bringing the average back to the mask, on a photo of so many times the mask's size.
_ROUNDS = 2
_WORKING = 4

# A mask that changes by less than this between neighbouring pixels has no edge there, and is interpolated as it is.
_FLAT = 0.02

# Pixels of the mask along a side of the blocks that are refined or left.
_BLOCK = 16


def guided_upsample(mask: _Plane, rgb: Pixels, base: _Plane | Pixels, *, down: bool = False) -> None:
    """Refine a mask in place wherever it has an edge.

    Args:
        mask: (h, w) float32, 0-1, of the network's size.
        rgb: (H, W, 3) uint8 or uint16, the photo.
        base: (H, W), `mask` enlarged by interpolation, of the photo's type and full range, or float32 0-1; it is
            written to. Where the mask is flat, or not smaller than the photo, it stays.
        down: cut off fractions of integers instead of rounding to the nearest.
    """
    height, width = base.shape
    if height < mask.shape[0] or width < mask.shape[1] or min(mask.shape) < 2 * _RADIUS + 1:
        return
    edges = _edges(mask)
    if not edges.any():
        return
    white = np.float32(np.iinfo(rgb.dtype).max)
    full = np.float32(1 if base.dtype == np.float32 else white)
    maps = _maps_for(mask, rgb, white)
    rows, columns = _cells(mask.shape[0], height), _cells(mask.shape[1], width)
    for there in _blocks(edges, rows, columns):
        refined = _applied(_part(maps, there, (height, width)), rgb[there], white)
        refined *= full
        if base.dtype != np.float32:
            refined = np.floor(refined, out=refined) if down else np.rint(refined, out=refined)
        sharp = edges[np.ix_(rows[there[0]], columns[there[1]])]
        np.copyto(base[there], refined.astype(base.dtype), where=sharp)


def _maps_for(mask: _Plane, rgb: Pixels, white: np.float32) -> _Maps:
    """Find the linear functions, and move their constant terms until their average is the mask."""
    height, width = mask.shape
    size = (min(rgb.shape[0], _WORKING * height), min(rgb.shape[1], _WORKING * width))
    # Not averaged: a few of the photo's pixels stand for all, and reading them all would take most of the time.
    working = cast("Pixels", cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_LINEAR))
    small = cv2.resize(working, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / white
    maps = _fitted(mask, small)
    for _ in range(_ROUNDS):
        result = _applied(cast("_Maps", cv2.resize(maps, size[::-1])), working, white)
        maps[..., 3] += mask - cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA)
    return maps


def _fitted(mask: _Plane, guide: _Maps) -> _Maps:
    """Fit `mask` as a linear function of the guide (h, w, 3), 0-1, in each window; average overlapping windows."""

    def mean(plane: _Plane) -> _Plane:
        side = 2 * _RADIUS + 1
        return cast("_Plane", cv2.boxFilter(plane, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT))

    colours = [np.ascontiguousarray(guide[..., channel]) for channel in range(3)]
    centres = [mean(colour) for colour in colours]
    level = mean(mask)
    # The covariance of the colours, symmetric, and its inverse by cofactors.
    (rr, rg, rb, gg, gb, bb) = (
        mean(colours[i] * colours[j]) - centres[i] * centres[j] + np.float32(_EPSILON if i == j else 0)
        for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    )
    red, green, blue = (mean(colours[i] * mask) - centres[i] * level for i in range(3))
    first, second, third = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    scale = 1 / (first * rr + second * rg + third * rb)
    slopes = [
        (first * red + second * green + third * blue) * scale,
        (second * red + (rr * bb - rb * rb) * green + (rb * rg - rr * gb) * blue) * scale,
        (third * red + (rb * rg - rr * gb) * green + (rr * gg - rg * rg) * blue) * scale,
    ]
    constant = level.copy()
    for slope, centre in zip(slopes, centres, strict=True):
        constant -= slope * centre
    return np.dstack([mean(cast("_Plane", plane)) for plane in (*slopes, constant)])


def _part(maps: _Maps, there: tuple[slice, slice], size: tuple[int, int]) -> _Maps:
    """Enlarge the functions to a photo of `size` (height, width), as cv2.resize does, but only a part of it."""
    rows, columns = there
    down, across = maps.shape[0] / size[0], maps.shape[1] / size[1]
    where = np.array([[across, 0, (columns.start + 0.5) * across - 0.5], [0, down, (rows.start + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    length = (columns.stop - columns.start, rows.stop - rows.start)
    return cast("_Maps", cv2.warpAffine(maps, where, length, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _applied(maps: _Maps, rgb: Pixels, white: np.float32) -> _Plane:
    """Apply the functions to pixels of the same size."""
    *slopes, result = cv2.split(maps)
    for slope, colour in zip(slopes, cv2.split(rgb), strict=True):
        cv2.add(result, cv2.multiply(slope, colour, scale=1 / float(white), dtype=cv2.CV_32F), dst=result)
    return cast("_Plane", np.clip(result, 0, 1, out=result))


def _edges(mask: _Plane) -> NDArray[np.bool_]:
    """Say of each pixel of the mask whether it or a neighbour lies on an edge."""
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(mask, square) - cv2.erode(mask, square) >= _FLAT)


def _cells(small: int, large: int) -> NDArray[np.intp]:
    """Return, for each position along a side of the photo, the pixel of the mask in which it lies."""
    return np.minimum((np.arange(large) + 0.5) * (small / large), small - 1).astype(np.intp)


def _blocks(
    edges: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> Iterator[tuple[slice, slice]]:
    """Cut the photo into blocks of a few pixels of the mask, and yield those with an edge."""
    for top in range(0, edges.shape[0], _BLOCK):
        for left in range(0, edges.shape[1], _BLOCK):
            if edges[top : top + _BLOCK, left : left + _BLOCK].any():
                first, last = np.searchsorted(rows, (top, min(top + _BLOCK, edges.shape[0])))
                begin, end = np.searchsorted(columns, (left, min(left + _BLOCK, edges.shape[1])))
                yield slice(int(first), int(last)), slice(int(begin), int(end))


# Most pixels that are solved; about 20 MB of equations each 10,000 unknown ones.
_MOST_SOLVED = 1 << 18

# How strongly the mask pulls at what is solved, beside the colours; figures in docs/edges.md.
_PULL = 0.003

# What is fainter hangs together with nothing.
_SEEN = 0.1

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
    ratio = min(1.0, math.sqrt(_MOST_SOLVED / (height * width)))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    larger = cast("NDArray[np.float32]", cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR))
    trimap = np.full(larger.shape, 0.5)
    # One pixel of the mask more than is uncertain: it was averaged over that.
    reach = 2 * math.ceil(max(size[0] / mask.shape[1], size[1] / mask.shape[0])) + 1
    # Round: the corners of a square would lie twice as far from the edge in a scene that fills them with what it likes.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    trimap[cv2.dilate(larger, disc) < _BACKGROUND] = 0
    trimap[cv2.erode(larger, disc) > _FOREGROUND] = 1
    if not {0.0, 0.5, 1.0} <= set(np.unique(trimap).tolist()):
        return mask
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float64) / np.iinfo(rgb.dtype).max
    known = trimap != 0.5
    alpha = np.where(known, larger, _solved(pymatting, small, trimap, larger))
    return _without_fragments(alpha, trimap == 1, larger).astype(np.float32)


def _solved(
    pymatting: Any, rgb: NDArray[np.float64], trimap: NDArray[np.float64], mask: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return alpha, 0-1, that the colours explain where the trimap is uncertain, and the mask where they explain none.

    On a textured scene any alpha explains the colours, and without the mask's pull it would be whatever is near.
    """
    unknown = (trimap == 0.5).ravel()
    laplacian = pymatting.cf_laplacian(rgb, is_known=~unknown)
    rows = laplacian[unknown]
    equations = rows[:, unknown]
    equations.setdiag(equations.diagonal() + _PULL)
    wanted = _PULL * mask.ravel()[unknown] - rows[:, ~unknown].dot(trimap.ravel()[~unknown])
    with warnings.catch_warnings():
        # It tells of a second try with a stronger preconditioner, which succeeds.
        warnings.simplefilter("ignore")
        found = pymatting.cg(equations, wanted, M=pymatting.ichol(equations.tocsc()))
    alpha = trimap.copy()
    alpha[trimap == 0.5] = np.clip(found, 0, 1)
    return alpha


def _without_fragments(
    alpha: NDArray[np.float64], certain: NDArray[np.bool_], mask: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Let what hangs together with no certain part of the subject be no more than the network's mask says."""
    count, parts = cv2.connectedComponents((alpha > _SEEN).astype(np.uint8), connectivity=8)
    attached = np.zeros(count, dtype=bool)
    numbers = np.asarray(parts, dtype=np.intp)
    attached[np.unique(numbers[certain])] = True
    return np.where(attached[numbers], alpha, np.minimum(alpha, mask))


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

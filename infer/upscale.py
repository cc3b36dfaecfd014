"""Improve a picture's resolution, tile by tile, in bounded memory."""

from __future__ import annotations

from itertools import pairwise
from math import lcm
from typing import cast

import cv2
import numpy as np

from ..core.contract import least_tile
from ..core.errors import ImageError, ModelError
from .images.picture import Picture, Pixels
from .images.read import MAX_PIXELS_VARIABLE, pixel_limit
from .runtimes import LoadedModel
from .tensors import normalise, pixels_from

__all__ = ["TILE", "Upscaler"]

TILE = 256
"""Default side of a tile in input pixels, its overlap included."""


class Upscaler:
    """A super-resolution model, ready to enlarge pictures.

    Pictures larger than a tile are cut into tiles of one size that overlap by twice the contract's halo; from each only
    the part that its neighbours do not know better is kept, so that no seam is blended or pasted.

    Args:
        model: of task `super_resolution`.
        tile: side of a tile in input pixels, overlap included; 0 never cuts.
        max_pixels: largest result, in pixels; the limit for reading pictures where None.

    Raises:
        ModelError: the model has another task, or the tile is too small for its halo.
    """

    def __init__(self, model: LoadedModel, *, tile: int = TILE, max_pixels: int | None = None) -> None:
        contract = model.contract
        if contract.task != "super_resolution":
            raise ModelError(f"{model.path}: a {contract.task} model cannot upscale; give a super-resolution model")
        self.model = model
        # An IR with a fixed size takes windows of just that size.
        self._window = (contract.input.height or tile, contract.input.width or tile)
        self._step = lcm(contract.tile_step, contract.input.multiple)
        if 0 < min(self._window) < least_tile(contract):
            raise ModelError(
                f"{model.path}: tiles of {min(self._window)} pixels leave too little inside the model's halo of "
                f"{contract.halo}; use {least_tile(contract)} or more"
            )
        self._max_pixels = pixel_limit(max_pixels)

    @property
    def tile(self) -> tuple[int, int]:
        """Return the height and width of a tile in input pixels; 0 never cuts."""
        return self._window

    @property
    def scale(self) -> int:
        """Return the enlargement in each direction."""
        return self.model.contract.output.scale

    def upscale(self, picture: Picture) -> Picture:
        """Enlarge a picture; its alpha is resampled bicubically, and what is fully transparent is not computed.

        Returns:
            A picture of scale*H x scale*W, same depth and profile. Colours under an alpha of 0 are unspecified; for the
            network they are those of the nearest visible pixel, so that neither black nor an old background shows as
            a fringe.

        Raises:
            ImageError: the result would be larger than `max_pixels`.
        """
        height, width = picture.rgb.shape[:2]
        scale = self.scale
        if height * width * scale * scale > self._max_pixels:
            raise ImageError(
                f"upscaling {width}x{height} by {scale} gives {width * scale}x{height * scale}, more than the limit of "
                f"{self._max_pixels / 1e6:.0f} megapixels; use a smaller picture or scale, or raise the limit "
                f"with {MAX_PIXELS_VARIABLE}"
            )
        rgb = np.zeros((height * scale, width * scale, 3), picture.rgb.dtype)
        alpha = None if picture.alpha is None else _enlarge_alpha(picture.alpha, scale)
        source = picture.rgb if picture.alpha is None else _bled(picture.rgb, picture.alpha)
        rows, columns = self._spans(height, self._window[0]), self._spans(width, self._window[1])
        for top, bottom, first_row, last_row in rows:
            for left, right, first_column, last_column in columns:
                kept = (slice(first_row, last_row), slice(first_column, last_column))
                if picture.alpha is not None and not picture.alpha[_grown(kept, height, width)].any():
                    continue
                enlarged = self._enlarge(source[top:bottom, left:right])
                rgb[first_row * scale : last_row * scale, first_column * scale : last_column * scale] = enlarged[
                    (first_row - top) * scale : (last_row - top) * scale,
                    (first_column - left) * scale : (last_column - left) * scale,
                ]
        return picture.with_changes(rgb=rgb, alpha=alpha)

    def _spans(self, length: int, window: int) -> list[tuple[int, int, int, int]]:
        """Cut a side into windows of one length: where each starts and ends, and the span of it that is kept."""
        side = min(length, window) if window else length
        if side == length:
            return [(0, length, 0, length)]
        # Every tile starts on the network's grid: the side is shortened until the last one does too.
        side -= (side - length) % self._step
        reach = side - 2 * self.model.contract.halo
        count = -(-(length - side) // (reach // self._step * self._step)) + 1
        starts = [index * (length - side) // (count - 1) // self._step * self._step for index in range(count)]
        # Neighbours meet in the middle of their overlap, where both are furthest from their borders.
        cuts = [0, *((after + before + side) // 2 for before, after in pairwise(starts)), length]
        return [(start, start + side, cuts[index], cuts[index + 1]) for index, start in enumerate(starts)]

    def _missing(self, length: int) -> int:
        """How many pixels a side must be padded by."""
        wanted = self.model.contract.input
        padded = max(length, wanted.min_side)
        return padded + -padded % wanted.multiple - length

    def _enlarge(self, window: Pixels) -> Pixels:
        contract = self.model.contract
        dtype = window.dtype.type
        height, width = window.shape[:2]
        pixels = window.astype(np.float32)
        if dtype is np.uint16:
            pixels /= 257
        if contract.input.height and contract.input.width:
            down, across = contract.input.height - height, contract.input.width - width
        else:
            down, across = self._missing(height), self._missing(width)
        if down or across:
            pixels = np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge")
        output = self.model.runtime.run(normalise(pixels, contract))
        expected = (1, 3, pixels.shape[0] * self.scale, pixels.shape[1] * self.scale)
        if output.shape != expected:
            raise ModelError(
                f"{self.model.path}: the network gave {output.shape} where its contract promises {expected}"
            )
        if not np.isfinite(output).all():
            raise ModelError(f"{self.model.path}: the network's output holds values that are not finite")
        return pixels_from(output, contract, dtype)[: height * self.scale, : width * self.scale]


def _enlarge_alpha(alpha: Pixels, scale: int) -> Pixels:
    size = (alpha.shape[1] * scale, alpha.shape[0] * scale)
    return cast("Pixels", cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC))


def _bled(rgb: Pixels, alpha: Pixels) -> Pixels:
    """Give each hidden pixel the colour of the nearest visible one."""
    hidden = (alpha == 0).astype(np.uint8)
    if not hidden.any() or hidden.all():
        return rgb
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    visible = hidden == 0
    colours = np.zeros((int(labels.max()) + 1, 3), rgb.dtype)
    colours[labels[visible]] = rgb[visible]
    return colours[labels]


def _grown(kept: tuple[slice, slice], height: int, width: int) -> tuple[slice, slice]:
    """The span and two pixels around it, which bicubic resampling of the alpha reaches."""
    rows, columns = kept
    return (
        slice(max(rows.start - 2, 0), min(rows.stop + 2, height)),
        slice(max(columns.start - 2, 0), min(columns.stop + 2, width)),
    )

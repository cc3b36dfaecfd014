"""Improve an image's resolution, tile by tile, in bounded memory."""

from __future__ import annotations

import logging
import math
import threading
from typing import Any, TypeVar

import cv2
import numpy as np

from ..core import DeviceError, ImageError, ModelError, least_tile
from ..images import MAX_PIXELS_VARIABLE, Image, Pixels, apply, pixel_limit
from .answers import pixels_from
from .framing import crop_to
from .runtimes import LoadedModel
from .runtimes.compiled import is_out_of_memory
from .runtimes.forking import native_calls
from .sizing import MOST_SCALE, bled, enlarge_alpha, resampled, scale_within, with_edges
from .tensors import normalise
from .tiles import AlignedTiles, Span, TilePlace, aligned_tiles, ramp_of, side_within, spans

__all__ = ["TILE", "Upscaler"]

ImageT = TypeVar("ImageT", bound=Any)

TILE = 256
"""Default side of a tile in input pixels, its overlap included."""

_LOG = logging.getLogger(__name__)

# Pixels around what is visible that a bicubic filter of the alpha reaches.
_REACH = 2


class Upscaler:
    """A super-resolution model, ready to enlarge images.

    Images larger than a tile are cut into tiles of one size that overlap by twice the contract's halo and a little,
    over which they are blended: where the halo is all that the network sees, both tiles are equal there, and nothing
    tells the result from that of the whole image. A tile that doesn't fit in the device's memory is tried again at
    half its side, and the smaller side is kept.

    Args:
        model: of task `super_resolution`.
        tile: side of a tile in input pixels, overlap included; 0 never cuts, None is 256.
        memory: bytes that the network's values may take; decides the tile in place of `tile`.
        outscale: enlargement in each direction; the network's own where None. The network runs as often as it takes to
            reach it, and what it gives is resampled to it.
        within: width and height in pixels that each result fits in, in place of `outscale`; 0 is any. What is larger is
            made smaller, without the network.
        wrap: each image is a texture that goes on at its opposite edge: the network sees it so, and so does the result.
        max_pixels: largest result, in pixels; the limit for reading images where None.

    Raises:
        ModelError: the model has another task, or the tile is too small for its halo.
        InputError: the memory is too little for any tile, or `outscale` is no enlargement.
    """

    def __init__(
        self,
        model: LoadedModel,
        *,
        tile: int | None = None,
        memory: int | None = None,
        outscale: float | None = None,
        within: tuple[int, int] | None = None,
        wrap: bool = False,
        max_pixels: int | None = None,
    ) -> None:
        contract = model.contract
        if contract.task != "super_resolution":
            raise ModelError(f"{model.path}: a {contract.task} model cannot upscale; give a super-resolution model")
        self.model = model
        tile = TILE if tile is None else tile
        if memory is not None and contract.input.height is None:
            tile = side_within(model, memory)
        # An IR with a fixed size takes windows of just that size.
        self._window = (contract.input.height or tile, contract.input.width or tile)
        if 0 < min(self._window) < least_tile(contract):
            raise ModelError(
                f"{model.path}: tiles of {min(self._window)} pixels leave too little inside the model's halo of "
                f"{contract.halo}; use {least_tile(contract)} or more"
            )
        if outscale is not None and not (math.isfinite(outscale) and 1 <= outscale <= MOST_SCALE):
            raise ImageError(f"enlarging {outscale} times can't be done; use a number from 1 to {MOST_SCALE}")
        self.outscale = float(contract.output.scale if outscale is None else outscale)
        self.within, self.wrap = within, wrap
        self._max_pixels = pixel_limit(max_pixels)
        self._opening = threading.Lock()
        self._tiles: tuple[AlignedTiles | None] | None = None

    def __getstate__(self) -> dict[str, object]:
        """Travel to another process without what is open in this one."""
        return {name: value for name, value in vars(self).items() if name not in {"_opening", "_tiles"}}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Arrive there; tiles that need another network are opened when they are first needed."""
        vars(self).update(state)
        self._opening, self._tiles = threading.Lock(), None

    @property
    def tile(self) -> tuple[int, int]:
        """Return the height and width of a tile in input pixels; 0 never cuts."""
        return self._window

    @property
    def scale(self) -> int:
        """Return the network's own enlargement in each direction."""
        return self.model.contract.output.scale

    def __repr__(self) -> str:
        """Say which model it runs, and on what."""
        return f"Upscaler({self.model.variant.ref().label} on {self.model.runtime.info.name})"

    def __call__(self, image: ImageT) -> ImageT:
        """Return an image, of any kind that `images.in_kind.apply` takes, enlarged, in that kind."""
        return apply(self.upscale, image)

    def upscale(self, image: Image) -> Image:
        """Enlarge an image; its alpha is resampled bicubically, and only the box of what is visible is computed.

        Returns:
            An image of outscale*H x outscale*W, or as fits `within`, same depth and profile; a grey one stays grey.
            Colours under an alpha of 0 are unspecified; for the network they are those of the nearest visible pixel, so
            that neither black nor an old background shows as a fringe.

        Raises:
            ImageError: the result would be larger than `max_pixels`.
            DeviceError: the device failed, or not even the smallest tile fits in its memory.
        """
        width, height = image.size
        outscale = self.outscale if self.within is None else scale_within(image, self.within)
        size = max(1, round(width * outscale)), max(1, round(height * outscale))
        if outscale < 1:
            return resampled(image, size, wrap=self.wrap)
        passes = self._passes(outscale)
        largest = self.scale**passes
        if height * width * largest * largest > self._max_pixels:
            raise ImageError(
                f"upscaling {width}x{height} by {largest} gives {width * largest}x{height * largest}, more than the "
                f"limit of {self._max_pixels / 1e6:.0f} megapixels; use a smaller image or scale, or raise the limit "
                f"with {MAX_PIXELS_VARIABLE}"
            )
        for _ in range(passes):
            image = self._wrapped(image) if self.wrap else self._with_retries(image)
        return resampled(image, size, wrap=self.wrap)

    def _wrapped(self, image: Image) -> Image:
        """Enlarge by the network's own scale an image that goes on at its opposite edges."""
        contract = self.model.contract
        margin = -(-(contract.halo + _REACH) // contract.step) * contract.step
        large = self._with_retries(with_edges(image, margin, margin))
        return crop_to(large, (kept := slice(margin * self.scale, -margin * self.scale), kept))

    def _passes(self, outscale: float) -> int:
        """Return how often the network must run; 1 at least, because it restores what it doesn't enlarge."""
        return max(1, math.ceil(math.log(outscale, self.scale) - 1e-9)) if self.scale > 1 else 1

    def _with_retries(self, image: Image) -> Image:
        while True:
            window = self._window
            try:
                return self._once(image, window)
            except (MemoryError, DeviceError) as error:
                if not is_out_of_memory(error):
                    raise
                self._window = self._smaller(window, max(image.size), error)
                _LOG.warning(
                    "%s: tiles of %d pixels don't fit in memory; going on with %d",
                    self.model.id,
                    max(window) or max(image.size),
                    max(self._window),
                )

    def _smaller(self, window: tuple[int, int], longest: int, error: BaseException) -> tuple[int, int]:
        """Return tiles of half the side."""
        contract = self.model.contract
        step = contract.step
        least = least_tile(contract)
        side = min(max(window) or longest, longest)
        if contract.input.height or side <= least:
            raise DeviceError(
                f"{self.model.path}: a tile of {side} pixels doesn't fit in memory, and none smaller can be used; free "
                "some memory, or take a smaller model"
            ) from error
        half = max(least, side // 2 // step * step)
        return half, half

    def _once(self, image: Image, window: tuple[int, int]) -> Image:
        """Enlarge by the network's own scale, in tiles of at most `window`, height and width."""
        scale, (height, width) = self.scale, image.rgb.shape[:2]
        rgb = np.zeros((height * scale, width * scale, 3), image.rgb.dtype)
        if image.alpha is None:
            self._fill(rgb, image.rgb, None, window, TilePlace(0, 0, height, width), grey=image.grey)
            return image.with_changes(rgb=rgb)
        there = self._visible(image.alpha)
        if there is not None:
            part = image.alpha[there]
            large = tuple(slice(side.start * scale, side.stop * scale) for side in there)
            place = TilePlace(there[0].start, there[1].start, height, width)
            self._fill(rgb[large], bled(image.rgb[there], part), part, window, place, grey=image.grey)
        return image.with_changes(rgb=rgb, alpha=enlarge_alpha(image.alpha, scale))

    def _visible(self, alpha: Pixels) -> tuple[slice, slice] | None:
        """Return the box of what is visible, with the halo around it, on the network's grid; None where nothing is."""
        contract = self.model.contract
        step = contract.step
        left, top, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
        if not width:
            return None
        margin = contract.halo + _REACH
        return (
            slice(max(top - margin, 0) // step * step, min(top + height + margin, alpha.shape[0])),
            slice(max(left - margin, 0) // step * step, min(left + width + margin, alpha.shape[1])),
        )

    def _fill(
        self,
        rgb: Pixels,
        source: Pixels,
        alpha: Pixels | None,
        window: tuple[int, int],
        place: TilePlace,
        *,
        grey: bool,
    ) -> None:
        """Write the enlarged `source` into `rgb`; tiles where `alpha` is 0 everywhere are left out.

        `place` is where the source lies in its image.
        """
        scale, (height, width) = self.scale, source.shape[:2]
        contract = self.model.contract
        for down in spans(height, window[0], contract):
            for across in spans(width, window[1], contract):
                if alpha is not None and not alpha[_grown(down, height), _grown(across, width)].any():
                    continue
                here = place._replace(top=place.top + down.start, left=place.left + across.start)
                part = source[down.start : down.stop, across.start : across.stop]
                tile = self._enlarge(part, window, here, grey=grey)
                kept = tile[_inside(down, scale), _inside(across, scale)]
                there = rgb[down.first * scale : down.last * scale, across.first * scale : across.last * scale]
                if down.ramp or across.ramp:
                    weight = np.outer(ramp_of(down, scale), ramp_of(across, scale))[..., None]
                    kept = np.rint(there + (kept.astype(np.float32) - there) * weight).astype(rgb.dtype)
                there[:] = kept

    def _aligned(self) -> AlignedTiles | None:
        """Return what computes tiles of networks that stretch a coarse map over their input."""
        # No fork comes while the lock is held.
        with native_calls(), self._opening:
            if self._tiles is None:
                self._tiles = (aligned_tiles(self.model),)
            return self._tiles[0]

    def _missing(self, length: int) -> int:
        """How many pixels a side must be padded by."""
        wanted = self.model.contract.input
        padded = max(length, wanted.min_side)
        return padded + -padded % wanted.multiple - length

    def _enlarge(self, tile: Pixels, window: tuple[int, int], place: TilePlace, *, grey: bool) -> Pixels:
        contract = self.model.contract
        dtype = tile.dtype.type
        height, width = tile.shape[:2]
        pixels = tile.astype(np.float32)
        if dtype is np.uint16:
            pixels /= 257
        down, across = self._missing(height), self._missing(width)
        if contract.input.height and contract.input.width:
            down, across = window[0] - height, window[1] - width
        if down or across:
            pixels = np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge")
        tensor = normalise(pixels, contract)
        aligned = self._aligned() if (height, width) != (place.height, place.width) else None
        output = self.model.runtime.run(tensor) if aligned is None else aligned.run(tensor, place)
        expected = (1, contract.input.channels, pixels.shape[0] * self.scale, pixels.shape[1] * self.scale)
        if output.shape != expected:
            raise ModelError(
                f"{self.model.path}: the network gave {output.shape} where its contract promises {expected}"
            )
        if not np.isfinite(output).all():
            raise ModelError(f"{self.model.path}: the network's output holds values that are not finite")
        if grey and output.shape[1] > 1:
            # Networks for colours tint grey a little.
            output = np.repeat(output.mean(axis=1, keepdims=True), 3, axis=1)
        return pixels_from(output, contract, dtype, None if grey else pixels)[
            : height * self.scale, : width * self.scale
        ]


def _grown(kept: Span, length: int) -> slice:
    """The kept pixels and those around them which bicubic resampling of the alpha reaches."""
    return slice(max(kept.first - _REACH, 0), min(kept.last + _REACH, length))


def _inside(span: Span, scale: int) -> slice:
    """The kept pixels in the enlarged tile."""
    return slice((span.first - span.start) * scale, (span.last - span.start) * scale)

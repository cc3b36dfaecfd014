"""What every way of taking a background away shares: a matte, edited as asked, and the cut-out that it makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError
from ..images import Image, Pixels, apply, to_depth
from .foreground import estimate_foreground
from .ground import on_ground
from .mask_edits import MaskEdits
from .runtimes import LoadedModel

__all__ = ["Cutter", "Matte", "cut_out"]

ImageT = TypeVar("ImageT", bound=Any)


@dataclass(frozen=True)
class Matte:
    """An image's alpha, and how far to trust it.

    Attributes:
        alpha: (H, W), the image's size and depth: uint8 0-255 or uint16 0-65535; times the alpha that the image had.
        confidence: the range that the raw mask spans, 0-1: near 1 where there is a subject.
        foreground: False where no subject is seen; the alpha is 0 everywhere then, unless it was inverted.
        labels: names of the classes that the network found, for a network of classes; empty otherwise.
    """

    alpha: Pixels
    confidence: float
    foreground: bool
    labels: tuple[str, ...] = ()


class Cutter(ABC):
    """Takes backgrounds away, wherever the masks come from.

    Args:
        edits: what is done to each mask.
        decontaminate: give the cut-out's half-transparent pixels the subject's own colours, without the old background.
    """

    def __init__(self, *, edits: MaskEdits | None = None, decontaminate: bool = False) -> None:
        self.edits = edits or MaskEdits()
        self.decontaminate = decontaminate

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Return the models that it runs."""
        return ()

    def __call__(self, image: ImageT) -> ImageT:
        """Return an image, of any kind that `images.in_kind.apply` takes, in that kind without its background."""
        return apply(lambda one: self.remove(one)[0], image)

    @abstractmethod
    def matte(self, image: Image) -> Matte:
        """Return the alpha of an image, at the image's own size; what is transparent in it stays so."""

    def remove(self, image: Image, matte: Matte | None = None) -> tuple[Image, Matte]:
        """Return the image with its background transparent, and the matte; an alpha of its own is kept in.

        A `matte` that is given is taken instead of a predicted one.
        """
        matte = matte or self.matte(image)
        alpha, colours = matte.alpha, None
        if image.alpha is not None:
            # One that was smoothed over time may say more than is there.
            alpha = np.minimum(alpha, image.alpha)
        if self.decontaminate:
            colours = estimate_foreground(on_ground(image), alpha)
            if image.alpha is not None:
                # Straight colours of a pixel that was half-transparent before hold nothing of a background.
                colours = np.where((alpha == image.alpha)[..., None], image.rgb, colours)
        return cut_out(replace(image, alpha=None), alpha, colours=colours), replace(matte, alpha=alpha)

    def _finished(self, matte: Matte, image: Image) -> Matte:
        """Return a matte that was edited as asked, times the alpha that the image has."""
        alpha = self.edits(matte.alpha)
        foreground = matte.foreground if alpha is matte.alpha else bool(alpha.any())
        return replace(matte, alpha=_times_alpha(alpha, image), foreground=foreground)


def cut_out(
    image: Image, alpha: NDArray[np.uint8 | np.uint16 | np.floating], *, colours: Pixels | None = None
) -> Image:
    """Return the image with `alpha` as its alpha channel, times the one that it already has.

    Args:
        image: (H, W) pixels of 8 or 16 bits; the result has the same depth, profile and notes.
        alpha: (H, W), uint8 (0-255), uint16 (0-65535) or floating point (0-1, clipped), 0 background to full subject.
        colours: (H, W, 3) of the image's type to take in place of its own: the foreground colours that were estimated
            for the half-transparent edge, so that the old background doesn't show as a halo.

    Returns:
        A `Image` whose colours are straight and kept even where alpha is 0 (resampling and a blurred background need
        them); writing it to a file clears those.

    Raises:
        ImageError: `alpha` or `colours` don't fit the image, or `alpha` holds a value that is not finite.
    """
    name = image.source or "the image"
    if alpha.shape != (image.height, image.width):
        raise ImageError(
            f"{name}: the mask's shape is {alpha.shape}, the image's {(image.height, image.width)}; resize the "
            "mask to the image first"
        )
    rgb = image.rgb if colours is None else colours
    if rgb.shape != image.rgb.shape or rgb.dtype != image.rgb.dtype:
        raise ImageError(f"{name}: the foreground colours are {rgb.shape} {rgb.dtype}, the image {image.rgb.shape}")
    mask = _as_depth(alpha, image.depth, name)
    return replace(image, rgb=rgb, alpha=_times_alpha(mask, image))


def _times_alpha(mask: Pixels, image: Image) -> Pixels:
    """Return a mask of the image's size and depth times the alpha that the image has."""
    if image.alpha is None:
        return mask
    # The product of two 16-bit values needs 32 bits and more precision than a 32-bit float has.
    kind = cv2.CV_8U if image.depth == 8 else cv2.CV_64F
    product = cv2.multiply(mask, image.alpha, scale=1 / image.full, dtype=kind)
    return np.asarray(np.rint(product) if image.depth == 16 else product, dtype=mask.dtype)


def _as_depth(alpha: NDArray[np.uint8 | np.uint16 | np.floating], depth: int, name: str) -> Pixels:
    """Return alpha as uint8 or uint16, rounded to the nearest."""
    if alpha.dtype.name in ("uint8", "uint16"):
        return to_depth(cast("Pixels", alpha), depth)
    if not np.issubdtype(alpha.dtype, np.floating):
        raise ImageError(f"{name}: the mask is {alpha.dtype}; give uint8, uint16, or floating point from 0 to 1")
    # The sum is finite if and only if all values are, short of an overflow that no mask comes near.
    if not np.isfinite(alpha.sum(dtype=np.float64)):
        raise ImageError(f"{name}: the mask holds values that are not finite; the model's output is broken")
    full = (1 << depth) - 1
    scaled = np.rint(
        np.clip(alpha, 0, 1) * np.float64(full) if depth == 16 else np.clip(alpha, 0, 1) * np.float32(full)
    )
    return scaled.astype(np.uint8 if depth == 8 else np.uint16)

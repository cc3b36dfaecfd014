"""Take a background away: an image in, its matte or its cut-out out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError, ModelError, did_you_mean
from ..images import Image, Pixels, apply, to_depth
from .answers import MatteTensor, classes_at, matte_from
from .choices import Refine
from .edges import refine_mask
from .foreground import estimate_foreground
from .resampling import resize_mask
from .runtimes import LoadedModel
from .tensors import placed, tensor_from

__all__ = ["Matte", "Remover", "cut_out"]

ImageT = TypeVar("ImageT", bound=Any)


@dataclass(frozen=True)
class Matte:
    """An image's alpha, and how far to trust it.

    Attributes:
        alpha: (H, W), the image's size and depth: uint8 0-255 or uint16 0-65535.
        confidence: the range that the raw mask spans, 0-1: near 1 where there is a subject.
        foreground: False where the network saw no subject; the alpha is 0 everywhere then.
        labels: names of the classes that the network found, for a network of classes; empty otherwise.
    """

    alpha: Pixels
    confidence: float
    foreground: bool
    labels: tuple[str, ...] = ()


class Remover:
    """A segmentation model, ready to take backgrounds away.

    Args:
        model: of task `segmentation`.
        keep: for a network of classes, the labels that stay; those that its contract calls the foreground (all but the
            background, unless it says so) where empty.
        refine: how the mask comes back to the image's size.
        decontaminate: give the cut-out's half-transparent pixels the subject's own colours, without the old background.

    Raises:
        ModelError: the model has another task, or has no label of a name in `keep`.
    """

    def __init__(
        self, model: LoadedModel, *, keep: tuple[str, ...] = (), refine: Refine = "none", decontaminate: bool = False
    ) -> None:
        contract = model.contract
        if contract.task != "segmentation":
            raise ModelError(
                f"{model.path}: a {contract.task} model cannot remove a background; give a segmentation model"
            )
        labels = contract.output.labels
        unknown = [name for name in keep if name not in labels]
        if unknown:
            known = ", ".join(labels) or "none: it separates foreground and background only"
            raise ModelError(
                f"{model.path}: the model has no class {unknown[0]!r}{did_you_mean(unknown[0], labels)}; its classes: "
                f"{known}"
            )
        self.model = model
        self.refine: Refine = refine
        self.decontaminate = decontaminate
        self.kept = tuple(name for name in labels if name in (keep or contract.output.foreground or labels[1:]))
        self._is_kept = np.array([name in self.kept for name in labels], dtype=bool)

    def __repr__(self) -> str:
        """Say which model it runs, and on what."""
        return f"Remover({self.model.variant.ref().label} on {self.model.runtime.info.name})"

    def __call__(self, image: ImageT) -> ImageT:
        """Return an image, of any kind that `images.in_kind.apply` takes, in that kind without its background."""
        return apply(lambda one: self.remove(one)[0], image)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the classes that the network tells apart; empty for one that tells the subject alone."""
        return self.model.contract.output.labels

    def matte(self, image: Image) -> Matte:
        """Predict the alpha of an image, at the image's own size."""
        return self._matte(image, self._answer(image))

    def segment(self, image: Image) -> tuple[Matte, NDArray[np.uint8]]:
        """Predict the alpha of an image and the number of each pixel's class, (H, W), at the image's own size.

        Raises:
            ModelError: the network tells no classes apart.
        """
        answer = self._answer(image)
        return self._matte(image, answer), classes_at(answer, image.height, image.width)

    def _answer(self, image: Image) -> MatteTensor:
        contract = self.model.contract
        output = self.model.runtime.run(tensor_from(image.rgb, contract, image.alpha))
        place = placed(contract, image.height, image.width)
        if place.is_padded:
            output = output[:, :, *place.inside_of(*output.shape[2:])]
        return matte_from(output, contract)

    def _matte(self, image: Image, result: MatteTensor) -> Matte:
        contract = self.model.contract
        mask = result.alpha
        labels: tuple[str, ...] = ()
        if result.classes is not None:
            mask = self._is_kept[result.classes].astype(np.float32)
            labels = tuple(contract.output.labels[index] for index in np.unique(result.classes))
        foreground = _has_foreground(result, mask)
        alpha = self._at_size(mask, image)
        if foreground and self.refine != "none":
            # What Pillow resized can't be written to.
            alpha = alpha if alpha.flags.writeable else alpha.copy()
            refine_mask(self.refine, mask, image.rgb, alpha, down=contract.output.rounding == "down")
        return Matte(alpha=alpha, confidence=result.confidence, foreground=foreground, labels=labels)

    def remove(self, image: Image, matte: Matte | None = None) -> tuple[Image, Matte]:
        """Return the image with its background transparent, and the matte; an alpha of its own is kept in.

        A `matte` that is given is taken instead of a predicted one.
        """
        matte = matte or self.matte(image)
        colours = estimate_foreground(image.rgb, matte.alpha) if self.decontaminate else None
        return cut_out(image, matte.alpha, colours=colours), matte

    def _at_size(self, mask: NDArray[np.float32], image: Image) -> Pixels:
        height, width = image.rgb.shape[:2]
        filter_ = self.model.contract.output.resize
        if image.rgb.dtype == np.uint8:
            scaled = mask * np.float32(255)
            if self.model.contract.output.rounding == "nearest":
                np.rint(scaled, out=scaled)
            return resize_mask(scaled.astype(np.uint8), height, width, filter_)
        return np.rint(resize_mask(mask, height, width, filter_) * 65535).astype(np.uint16)


def _has_foreground(result: MatteTensor, mask: NDArray[np.float32]) -> bool:
    return result.foreground and bool(mask.any())


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
    if image.alpha is not None:
        # The product of two 16-bit values needs 32 bits and more precision than a 32-bit float has.
        kind = cv2.CV_8U if image.depth == 8 else cv2.CV_64F
        product = cv2.multiply(mask, image.alpha, scale=1 / image.full, dtype=kind)
        mask = np.rint(product).astype(mask.dtype) if image.depth == 16 else product
    return replace(image, rgb=rgb, alpha=np.asarray(mask, dtype=image.rgb.dtype))


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

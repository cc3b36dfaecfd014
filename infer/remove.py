"""Take a background away: an image in, its matte or its cut-out out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core import ModelError
from ..images import Image, Pixels, apply
from .cutout import cut_out
from .edges.foreground import estimate_foreground
from .edges.refine import Refine, refine_mask
from .resize import resize_mask
from .runtimes import LoadedModel
from .tensors import MatteTensor, matte_from, tensor_from

__all__ = ["Matte", "Remover"]

ImageT = TypeVar("ImageT", bound=Any)


@dataclass(frozen=True)
class Matte:
    """An image's alpha, and how far to trust it.

    alpha: (H, W), the image's size and depth: uint8 0-255 or uint16 0-65535. confidence: the
    range that the raw mask spans, 0-1: near 1 where there is a subject. foreground: False where the network saw no
    subject; the alpha is 0 everywhere then. labels: names of the classes that the network found,
    for a network of classes; empty otherwise.
    """

    alpha: Pixels
    confidence: float
    foreground: bool
    labels: tuple[str, ...] = ()


class Remover:
    """A segmentation model, ready to take backgrounds away.

    Args:
        model: of task `segmentation`.
        keep: for a network of classes, the labels that stay (all but the background where empty).
        refine: how the mask comes back to the image's size.
        decontaminate: give the cut-out's half-transparent pixels the subject's own colours, without the old background.

    Raises:
        ModelError: the model has another task, or has no label of a name in `keep`.
    """

    def __init__(
        self,
        model: LoadedModel,
        *,
        keep: tuple[str, ...] = (),
        refine: Refine = "none",
        decontaminate: bool = False,
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
            raise ModelError(f"{model.path}: the model has no class {unknown[0]!r}; its classes: {known}")
        self.model = model
        self.refine: Refine = refine
        self.decontaminate = decontaminate
        self._kept = np.array([name in keep if keep else index > 0 for index, name in enumerate(labels)], dtype=bool)

    def __call__(self, image: ImageT) -> ImageT:
        """Return an image, of any kind that `images.in_kind.apply` takes, in that kind without its background."""
        return apply(lambda one: self.remove(one)[0], image)

    def matte(self, image: Image) -> Matte:
        """Predict the alpha of an image, at the image's own size."""
        contract = self.model.contract
        result = matte_from(self.model.runtime.run(tensor_from(image.rgb, contract)), contract)
        mask = result.alpha
        labels: tuple[str, ...] = ()
        if result.classes is not None:
            mask = self._kept[result.classes].astype(np.float32)
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

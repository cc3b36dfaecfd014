"""Take a background away: an image in, its matte or its cut-out out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core import ModelError, did_you_mean
from ..images import Image, Pixels
from .answers import MatteTensor, classes_at, matte_from
from .choices import Refine
from .cutting import Cutter, Matte
from .edges import refine_mask
from .ground import on_ground
from .mask_edits import MaskEdits
from .resampling import resize_mask
from .runtimes import FrameMemory, LoadedModel
from .runtimes.adapter import AdaptedRuntime
from .tensors import placed, tensor_from

__all__ = ["Remover"]


class Remover(Cutter):
    """A segmentation model, ready to take backgrounds away.

    Args:
        model: of task `segmentation`.
        keep: for a network of classes, the labels that stay; those that its contract calls the foreground (all but the
            background, unless it says so) where empty.
        refine: how the mask comes back to the image's size.
        edits: what is done to each mask after that.
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
        edits: MaskEdits | None = None,
        decontaminate: bool = False,
    ) -> None:
        super().__init__(edits=edits, decontaminate=decontaminate)
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
        self.kept = tuple(name for name in labels if name in (keep or contract.output.foreground or labels[1:]))
        self._is_kept = np.array([name in self.kept for name in labels], dtype=bool)

    def __repr__(self) -> str:
        """Say which model it runs, and on what."""
        return f"Remover({self.model.variant.ref().label} on {self.model.runtime.info.name})"

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Return the model."""
        return (self.model,)

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the classes that the network tells apart; empty for one that tells the subject alone."""
        return self.model.contract.output.labels

    def matte(self, image: Image) -> Matte:
        """Predict the alpha of an image, at the image's own size; what is transparent in it stays so."""
        return self.matte_next(image, None)

    @property
    def is_recurrent(self) -> bool:
        """Say whether the network remembers the frames before."""
        return bool(self.model.contract.states)

    def matte_next(self, image: Image, memory: FrameMemory | None) -> Matte:
        """Predict the alpha of a film's next frame, which a recurrent network remembers; None remembers nothing."""
        shown = on_ground(image)
        return self._matte(image, shown, self._answer(image, shown, memory))

    def segment(self, image: Image) -> tuple[Matte, NDArray[np.uint8]]:
        """Predict the alpha of an image and the number of each pixel's class, (H, W), at the image's own size.

        Raises:
            ModelError: the network tells no classes apart.
        """
        shown = on_ground(image)
        answer = self._answer(image, shown)
        classes = classes_at(answer, image.height, image.width)
        if image.alpha is not None:
            classes = np.where(image.alpha > 0, classes, np.uint8(0))
        return self._matte(image, shown, answer), classes

    def _answer(self, image: Image, shown: Pixels, memory: FrameMemory | None = None) -> MatteTensor:
        contract, runtime = self.model.contract, self.model.runtime
        tensor = tensor_from(shown, contract, image.alpha)
        if memory is not None and isinstance(runtime, AdaptedRuntime):
            output = runtime.run_next(tensor, memory)
        else:
            output = runtime.run(tensor)
        place = placed(contract, image.height, image.width)
        if place.is_padded:
            output = output[:, :, *place.inside_of(*output.shape[2:])]
        return matte_from(output, contract)

    def _matte(self, image: Image, shown: Pixels, result: MatteTensor) -> Matte:
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
            refine_mask(self.refine, mask, shown, alpha, down=contract.output.rounding == "down")
        return self._finished(Matte(alpha, result.confidence, foreground, labels), image)

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

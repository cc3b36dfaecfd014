"""What answers samples, and is compared with the truth or with another: a model on a device, or golden outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core import Execution, InputError, Task, VariantRef
from ...datasets import AlphaMatte, Pixels, Sample, images_in, read_alpha, read_rgb
from ...images import Image
from ...infer import TILE, LoadedModel, Remover, RuntimeSettings, Upscaler
from ...models import ModelRef, open_at
from ..evaluation_settings import EvaluationSettings

__all__ = [
    "Predictor",
    "golden_predictor",
    "model_predictor",
    "open_predictors",
    "open_reference",
]

_DEFAULTS = EvaluationSettings()
_FILES = "files"

Numbers = NDArray[np.uint8]
"""Class numbers, (H, W)."""


@dataclass(frozen=True)
class Predictor:
    """Something that answers samples.

    Attributes:
        task: that it is for.
        scale: of its answers; 1 for segmentation.
        variant: that answers.
        execution: how it is executed; the runtime is `files` where the answers lie on disk.
        alpha: the answer to a sample, where the task is segmentation.
        image: the answer to a sample, where it is super-resolution.
        labels: of the classes that it tells apart; empty where it tells the subject alone.
        kept: which of them are the subject.
        segment: the answer to a sample as alpha and class numbers, (H, W) uint8, where it tells classes apart.
    """

    task: Task
    scale: int
    variant: VariantRef
    execution: Execution
    alpha: Callable[[Sample], AlphaMatte] | None = None
    image: Callable[[Sample], Pixels] | None = None
    labels: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    segment: Callable[[Sample], tuple[AlphaMatte, Numbers]] | None = None

    @property
    def label(self) -> str:
        """Return what tells it from others in a table: model, precision and device."""
        return " ".join(part for part in (self.variant.label, self.variant.precision, self.execution.name) if part)

    @property
    def is_on_disk(self) -> bool:
        """Tell whether its answers lie on disk."""
        return self.execution.runtime == _FILES


def open_predictors(
    model: str | Path, settings: EvaluationSettings = _DEFAULTS, *, single: bool = True
) -> list[Predictor]:
    """Open what a user types: each variant of a model's folder is a predictor of its own.

    Args:
        model: as `ModelRef.parse` takes it, or `golden:FOLDER`, outputs on disk.
        settings: the device, the tile, and the arithmetic of what OpenVINO executes; the other runtimes compute in f32.
        single: it is all that is opened, so that the settings' contract is for it, whatever its file says.

    Raises:
        MattekitError: it cannot be opened, as its message says.
    """
    kind, colon, rest = str(model).partition(":")
    if colon and kind == "golden":
        return [golden_predictor(Path(rest).expanduser())]
    ref = ModelRef.parse(model, *((settings.given_contract, None) if single else (None, settings.given_contract)))
    how = RuntimeSettings(settings.device, settings.arithmetic)
    return [model_predictor(open_at(ref, path, how), tile=settings.tile) for path in ref.paths()]


def open_reference(settings: EvaluationSettings) -> Predictor | None:
    """Open what stands for the truth, in f32; None where it is the truth itself.

    Raises:
        MattekitError: it cannot be opened, or is several models.
    """
    if not settings.reference:
        return None
    if not settings.reference.startswith("golden:"):
        # Several are told before any is compiled.
        ModelRef.parse(settings.reference).path_of_one()
    return open_predictors(settings.reference, replace(settings, arithmetic="f32"), single=False)[0]


def model_predictor(model: LoadedModel, *, tile: int = TILE) -> Predictor:
    """Make a predictor of a loaded model."""
    contract = model.contract
    common = Predictor(contract.task, contract.output.scale, model.variant.ref(), model.runtime.info)
    if contract.task == "segmentation":
        remover = Remover(model)

        def alpha(sample: Sample) -> AlphaMatte:
            return _unit(remover.matte(Image(rgb=sample.image)).alpha)

        if not remover.labels:
            return replace(common, alpha=alpha)

        def segment(sample: Sample) -> tuple[AlphaMatte, Numbers]:
            matte, numbers = remover.segment(Image(rgb=sample.image))
            return _unit(matte.alpha), numbers

        return replace(common, alpha=alpha, labels=remover.labels, kept=remover.kept, segment=segment)
    upscaler = Upscaler(model, tile=tile)

    def image(sample: Sample) -> Pixels:
        return upscaler.upscale(Image(rgb=sample.image)).rgb.astype(np.uint8)

    return replace(common, image=image)


def _unit(alpha: NDArray[np.unsignedinteger]) -> AlphaMatte:
    return (alpha / np.float32(np.iinfo(alpha.dtype).max)).astype(np.float32)


def golden_predictor(folder: Path) -> Predictor:
    """Make a predictor of a folder with one output for each sample, of the sample's id and any suffix.

    It answers both tasks; `task` and `scale` are those of whatever it is compared with.

    Raises:
        InputError: there is no such folder, or no image in it; and, when it is asked, no output for the sample.
    """
    files = images_in(folder)

    def find(sample: Sample) -> Path:
        if sample.id not in files:
            raise InputError(f"{folder}: there is no output for the sample {sample.id!r}; add it, or leave it out")
        return files[sample.id]

    return Predictor(
        task="segmentation",
        scale=1,
        variant=VariantRef(id=f"golden:{folder.name}"),
        execution=Execution(runtime=_FILES, arithmetic="", streams=0),
        alpha=lambda sample: read_alpha(find(sample)),
        image=lambda sample: read_rgb(find(sample)),
    )

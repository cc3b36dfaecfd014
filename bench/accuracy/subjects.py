"""What is validated, and what it is compared with: a model on a device, or a folder of golden outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...core import Arithmetic, Execution, InputError, Task, VariantRef
from ...datasets import AlphaMatte, Pixels, Sample, images_in, read_alpha, read_rgb
from ...images import Image
from ...infer import TILE, LoadedModel, Remover, RuntimeSettings, Upscaler
from ...models import ModelRef, open_at

_FILES = "files"

__all__ = ["Subject", "golden_subject", "model_subject", "open_subjects"]


@dataclass(frozen=True)
class Subject:
    """Something that answers samples.

    Attributes:
        task: that it is for.
        scale: of its answers; 1 for segmentation.
        variant: that answers.
        execution: how it is executed; the runtime is `files` where the answers lie on disk.
        alpha, image: the answer to a sample, of which the task has one.
    """

    task: Task
    scale: int
    variant: VariantRef
    execution: Execution
    alpha: Callable[[Sample], AlphaMatte] | None = None
    image: Callable[[Sample], Pixels] | None = None

    @property
    def label(self) -> str:
        """Return what tells it from others in a table: model, precision and device."""
        return " ".join(part for part in (self.variant.label, self.variant.precision, self.execution.name) if part)

    @property
    def is_on_disk(self) -> bool:
        """Tell whether its answers lie on disk."""
        return self.execution.runtime == _FILES


def open_subjects(
    text: str,
    device: str = "CPU",
    *,
    tile: int = TILE,
    arithmetic: Arithmetic = "f32",
) -> list[Subject]:
    """Open what a user types: each variant of a model's folder is a subject of its own.

    Args:
        text: as `ModelRef.parse` takes it, or `golden:FOLDER`, outputs on disk.
        device: an OpenVINO device string.
        tile: side of a super-resolution tile in input pixels, overlap included; 0 never cuts.
        arithmetic: of what OpenVINO executes; the other runtimes compute in f32.

    Raises:
        MattekitError: it cannot be opened, as its message says.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind == "golden":
        return [golden_subject(Path(rest).expanduser())]
    ref = ModelRef.parse(text)
    settings = RuntimeSettings(device, arithmetic)
    return [model_subject(open_at(ref, path, settings), tile=tile) for path in ref.paths()]


def model_subject(model: LoadedModel, *, tile: int = TILE) -> Subject:
    """Make a subject of a loaded model."""
    contract = model.contract
    common = Subject(contract.task, contract.output.scale, model.variant.ref(), model.runtime.info)
    if contract.task == "segmentation":
        remover = Remover(model)

        def alpha(sample: Sample) -> AlphaMatte:
            found = remover.matte(Image(rgb=sample.image)).alpha
            return (found / np.float32(np.iinfo(found.dtype).max)).astype(np.float32)

        return replace(common, alpha=alpha)
    upscaler = Upscaler(model, tile=tile)

    def image(sample: Sample) -> Pixels:
        return upscaler.upscale(Image(rgb=sample.image)).rgb.astype(np.uint8)

    return replace(common, image=image)


def golden_subject(folder: Path) -> Subject:
    """Make a subject of a folder with one output for each sample, of the sample's id and any suffix.

    It answers both tasks; `task` and `scale` are those of whatever it is compared with.

    Raises:
        InputError: there is no such folder, or no image in it; and, when it is asked, no output for the sample.
    """
    files = images_in(folder)

    def find(sample: Sample) -> Path:
        if sample.id not in files:
            raise InputError(f"{folder}: there is no output for the sample {sample.id!r}; add it, or leave it out")
        return files[sample.id]

    return Subject(
        task="segmentation",
        scale=1,
        variant=VariantRef(id=f"golden:{folder.name}"),
        execution=Execution(runtime=_FILES, arithmetic="", streams=0),
        alpha=lambda sample: read_alpha(find(sample)),
        image=lambda sample: read_rgb(find(sample)),
    )

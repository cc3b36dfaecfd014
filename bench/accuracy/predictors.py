"""What answers samples, and is compared with the truth or with another: a model on a device, or golden outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core import Execution, InputError, ModelError, Task, VariantRef
from ...datasets import AlphaMatte, Dataset, Pixels, Sample, images_in, read_alpha, read_rgb
from ...images import Image
from ...infer import TILE, LoadedModel, Remover, RuntimeSettings, Upscaler
from ...metrics import Confusion, Metric, confusion
from ...models import ModelRef, open_at
from ..evaluation_settings import EvaluationSettings

__all__ = [
    "Predictor",
    "SampleRow",
    "border_of",
    "golden_predictor",
    "measure",
    "model_predictor",
    "open_predictors",
    "open_reference",
]

_DEFAULTS = EvaluationSettings()
_FILES = "files"
_LATER = frozenset({"curve", "classes"})
"""What metrics take whose values all samples decide together."""

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


@dataclass(frozen=True)
class SampleRow:
    """One predictor's figures of one sample, by itself: here or on another machine, they are the same.

    Attributes:
        id: of the sample.
        tags: the sample's, and its slices.
        values: by metric.
        curves: of metrics whose best threshold all samples decide together.
        clip: where videos are measured, the clip's name.
        frame: the answer, the truth and the image there.
        confusion: pixels by true class and answer, where truth and answer are classes.
        certain: the truth is one of classes, and no mask of the subject that can be read as one.
    """

    id: str
    tags: Mapping[str, str]
    values: Mapping[str, float | None]
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, NDArray[np.float64]])
    clip: str | None = None
    frame: tuple[AlphaMatte, AlphaMatte, Pixels] | None = None
    confusion: Confusion | None = None
    certain: bool = False


def border_of(dataset: Dataset) -> int:
    """Return how many pixels at the border of an image are not compared."""
    return 0 if dataset.task == "segmentation" else dataset.scale


def measure(
    predictors: Sequence[Predictor], reference: Predictor | None, metrics: Sequence[Metric], sample: Sample, border: int
) -> list[SampleRow]:
    """Ask each predictor for its answer to a sample and compare it with the truth, or with the reference's answer.

    Args:
        predictors: of the sample's task.
        reference: answers in place of the truth, where there is one.
        metrics: that fit the task.
        sample: with its truth, unless there is a reference.
        border: pixels at the image's border that are not compared.

    Returns:
        A row for each predictor.

    Raises:
        ModelError: an answer has another size than the truth.
        MattekitError: the sample cannot be answered.
    """
    of_classes = any(metric.takes == "classes" for metric in metrics)
    given = _answer(reference, sample, of_classes) if reference else _truth(sample)
    rows: list[SampleRow] = []
    for predictor in predictors:
        answer, numbers = _answer(predictor, sample, of_classes)
        truth, true_numbers = given if reference else _truth_for(predictor, sample, given[0])
        if answer.shape != truth.shape:
            raise ModelError(
                f"{predictor.label}: its answer to {sample.id!r} has the shape {answer.shape}, "
                f"but the truth has {truth.shape}; check the model's scale"
            )
        if sample.void is not None and not reference:
            answer, truth = (np.where(sample.void, np.float32(0), each) for each in (answer, truth))
        counts = None
        if numbers is not None and true_numbers is not None and (not reference or reference.labels == predictor.labels):
            counts = confusion(numbers, true_numbers, len(predictor.labels))
        clip = sample.tags.get("clip")
        whole = clip is not None and any("clip" in metric.takes for metric in metrics)
        rows.append(
            SampleRow(
                id=sample.id,
                tags=_slices(sample),
                values={m.name: _value(m, sample, answer, truth, border) for m in metrics if m.takes not in _LATER},
                curves={m.name: m.function(answer, truth) for m in metrics if m.takes == "curve"},
                clip=clip,
                frame=(answer.astype(np.float32), truth.astype(np.float32), sample.image) if whole else None,
                confusion=counts,
                certain=sample.classes is not None and sample.classes.certain,
            )
        )
    return rows


_Answer = tuple[AlphaMatte | Pixels, Numbers | None]
"""An answer or a truth, and its class numbers where it has some."""


def _truth(sample: Sample) -> _Answer:
    truth = sample.alpha if sample.alpha is not None else sample.high_resolution
    if truth is None:
        raise InputError(f"the sample {sample.id!r} has no truth; give a reference to compare with")
    return truth, None


def _truth_for(predictor: Predictor, sample: Sample, truth: AlphaMatte | Pixels) -> _Answer:
    """Return the truth as a predictor of classes is judged by it: its own labels' numbers, and its own subject."""
    if sample.classes is None or not predictor.labels:
        return truth, None
    numbers = sample.classes.for_labels(predictor.labels)
    if numbers is None:
        return truth, None
    if sample.classes.certain or predictor.kept != predictor.labels[1:]:
        kept = [predictor.labels.index(name) for name in predictor.kept]
        truth = np.isin(numbers, kept).astype(np.float32)
    return truth, numbers


def _answer(predictor: Predictor, sample: Sample, of_classes: bool) -> _Answer:
    if of_classes and predictor.segment is not None and sample.high_resolution is None:
        return predictor.segment(sample)
    call = predictor.alpha if sample.high_resolution is None else predictor.image
    if call is None:
        raise ModelError(f"{predictor.label} cannot answer samples of this task; give a model of the data set's task")
    return call(sample), None


def _value(
    metric: Metric, sample: Sample, answer: AlphaMatte | Pixels, truth: AlphaMatte | Pixels, border: int
) -> float | None:
    if metric.takes == "images":
        return float(metric.function(answer, truth, border))
    if metric.takes == "composite":
        return float(metric.function(answer, truth, sample.image, true_foreground=sample.foreground))
    return None if "clip" in metric.takes else float(metric.function(answer, truth))


def _slices(sample: Sample) -> dict[str, str]:
    tags = dict(sample.tags)
    if sample.alpha is not None:
        share = float(np.mean(sample.alpha >= 0.5)) if sample.alpha.max() >= 0.5 else float(np.mean(sample.alpha))
        tags["subject"] = "empty" if share == 0 else "small" if share < 0.1 else "medium" if share < 0.4 else "large"
    return tags

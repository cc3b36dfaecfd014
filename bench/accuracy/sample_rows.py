"""A predictor's answer to one sample, compared with the truth or with another's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...core import InputError, KeptAnswer, ModelError
from ...datasets import AlphaMatte, Dataset, Pixels, Sample
from ...metrics import Confusion, Metric, confusion
from .kept_answers import kept_answer
from .predictors import Numbers, Predictor

__all__ = ["SampleRow", "border_of", "measure"]

_LATER = frozenset({"curve", "classes"})
"""What metrics take whose values all samples decide together."""


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
        answer: made small, for a record to keep; None where it is not kept.
    """

    id: str
    tags: Mapping[str, str]
    values: Mapping[str, float | None]
    answer: KeptAnswer | None = None
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, NDArray[np.float64]])
    clip: str | None = None
    frame: tuple[AlphaMatte, AlphaMatte, Pixels] | None = None
    confusion: Confusion | None = None
    certain: bool = False


def border_of(dataset: Dataset) -> int:
    """Return how many pixels at the border of an image are not compared."""
    return 0 if dataset.task == "segmentation" else dataset.scale


def measure(
    predictors: Sequence[Predictor],
    reference: Predictor | None,
    metrics: Sequence[Metric],
    sample: Sample,
    border: int,
    *,
    keep: bool,
) -> list[SampleRow]:
    """Ask each predictor for its answer to a sample and compare it with the truth, or with the reference's answer.

    Args:
        predictors: of the sample's task.
        reference: answers in place of the truth, where there is one.
        metrics: that fit the task.
        sample: with its truth, unless there is a reference.
        border: pixels at the image's border that are not compared.
        keep: the answers are for a record to keep.

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
        kept = kept_answer(answer, numbers) if keep else None
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
                answer=kept,
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

"""What is measured of one sample, by itself: here or on another machine, the figures are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...core import InputError, ModelError
from ...datasets import AlphaMatte, Dataset, Pixels, Sample
from ...metrics import Metric
from .subjects import Subject

__all__ = ["SampleRow", "border_of", "measure"]


@dataclass(frozen=True)
class SampleRow:
    """One subject's figures of one sample.

    tags: the sample's, and its slices. values: by metric; curves: of metrics whose best threshold all samples decide
    together. clip, frame: where videos are measured, the clip's name, and the answer, the truth and the image.
    """

    id: str
    tags: Mapping[str, str]
    values: Mapping[str, float | None]
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, NDArray[np.float64]])
    clip: str | None = None
    frame: tuple[AlphaMatte, AlphaMatte, Pixels] | None = None


def border_of(dataset: Dataset) -> int:
    """Return how many pixels at the border of an image are not compared."""
    return 0 if dataset.task == "segmentation" else dataset.scale


def measure(
    subjects: Sequence[Subject], reference: Subject | None, metrics: Sequence[Metric], sample: Sample, border: int
) -> list[SampleRow]:
    """Ask each subject for its answer to a sample and compare it with the truth, or with the reference's answer.

    Raises:
        ModelError: an answer has another size than the truth.
        MattekitError: the sample cannot be answered.
    """
    truth = _answer(reference, sample) if reference else _truth(sample)
    rows: list[SampleRow] = []
    for subject in subjects:
        answer = _answer(subject, sample)
        if answer.shape != truth.shape:
            raise ModelError(
                f"{subject.label}: its answer to {sample.id!r} has the shape {answer.shape}, "
                f"but the truth has {truth.shape}; check the model's scale"
            )
        clip = sample.tags.get("clip")
        whole = clip is not None and any("clip" in metric.takes for metric in metrics)
        rows.append(
            SampleRow(
                id=sample.id,
                tags=_slices(sample),
                values={m.name: _value(m, sample, answer, truth, border) for m in metrics if m.takes != "curve"},
                curves={m.name: m.function(answer, truth) for m in metrics if m.takes == "curve"},
                clip=clip,
                frame=(answer.astype(np.float32), truth.astype(np.float32), sample.image) if whole else None,
            )
        )
    return rows


def _truth(sample: Sample) -> AlphaMatte | Pixels:
    truth = sample.alpha if sample.alpha is not None else sample.high_resolution
    if truth is None:
        raise InputError(f"the sample {sample.id!r} has no truth; give a reference to compare with")
    return truth


def _answer(subject: Subject, sample: Sample) -> AlphaMatte | Pixels:
    call = subject.alpha if sample.high_resolution is None else subject.image
    if call is None:
        raise ModelError(f"{subject.label} cannot answer samples of this task; give a model of the data set's task")
    return call(sample)


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

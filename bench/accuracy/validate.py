"""Validation: how good a model's answers are, sample by sample, against the truth or another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...core import Data, InputError, Measurement, ModelError, Progress, SampleTable, Task, Unit, ValidateRecord
from ...datasets import AlphaMatte, Dataset, Pixels
from ...infer import this_machine
from ...metrics import METRICS, Metric, get_metric
from .measuring import SampleRow, border_of, measure
from .subjects import Subject

__all__ = ["default_metrics", "metrics_for", "validate"]

_DEFAULT: dict[Task, tuple[str, ...]] = {
    "segmentation": ("iou", "mae", "max_f_beta", "weighted_f_beta", "s_measure", "mean_e_measure", "boundary_iou"),
    "super_resolution": ("psnr_y", "ssim_y", "psnr"),
}


def default_metrics(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics that are measured unless others are asked for."""
    return _DEFAULT[task]


def metrics_for(task: Task, names: Sequence[str] | None, *, clips: bool = False) -> tuple[Metric, ...]:
    """Return the metrics of these names; `["all"]` means all that fit the task.

    Args:
        task: of the data set.
        names: of metrics, or None for the default ones.
        clips: whether the data set has videos, which `all` then includes the metrics of.

    Raises:
        InputError: there is no such metric, or it does not fit the task.
    """
    for_images = task == "super_resolution"
    if names is not None and list(names) == ["all"]:
        fitting = (m for m in METRICS.values() if (m.takes == "images") == for_images)
        return tuple(m for m in fitting if clips or "clip" not in m.takes)
    chosen = tuple(get_metric(name) for name in dict.fromkeys(names or _DEFAULT[task]))
    for metric in chosen:
        if (metric.takes == "images") != for_images:
            fitting_names = ", ".join(m.name for m in METRICS.values() if (m.takes == "images") == for_images)
            raise InputError(f"the metric {metric.name} does not fit {task}; choose from {fitting_names}")
    return chosen


def validate(
    subjects: Sequence[Subject],
    dataset: Dataset,
    *,
    metrics: Sequence[str] | None = None,
    reference: Subject | None = None,
    progress: Progress | None = None,
    measured: Iterable[Sequence[SampleRow]] | None = None,
) -> list[ValidateRecord]:
    """Measure each subject on each sample; a record for each subject.

    A record measures the means over all samples (the slice `all`) and over each slice of them: by the
    samples' tags, and for segmentation by the size of the truth (`subject=empty`, `small` below 10% of the image,
    `medium` below 40%, `large`). A metric that cannot be measured on this data set has no value. The record's table
    has a row for each sample. Super-resolution images are compared without
    a border of as many pixels as the scale.

    Args:
        subjects: of the data set's task and scale.
        dataset: with the truth.
        metrics: names, `["all"]`, or None for the default ones.
        reference: answers in place of the truth, such as the model that a subject was made from.
        progress: called after each sample, with the samples.
        measured: for each sample, in order, what `measure` returns; measured here where None.

    Raises:
        InputError: nothing to validate, or a metric is unknown or does not fit.
        ModelError: a subject does not fit the data set, or answers with another size than the truth's.
        MattekitError: a sample cannot be read or answered; no record is made of a part of a data set.
    """
    if not subjects:
        raise InputError("there is no model to validate; give one artifact or more")
    chosen = metrics_for(dataset.task, metrics, clips="clip" in dataset[0].tags)
    for subject in (*subjects, *([reference] if reference else [])):
        _check_fits(subject, dataset)
    tables = [_Table(chosen, border_of(dataset)) for _ in subjects]
    rows = measured or (measure(subjects, reference, chosen, sample, border_of(dataset)) for sample in dataset)
    for done, answers in enumerate(rows, start=1):
        for row, table in zip(answers, tables, strict=True):
            table.add(row)
        if progress:
            progress("samples", done, len(dataset))
    return [_record(subject, table, dataset, reference) for subject, table in zip(subjects, tables, strict=True)]


def _check_fits(subject: Subject, dataset: Dataset) -> None:
    if subject.is_on_disk:
        return
    if (subject.task, subject.scale) != (dataset.task, dataset.scale):
        raise ModelError(
            f"{subject.label} is for {subject.task} x{subject.scale}, but the data set {dataset.name} is for "
            f"{dataset.task} x{dataset.scale}; give a data set of the model's task and scale"
        )


class _Table:
    """Rows of one subject, while they come in."""

    def __init__(self, metrics: Sequence[Metric], border: int) -> None:
        self.metrics = metrics
        self.border = border
        self.ids: list[str] = []
        self.tags: list[Mapping[str, str]] = []
        self._values: dict[str, list[float | None]] = {m.name: [] for m in metrics}
        self._curves: dict[str, list[NDArray[np.float64]]] = {m.name: [] for m in metrics if m.takes == "curve"}
        self._clip: list[tuple[AlphaMatte, AlphaMatte, Pixels]] = []
        self._clip_name: str | None = None
        self._clip_start = 0

    def add(self, row: SampleRow) -> None:
        if row.clip != self._clip_name:
            self._end_clip()
            self._clip_name, self._clip_start = row.clip, len(self.ids)
        self.ids.append(row.id)
        self.tags.append(row.tags)
        for metric in self.metrics:
            if metric.takes == "curve":
                self._curves[metric.name].append(row.curves[metric.name])
            self._values[metric.name].append(row.values.get(metric.name))
        if row.frame is not None:
            self._clip.append(row.frame)

    def columns(self) -> dict[str, list[float | None]]:
        """Return each metric's value for each sample, once all rows are in."""
        self._end_clip()
        for name, curves in self._curves.items():
            stacked = np.stack(curves)
            best = int(np.argmax(stacked.mean(axis=0)))
            self._values[name] = [float(value) for value in stacked[:, best]]
        return self._values

    def _end_clip(self) -> None:
        """Measure the clip that has ended; its one value stands in the row of its first frame."""
        if len(self._clip) > 1:
            answers, truths, frames = zip(*self._clip, strict=True)
            for metric in self.metrics:
                if "clip" in metric.takes:
                    other = truths if metric.takes == "clip" else frames
                    self._values[metric.name][self._clip_start] = float(metric.function(answers, other))
        self._clip = []


def _record(subject: Subject, table: _Table, dataset: Dataset, reference: Subject | None) -> ValidateRecord:
    names = sorted({key for tags in table.tags for key in tags})
    rows = SampleTable(
        ids=tuple(table.ids),
        tags={name: tuple(tags.get(name) for tags in table.tags) for name in names},
        values={name: tuple(values) for name, values in table.columns().items()},
    )
    slices = ["all"]
    for name in names:
        slices += [f"{name}={value}" for value in sorted({tags[name] for tags in table.tags if name in tags})]
    data = Data(
        name=dataset.name,
        sha256=dataset.content_hash,
        reference=reference.label if reference else "truth",
        border=table.border,
        count=len(table.ids),
    )
    figures = [
        Measurement(
            metric=metric.name,
            value=_mean([rows.values[metric.name][row] for row in picked]),
            unit=Unit(metric.unit),
            higher_is_better=metric.higher_is_better,
            variants=(subject.variant,),
            executions=(subject.execution,),
            data=data.model_copy(update={"slice": part, "count": len(picked)}),
        )
        for part, picked in ((part, rows.rows(part)) for part in slices)
        for metric in table.metrics
    ]
    return ValidateRecord(
        machine=this_machine(),
        variants=(subject.variant, *([reference.variant] if reference else [])),
        measurements=tuple(figures),
        settings={
            "dataset": dataset.name,
            "dataset_source": dataset.source,
            "metrics": [metric.name for metric in table.metrics],
        },
        task=dataset.task,
        scale=dataset.scale,
        data=data,
        source=dataset.source,
        table=rows,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return math.fsum(present) / len(present) if present else None

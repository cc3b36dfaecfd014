"""Evaluation: how good models' answers are, sample by sample, against the truth or another model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...core import (
    Data,
    InputError,
    KeptAnswer,
    Measurement,
    ModelError,
    Result,
    SampleTable,
    Unit,
    ValidateRecord,
    with_settings,
)
from ...datasets import AlphaMatte, Dataset, Pixels, open_dataset
from ...infer import this_machine
from ...metrics import Confusion, Metric
from ..evaluation_settings import EvaluationSettings
from .class_figures import chosen_metrics, class_columns, class_figures
from .kept_answers import kept_places
from .outputs import write_validation
from .predictors import Predictor, open_predictors, open_reference
from .sample_rows import SampleRow, border_of, measure

__all__ = ["EvaluationResult", "evaluate", "run_evaluation", "validate"]

_DEFAULTS = EvaluationSettings()


@dataclass(frozen=True)
class EvaluationResult(Result[ValidateRecord]):
    """What an evaluation measured: a record for each model, or variant of one, in their order.

    Attributes:
        paths: where the records lie; empty where nothing was written.
    """

    paths: tuple[Path, ...] = ()


def run_evaluation(
    models: str | Path | Sequence[str | Path], data: str | Path | Dataset, settings: EvaluationSettings
) -> EvaluationResult:
    """Measure how good models are on a data set; `mattekit validate` is this.

    Args:
        models: one or several, each as the command line takes it: a zoo entry, a file, a model's folder (each variant
            in it), or `golden:FOLDER`, answers on disk.
        data: as `open_dataset` takes it, or an open one.
        settings: what to measure.

    Returns:
        A record for each model, and where they lie if `out` was given.

    Raises:
        MattekitError: as its message says; nothing is written then.

    Example:
        >>> import mattekit
        >>> result = mattekit.evaluate("mattelite", "synthetic:count=2,size=96x64", metrics=["iou", "mae"])
        >>> [figure.metric for figure in result.record.measurements if figure.is_whole]
        ['iou', 'mae']
    """
    named = [models] if isinstance(models, str | Path) else list(models)
    if settings.address and settings.engine != "ray":
        raise InputError("--address is for --engine ray; add that, or leave it out")
    if not named:
        raise InputError("there is no model to validate; give one artifact or more")
    predictors = [each for model in named for each in open_predictors(model, settings, single=len(named) == 1)]
    reference = open_reference(settings)
    opened = [each for each in (*predictors, *([reference] if reference else [])) if not each.is_on_disk]
    first = opened[0] if opened else None
    scale = settings.scale or (first.scale if first else 1)
    dataset = data if isinstance(data, Dataset) else open_dataset(data, scale=scale, task=first.task if first else None)
    if settings.limit:
        dataset = dataset.take(settings.limit)
    # A wrong name is said before the first sample, not after the last.
    chosen = tuple(each.name for each in chosen_metrics(predictors, dataset, settings.metrics))
    if settings.order and settings.order not in chosen:
        raise InputError(
            f"samples cannot be ordered by {settings.order!r}, which is not measured; add it to the metrics"
        )
    measured = None
    if settings.engine == "ray":
        from .cluster import measure_on_ray

        measured = measure_on_ray(tuple(named), dataset, chosen, settings)
    records = validate(predictors, dataset, metrics=chosen, reference=reference, settings=settings, measured=measured)
    paths = write_validation(records, predictors, dataset, settings) if settings.out else []
    return EvaluationResult(tuple(records), tuple(paths))


evaluate = with_settings(EvaluationSettings, "evaluate")(run_evaluation)


def validate(
    predictors: Sequence[Predictor],
    dataset: Dataset,
    *,
    metrics: Sequence[str] | None = None,
    reference: Predictor | None = None,
    settings: EvaluationSettings = _DEFAULTS,
    measured: Iterable[Sequence[SampleRow]] | None = None,
) -> list[ValidateRecord]:
    """Measure each predictor on each sample; a record for each predictor.

    A record measures the means over all samples (the slice `all`) and over each slice of them: by the
    samples' tags, and for segmentation by the size of the truth (`subject=empty`, `small` below 10% of the image,
    `medium` below 40%, `large`). Where truth and answers are classes, `iou` of each class is measured too (the slice
    `class=NAME`). A metric that cannot be measured on this data set has no value. The record's table
    has a row for each sample. Super-resolution images are compared without
    a border of as many pixels as the scale.

    Args:
        predictors: of the data set's task and scale.
        dataset: with the truth.
        metrics: names, `["all"]`, or None for the default ones.
        reference: answers in place of the truth, such as the model that a predictor was made from.
        settings: what the records keep of them; their `progress` is called after each sample, with the samples.
        measured: for each sample, in order, what `measure` returns; measured here where None.

    Raises:
        InputError: nothing to validate, or a metric is unknown or does not fit.
        ModelError: a predictor does not fit the data set, or answers with another size than the truth's.
        MattekitError: a sample cannot be read or answered; no record is made of a part of a data set.
    """
    if not predictors:
        raise InputError("there is no model to validate; give one artifact or more")
    chosen = chosen_metrics(predictors, dataset, metrics)
    for predictor in (*predictors, *([reference] if reference else [])):
        _check_fits(predictor, dataset)
    places, border = kept_places(len(dataset)), border_of(dataset)
    tables = [_Table(chosen, border) for _ in predictors]
    rows = measured or (
        measure(predictors, reference, chosen, sample, border, keep=place in places)
        for place, sample in enumerate(dataset)
    )
    for done, answers in enumerate(rows, start=1):
        for row, table in zip(answers, tables, strict=True):
            table.add(row)
        if settings.progress:
            settings.progress("samples", done, len(dataset))
    return [
        _record(predictor, table, dataset, reference, settings)
        for predictor, table in zip(predictors, tables, strict=True)
    ]


def _check_fits(predictor: Predictor, dataset: Dataset) -> None:
    if predictor.is_on_disk:
        return
    if (predictor.task, predictor.scale) != (dataset.task, dataset.scale):
        raise ModelError(
            f"{predictor.label} is for {predictor.task} x{predictor.scale}, but the data set {dataset.name} is for "
            f"{dataset.task} x{dataset.scale}; give a data set of the model's task and scale"
        )


class _Table:
    """Rows of one predictor, while they come in."""

    def __init__(self, metrics: Sequence[Metric], border: int) -> None:
        self.metrics = metrics
        self.border = border
        self.ids: list[str] = []
        self.answers: dict[str, KeptAnswer] = {}
        self.tags: list[Mapping[str, str]] = []
        self._values: dict[str, list[float | None]] = {m.name: [] for m in metrics}
        self._curves: dict[str, list[NDArray[np.float64]]] = {m.name: [] for m in metrics if m.takes == "curve"}
        self._confusions: list[Confusion | None] = []
        self._certain = False
        self._clip: list[tuple[AlphaMatte, AlphaMatte, Pixels]] = []
        self._clip_name: str | None = None
        self._clip_start = 0

    def add(self, row: SampleRow) -> None:
        if row.clip != self._clip_name:
            self._end_clip()
            self._clip_name, self._clip_start = row.clip, len(self.ids)
        self.ids.append(row.id)
        if row.answer is not None:
            self.answers[row.id] = row.answer
        self.tags.append(row.tags)
        for metric in self.metrics:
            if metric.takes == "curve":
                self._curves[metric.name].append(row.curves[metric.name])
            self._values[metric.name].append(row.values.get(metric.name))
        self._confusions.append(row.confusion)
        self._certain = self._certain or row.certain
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

    def confusions(self) -> Confusion | None:
        """Return a confusion for each sample, (samples, classes, classes); None where truth and answers are no classes.

        Masks of nothing but 0 and 1 tell a network of several classes the subject alone.
        """
        found = [counts for counts in self._confusions if counts is not None]
        if len(found) < len(self.ids):
            return None
        stacked = np.stack(found)
        return stacked if self._certain or stacked.shape[1] == 2 or stacked[:, 2:].any() else None

    def _end_clip(self) -> None:
        """Measure the clip that has ended; its one value stands in the row of its first frame."""
        if len(self._clip) > 1:
            answers, truths, frames = zip(*self._clip, strict=True)
            for metric in self.metrics:
                if "clip" in metric.takes:
                    other = truths if metric.takes == "clip" else frames
                    self._values[metric.name][self._clip_start] = float(metric.function(answers, other))
        self._clip = []


def _record(
    predictor: Predictor, table: _Table, dataset: Dataset, reference: Predictor | None, settings: EvaluationSettings
) -> ValidateRecord:
    names = sorted({key for tags in table.tags for key in tags})
    counts = table.confusions()
    by_class = {} if counts is None else class_columns(counts, predictor.labels, table.metrics)
    rows = SampleTable(
        ids=tuple(table.ids),
        tags={name: tuple(tags.get(name) for tags in table.tags) for name in names},
        values={name: tuple(values) for name, values in (table.columns() | by_class).items()},
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
            variants=(predictor.variant,),
            executions=(predictor.execution,),
            data=data.model_copy(update={"slice": part, "count": len(picked)}),
        )
        for part, picked in ((part, rows.rows(part)) for part in slices)
        for metric in table.metrics
        if part == "all" or metric.takes != "classes"
    ]
    figures += [] if counts is None else class_figures(rows, predictor.labels, figures[0])
    return ValidateRecord(
        machine=this_machine(),
        variants=(predictor.variant, *([reference.variant] if reference else [])),
        measurements=tuple(figures),
        settings={
            **settings.described(),
            "dataset": dataset.name,
            "dataset_source": dataset.source,
            "metrics": [metric.name for metric in table.metrics],
        },
        task=dataset.task,
        scale=dataset.scale,
        data=data,
        source=dataset.source,
        table=rows,
        labels=() if counts is None else predictor.labels,
        confusion=() if counts is None else tuple(tuple(row) for row in counts.sum(axis=0).tolist()),
        answers=table.answers,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return math.fsum(present) / len(present) if present else None

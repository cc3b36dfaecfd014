"""Figures of classes: of a whole set, whose summed confusion they are made of, and each sample's share in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...core import Measurement, SampleTable
from ...datasets import VOID, Dataset
from ...metrics import Confusion, Metric, class_shares, metrics_for
from .predictors import Predictor

__all__ = ["chosen_metrics", "class_columns", "class_figures"]

_FEW = 8
"""Samples by which it is told whether a set is of classes: some masks show nothing."""


def chosen_metrics(
    predictors: Sequence[Predictor], dataset: Dataset, names: Sequence[str] | None
) -> tuple[Metric, ...]:
    """Return the metrics of these names, or those that are usual for the data set and what answers it.

    Raises:
        InputError: there is no such metric, or it does not fit.
    """
    if names and list(names) != ["all"]:
        # What is named depends on no sample.
        return metrics_for(dataset.task, names)
    labels = [predictor.labels for predictor in predictors if predictor.labels]
    few = [dataset[number] for number in range(min(_FEW, len(dataset)) if labels else 1)]
    of_classes = any(
        (numbers := sample.classes.for_labels(each)) is not None
        and (sample.classes.certain or len(each) == 2 or bool(((numbers > 1) & (numbers != VOID)).any()))
        for each in labels
        for sample in few
        if sample.classes is not None
    )
    return metrics_for(dataset.task, names, clips="clip" in few[0].tags, classes=of_classes)


def class_columns(counts: Confusion, labels: Sequence[str], metrics: Sequence[Metric]) -> dict[str, list[float | None]]:
    """Return the columns of a table of samples that a confusion for each of them gives.

    Args:
        counts: (samples, classes, classes).
        labels: of the classes.
        metrics: those that are measured; others have no column.

    Returns:
        By metric, and `iou class=LABEL`, each sample's share in the set's figure; None for a class that is nowhere.
    """
    shares = class_shares(counts)
    by_class = shares.pop("class_iou")
    columns = {
        metric.name: _values(
            shares[metric.name] if metric.name in shares else np.array([metric.function(one) for one in counts])
        )
        for metric in metrics
        if metric.takes == "classes"
    }
    return columns | {f"iou class={label}": _values(by_class[:, place]) for place, label in enumerate(labels)}


def class_figures(rows: SampleTable, labels: Sequence[str], example: Measurement) -> list[Measurement]:
    """Return the IoU of each class.

    Args:
        rows: with the columns of `class_columns`.
        labels: of the classes.
        example: any figure of the same model on the same samples.
    """
    figures: list[Measurement] = []
    for label in labels:
        part = f"class={label}"
        shares = list(rows.of("iou", part).values())
        figure = example.measured("iou", math.fsum(shares) / len(shares) if shares else None, higher_is_better=True)
        data = example.data and example.data.model_copy(update={"slice": part, "count": len(rows.ids)})
        figures.append(figure.model_copy(update={"data": data}))
    return figures


def _values(column: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in column]

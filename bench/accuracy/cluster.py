"""Evaluation on many machines: samples are measured where there is room, and reduced here, in their order."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...cluster import cluster, rows_of, whole_nodes
from ...datasets import Dataset
from ...metrics import get_metric
from ..evaluation_settings import EvaluationSettings
from .kept_answers import kept_places
from .predictors import open_predictors, open_reference
from .sample_rows import SampleRow, border_of, measure

__all__ = ["measure_on_ray"]

_BATCH = 4
"""Samples that are sent to an actor at a time."""


@dataclass(frozen=True)
class _Work:
    """All that an actor needs."""

    models: tuple[str | Path, ...]
    dataset: Dataset
    metrics: tuple[str, ...]
    settings: EvaluationSettings


class _SampleActor:
    """The models, opened as the local engine opens them; called with numbers of samples, returns their rows."""

    def __init__(self, work: _Work) -> None:
        self._dataset = work.dataset
        self._metrics = [get_metric(name) for name in work.metrics]
        single = len(work.models) == 1
        self._predictors = [
            each for model in work.models for each in open_predictors(model, work.settings, single=single)
        ]
        self._reference = open_reference(work.settings)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """Measure the samples of one batch."""
        (data,) = batch["samples"]
        border, places = border_of(self._dataset), kept_places(len(self._dataset))
        rows = [
            measure(
                self._predictors, self._reference, self._metrics, self._dataset[number], border, keep=number in places
            )
            for number in pickle.loads(data)  # noqa: S301 - our own numbers
        ]
        return {"rows": [pickle.dumps(rows)]}


def measure_on_ray(
    models: tuple[str | Path, ...], dataset: Dataset, metrics: tuple[str, ...], settings: EvaluationSettings
) -> Generator[list[SampleRow]]:
    """Measure every sample on a Ray cluster; give each one's rows, in the samples' order.

    Every node must find the models and the samples under the same paths as this machine. An actor takes a whole node,
    as the local engine takes its machine: rounding depends on how many threads share a sum.

    Args:
        models: as `open_predictors` takes them.
        dataset: what is measured on.
        metrics: their names.
        settings: how the models are opened, and the cluster's address.

    Raises:
        MattekitError: as `measure` raises it, on whatever machine.
    """
    count = len(dataset)
    work = _Work(models, dataset, metrics, settings)

    def numbers() -> Generator[bytes]:
        for first in range(0, count, _BATCH):
            yield pickle.dumps(range(first, min(first + _BATCH, count)))

    with cluster(settings.address or "local"):
        for data in rows_of(numbers, _SampleActor, work, whole_nodes(settings.device), column="samples", ordered=True):
            yield from pickle.loads(data)  # noqa: S301 - our own rows

"""Validation on many machines: samples are measured where there is room, and reduced here, in their order."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from ...cluster import cluster, rows_of, whole_nodes
from ...core import Arithmetic
from ...datasets import Dataset
from ...metrics import get_metric
from .measuring import SampleRow, border_of, measure
from .subjects import Subject, open_subjects

__all__ = ["SampleActor", "ValidationWork", "measure_on_ray"]

_BATCH = 4
"""Samples that are sent to an actor at a time."""


@dataclass(frozen=True)
class ValidationWork:
    """All that an actor needs: the models and the reference as `open_subjects` takes them, the samples, the metrics."""

    artifacts: tuple[str, ...]
    reference: str | None
    dataset: Dataset
    metrics: tuple[str, ...]
    device: str
    arithmetic: Arithmetic
    tile: int


class SampleActor:
    """The models, opened as the local engine opens them; called with numbers of samples, returns their rows."""

    def __init__(self, work: ValidationWork) -> None:
        def opened(text: str, *, arithmetic: Arithmetic) -> list[Subject]:
            return open_subjects(text, work.device, tile=work.tile, arithmetic=arithmetic)

        self._dataset = work.dataset
        self._metrics = [get_metric(name) for name in work.metrics]
        self._subjects = [each for text in work.artifacts for each in opened(text, arithmetic=work.arithmetic)]
        self._reference = opened(work.reference, arithmetic="f32")[0] if work.reference else None

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """Measure the samples of one batch."""
        (data,) = batch["samples"]
        border = border_of(self._dataset)
        rows = [
            measure(self._subjects, self._reference, self._metrics, self._dataset[number], border)
            for number in pickle.loads(data)  # noqa: S301 - our own numbers
        ]
        return {"rows": [pickle.dumps(rows)]}


def measure_on_ray(work: ValidationWork, address: str) -> Generator[list[SampleRow]]:
    """Measure every sample on a Ray cluster; give each one's rows, in the samples' order.

    Every node must find the models and the samples under the same paths as this machine. An actor takes a whole node,
    as the local engine takes its machine: rounding depends on how many threads share a sum.

    Raises:
        MattekitError: as `measure` raises it, on whatever machine.
    """
    count = len(work.dataset)

    def numbers() -> Generator[bytes]:
        for first in range(0, count, _BATCH):
            yield pickle.dumps(range(first, min(first + _BATCH, count)))

    with cluster(address):
        for data in rows_of(numbers, SampleActor, work, whole_nodes(work.device), column="samples", ordered=True):
            yield from pickle.loads(data)  # noqa: S301 - our own rows

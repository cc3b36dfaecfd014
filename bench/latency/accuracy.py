"""Accuracy beside latency: each point of a grid on a data set."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import Contract, MattekitError, Measurement, Progress
from ...datasets import Dataset, open_dataset
from ...metrics import default_metrics, get_metric
from ..accuracy.evaluation import validate
from ..accuracy.predictors import model_predictor
from .candidates import Candidate
from .opening import loaded, open_candidate
from .outcomes import Outcome

__all__ = ["measure_accuracy"]


def measure_accuracy(
    outcomes: Sequence[Outcome],
    data: str,
    samples: int | None = None,
    *,
    progress: Progress | None = None,
) -> None:
    """Give each outcome the mean of its task's first metric on a data set, as `validate` measures it.

    Candidates that differ only in what cannot move an answer (batch, streams, hint) are measured once. One that does
    not fit the data set, such as another task's, gets a note instead.

    Args:
        outcomes: of candidates that were measured.
        data: as `open_dataset` takes it.
        samples: take so many, spread evenly.
        progress: called before each candidate.

    Raises:
        InputError: the data set cannot be opened.
    """
    known: dict[tuple[object, ...], Measurement | str] = {}
    datasets: dict[int, Dataset] = {}
    for number, outcome in enumerate(outcomes):
        candidate = outcome.candidate
        scale = candidate.variant.contract.output.scale
        if scale not in datasets:
            dataset = open_dataset(data, scale=scale)
            datasets[scale] = dataset.take(samples) if samples else dataset
        same = (
            *(candidate.variant.path, candidate.runtime, candidate.device, candidate.arithmetic),
            *(candidate.height, candidate.width),
        )
        if same not in known:
            if progress:
                progress(f"accuracy of {candidate.key}", number, len(outcomes))
            known[same] = _of(candidate, datasets[scale])
        found = known[same]
        if isinstance(found, str):
            outcome.notes.append(f"no accuracy: {found}")
        else:
            outcome.accuracy = found


def _of(candidate: Candidate, dataset: Dataset) -> Measurement | str:
    contract: Contract = candidate.variant.contract
    if (dataset.task, dataset.scale) != (contract.task, contract.output.scale):
        return f"the data set {dataset.name} is for {dataset.task}"
    try:
        runtime = open_candidate(candidate.model_copy(update={"batch": 1, "streams": None}))
        subject = model_predictor(loaded(candidate, runtime), tile=max(candidate.height, candidate.width))
        metric = get_metric(default_metrics(contract.task)[0])
        (record,) = validate([subject], dataset, metrics=[metric.name])
    except MattekitError as error:
        return str(error)
    (figure,) = (each for each in record.measurements if each.is_whole)
    return figure

"""How accurate candidates are: each answers the samples of a data set, and is compared with truth or the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...core import MattekitError, Progress, ValidateRecord
from .candidates import Candidate
from .rembg_process import RembgProcess
from .trials import Trial
from .whole_way import as_model
from .worker import Worker

if TYPE_CHECKING:
    from ...datasets import Dataset
    from ..accuracy.predictors import Predictor

__all__ = ["AccuracySamples", "measure_accuracy"]

_SHOWN = 8
"""Samples whose answers are kept as images."""


@dataclass(frozen=True)
class AccuracySamples:
    """What accuracy is measured on.

    Attributes:
        data: as `open_dataset` takes it, or an open one.
        limit: at most so many samples, spread evenly.
        metric: by its name; the first one of the candidate's task unless given.
        answers: a folder for a record of each candidate's accuracy with small images of some answers beside it; nothing
            is kept unless given.
    """

    data: str | Dataset
    limit: int | None = None
    metric: str | None = None
    answers: Path | None = None


def measure_accuracy(
    trials: Sequence[Trial],
    samples: AccuracySamples,
    *,
    baseline: Trial | None = None,
    progress: Progress | None = None,
) -> None:
    """Give each candidate the mean of a metric on a data set, as `validate` measures it.

    Candidates that differ only in what cannot move an answer (batch, streams, hint) are measured once. One that does
    not fit the data set, such as another task's, gets a note instead. Where the samples have no truth, the baseline's
    answers stand for it.

    Args:
        trials: of candidates that were measured.
        samples: of the data set.
        baseline: whose answers stand for a truth that is not there.
        progress: called before each candidate.

    Raises:
        InputError: the data set cannot be opened, or images cannot be kept in the folder.
    """
    known: dict[tuple[object, ...], ValidateRecord | str] = {}
    with ExitStack() as stack:
        examiner = _Examiner(samples, baseline, stack)
        for number, trial in enumerate(trials):
            candidate = trial.candidate
            same = (
                *(candidate.variant.path, candidate.runtime, candidate.device, candidate.arithmetic),
                *(candidate.height, candidate.width),
            )
            if same not in known:
                if progress:
                    progress(f"accuracy of {candidate.key}", number, len(trials))
                known[same] = examiner.measure(candidate, len(known) + 1)
            found = known[same]
            if isinstance(found, str):
                trial.notes.append(f"no accuracy: {found}")
            else:
                trial.accuracy = next(each for each in found.measurements if each.is_whole)
                trial.samples = found.table


class _Examiner:
    """Asks candidates for answers to the same samples."""

    def __init__(self, samples: AccuracySamples, baseline: Trial | None, stack: ExitStack) -> None:
        self._samples = samples
        self._baseline = baseline
        self._stack = stack
        self._datasets: dict[int, Dataset] = {}
        self._reference: Predictor | None = None
        self._rows: list[int] = []

    def measure(self, candidate: Candidate, number: int) -> ValidateRecord | str:
        """Return the accuracy of a candidate, or why there is none; its record is kept under the number, if at all."""
        # Here, because a worker, which times stages, needs none of it.
        from ...metrics import default_metrics
        from ..accuracy import evaluation, outputs, remembering, sample_choice

        contract, dataset = candidate.variant.contract, self._dataset(candidate)
        if (dataset.task, dataset.scale) != (contract.task, contract.output.scale):
            return f"the data set {dataset.name} is for {dataset.task}"
        metric = self._samples.metric or default_metrics(contract.task)[0]
        try:
            if self._reference is None and self._baseline is not None and not dataset[0].has_truth:
                self._reference = remembering.remembering(self._answering(self._baseline.candidate))
            predictor = self._answering(candidate)
            (record,) = evaluation.validate([predictor], dataset, metrics=[metric], reference=self._reference)
        except MattekitError as error:
            return str(error)
        if self._samples.answers is not None:
            path = self._samples.answers / f"{number}.json"
            # Those of the first candidate: all show the same ones.
            self._rows = self._rows or sample_choice.rows_to_show([record], count=_SHOWN)
            record.write(path)
            outputs.write_sample_images(path, predictor, dataset, self._rows)
        return record

    def _dataset(self, candidate: Candidate) -> Dataset:
        from ...datasets import open_dataset

        contract, data = candidate.variant.contract, self._samples.data
        scale = contract.output.scale
        if scale not in self._datasets:
            opened = open_dataset(data, scale=scale, task=contract.task) if isinstance(data, str) else data
            self._datasets[scale] = opened.take(self._samples.limit) if self._samples.limit else opened
        return self._datasets[scale]

    def _answering(self, candidate: Candidate) -> Predictor:
        from ..accuracy.predictors import Predictor, model_predictor

        if candidate.interpreter is None:
            runtime = replace(candidate, batch=1, streams=None).open()
            return model_predictor(as_model(candidate, runtime), tile=max(candidate.height, candidate.width))
        peer = self._stack.enter_context(RembgProcess(candidate))
        opened = peer.call(Worker.open, 0)
        ref = candidate.variant.ref()
        return Predictor("segmentation", 1, ref, opened.executed.plain, alpha=lambda sample: peer.mask(sample.image))

"""A candidate as a model that takes images: timed from file to encoded result, and measured on a data set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...core import MattekitError, Progress, ValidateRecord
from ...images import Image, encode_image, read_image
from ...infer import LoadedModel, Remover, Runtime, SerialRuntime, Tensor, Upscaler
from .candidates import Candidate
from .trials import STAGES, TOTAL, Trial

if TYPE_CHECKING:
    from ...datasets import Dataset

__all__ = ["measure_accuracy", "time_stages"]


def time_stages(candidate: Candidate, runtime: Runtime, images: Sequence[Path]) -> dict[str, list[float]]:
    """Bring images from file to encoded PNG one after another; milliseconds by stage and image.

    `pre` ends with the first call of the network, `infer` is the time inside it, `post` all else up to the encoding:
    of a super-resolution image that is cut into tiles, `post` includes the preparation of the tiles after the first.
    Nothing is written to a disk, whose speed is not the model's. `total` is measured, not summed.

    Raises:
        MattekitError: an image cannot be read, or its result is too large.
    """
    calls: list[float] = []

    def run(tensor: Tensor) -> tuple[Tensor]:
        calls.append(time.perf_counter())
        return (runtime.run(tensor),)

    clocked = SerialRuntime(runtime.info, run)
    model = _loaded(candidate, clocked)
    if candidate.variant.contract.task == "segmentation":
        remover = Remover(model)

        def work(image: Image) -> Image:
            return remover.remove(image)[0]
    else:
        work = Upscaler(model, tile=max(candidate.height, candidate.width)).upscale
    times: dict[str, list[float]] = {stage: [] for stage in (*STAGES, TOTAL)}
    for path in images:
        calls.clear()
        before, began = clocked.spent.working, time.perf_counter()
        image = read_image(path)
        decoded = time.perf_counter()
        result = work(image)
        worked = time.perf_counter()
        encode_image(result, "png")
        ended = time.perf_counter()
        pre, inferred = min(calls, default=decoded) - decoded, clocked.spent.working - before
        for stage, seconds in (
            ("decode", decoded - began),
            ("pre", pre),
            ("infer", inferred),
            ("post", worked - decoded - pre - inferred),
            ("encode", ended - worked),
            (TOTAL, ended - began),
        ):
            times[stage].append(seconds * 1000)
    return times


def measure_accuracy(
    trials: Sequence[Trial],
    data: str | Dataset,
    limit: int | None = None,
    *,
    baseline: Trial | None = None,
    progress: Progress | None = None,
) -> None:
    """Give each candidate the mean of its task's first metric on a data set, as `validate` measures it.

    Candidates that differ only in what cannot move an answer (batch, streams, hint) are measured once. One that does
    not fit the data set, such as another task's, gets a note instead. Where the samples have no truth, the baseline's
    answers stand for it.

    Args:
        trials: of candidates that were measured.
        data: as `open_dataset` takes it, or an open one.
        limit: at most so many samples, spread evenly.
        baseline: whose answers stand for a truth that is not there.
        progress: called before each candidate.

    Raises:
        InputError: the data set cannot be opened.
    """
    # Here, because a worker, which times stages, needs none of it.
    from ...datasets import open_dataset
    from ...metrics import default_metrics
    from ..accuracy import evaluation, predictors, remembering

    def answering(candidate: Candidate) -> predictors.Predictor:
        runtime = replace(candidate, batch=1, streams=None).open()
        return predictors.model_predictor(_loaded(candidate, runtime), tile=max(candidate.height, candidate.width))

    def measure(candidate: Candidate, dataset: Dataset) -> ValidateRecord | str:
        contract = candidate.variant.contract
        if (dataset.task, dataset.scale) != (contract.task, contract.output.scale):
            return f"the data set {dataset.name} is for {dataset.task}"
        try:
            if "reference" not in kept and baseline is not None and not dataset[0].has_truth:
                kept["reference"] = remembering.remembering(answering(baseline.candidate))
            (record,) = evaluation.validate(
                [answering(candidate)],
                dataset,
                metrics=default_metrics(contract.task)[:1],
                reference=kept.get("reference"),
            )
        except MattekitError as error:
            return str(error)
        return record

    kept: dict[str, predictors.Predictor] = {}
    known: dict[tuple[object, ...], ValidateRecord | str] = {}
    datasets: dict[int, Dataset] = {}
    for number, trial in enumerate(trials):
        candidate, contract = trial.candidate, trial.candidate.variant.contract
        scale = contract.output.scale
        if scale not in datasets:
            dataset = open_dataset(data, scale=scale, task=contract.task) if isinstance(data, str) else data
            datasets[scale] = dataset.take(limit) if limit else dataset
        same = (
            *(candidate.variant.path, candidate.runtime, candidate.device, candidate.arithmetic),
            *(candidate.height, candidate.width),
        )
        if same not in known:
            if progress:
                progress(f"accuracy of {candidate.key}", number, len(trials))
            known[same] = measure(candidate, datasets[scale])
        found = known[same]
        if isinstance(found, str):
            trial.notes.append(f"no accuracy: {found}")
        else:
            trial.accuracy = next(each for each in found.measurements if each.is_whole)
            trial.samples = found.table


def _loaded(candidate: Candidate, runtime: Runtime) -> LoadedModel:
    """Return the candidate as a model that takes images, in windows of its size alone."""
    contract = candidate.variant.contract.with_size(candidate.height, candidate.width)
    return LoadedModel(replace(candidate.variant, contract=contract), runtime)

"""A whole validation, from what a user types to files and a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...core import Arithmetic, InputError, Progress, ValidateRecord
from ...datasets import open_dataset
from ...models import ModelRef
from .outputs import write_validation
from .subjects import Subject, open_subjects
from .validate import metrics_for, validate

__all__ = ["Report", "ValidationRequest", "run_validation"]


@dataclass(frozen=True)
class ValidationRequest:
    """What to validate, in the user's words.

    artifacts, reference: as `open_subjects` takes them. data: as `open_dataset` takes it. scale: of super-resolution;
    that of the first model unless given, which only golden outputs make necessary. limit: take so many samples,
    spread evenly. by: the metric that orders samples. worst: how many of them to show. replace: records of the same
    names, whatever was validated. ray: the address of a Ray cluster that measures the samples; None measures them here.
    """

    artifacts: tuple[str, ...]
    data: str
    reference: str | None = None
    metrics: tuple[str, ...] | None = None
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    tile: int = 256
    scale: int | None = None
    limit: int | None = None
    by: str | None = None
    worst: int = 12
    replace: bool = False
    ray: str | None = None


@dataclass(frozen=True)
class Report:
    """What came of it: a record for each artifact, and where the records lie."""

    records: list[ValidateRecord]
    paths: list[Path]


def run_validation(
    request: ValidationRequest,
    out: Path,
    *,
    progress: Progress | None = None,
) -> Report:
    """Open the models and the data set, measure, and write records, tables and sheets into a folder.

    Args:
        request: what to validate.
        out: folder, made if need be.
        progress: called after each sample, with the samples.

    Raises:
        MattekitError: as its message says; nothing is written then.
    """
    if not request.artifacts:
        raise InputError("there is no model to validate; give one artifact or more")
    subjects = [
        subject
        for text in request.artifacts
        for subject in open_subjects(text, request.device, tile=request.tile, arithmetic=request.arithmetic)
    ]
    reference = _reference(request)
    models = [subject for subject in (*subjects, *([reference] if reference else [])) if not subject.is_on_disk]
    first = models[0] if models else None
    dataset = open_dataset(
        request.data, scale=request.scale or (first.scale if first else 1), task=first.task if first else None
    )
    if request.limit:
        dataset = dataset.take(request.limit)
    # A wrong name is said before the first sample, not after the last.
    chosen = metrics_for(dataset.task, request.metrics, clips="clip" in dataset[0].tags)
    if request.by and request.by not in {metric.name for metric in chosen}:
        raise InputError(f"samples cannot be ordered by {request.by!r}, which is not measured; add it to the metrics")
    measured = None
    if request.ray is not None:
        from .cluster import ValidationWork, measure_on_ray

        names = tuple(metric.name for metric in chosen)
        work = ValidationWork(
            request.artifacts,
            request.reference,
            dataset,
            names,
            request.device,
            request.arithmetic,
            request.tile,
        )
        measured = measure_on_ray(work, request.ray)
    records = validate(
        subjects, dataset, metrics=request.metrics, reference=reference, progress=progress, measured=measured
    )
    paths = write_validation(
        records, subjects, dataset, out, by=request.by, worst=request.worst, replace=request.replace
    )
    return Report(records, paths)


def _reference(request: ValidationRequest) -> Subject | None:
    if not request.reference:
        return None
    if not request.reference.startswith("golden:"):
        # A reference is one model: several are told before any is compiled.
        ModelRef.parse(request.reference).path_of_one()
    return open_subjects(request.reference, request.device, tile=request.tile)[0]

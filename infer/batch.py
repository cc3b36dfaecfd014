"""The pipeline over many files, overlapped: one bad file stops nothing, and is not forgotten."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from .engine.budget import Budget
from .engine.manifest import Manifest
from .engine.overlap import Stages, in_series, overlapped
from .location import Location
from .outcome import Outcome
from .pipeline import Pipeline, Stage
from .plan import Batch, plan_batch
from .processing import MEMORY, ImageJob, ImageWork, settle

__all__ = [
    "Batch",
    "plan_batch",
    "run_batch",
    "workers_for",
]


def workers_for(batch: Batch, pipeline: Pipeline, jobs: int | None = None) -> dict[Stage, int]:
    """Return how many images each stage of a run holds at a time.

    Args:
        batch: what is run; a single image goes through the stages one after another.
        pipeline: whose models say how many inferences their device works on at a time.
        jobs: how many images are encoded at a time, and half as many decoded; as many as there are processors where
            None. With 1 each image is finished before the next is begun.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1 or len(batch.inputs) == 1:
        return dict.fromkeys(("decode", "remove", "upscale", "superimpose", "infer", "encode"), 1)
    requests = max((model.runtime.info.requests for model in pipeline.models), default=1)
    # One more than the device takes, so that the next tensor is ready when a request is.
    held = requests + 1 if pipeline.models else jobs
    return {
        "decode": -(-jobs // 2),
        "remove": held,
        "upscale": held,
        "superimpose": held,
        "infer": requests,
        "encode": jobs,
    }


def run_batch(
    batch: Batch,
    pipeline: Pipeline,
    *,
    jobs: int | None = None,
    memory: int = MEMORY,
    manifest: Manifest | None = None,
) -> Generator[Outcome]:
    """Run each input through the pipeline and write its result; the results don't depend on `jobs` or `memory`.

    Args:
        batch: as `plan_batch` gives it.
        pipeline: what is done.
        jobs: see `workers_for`.
        memory: bytes of images that are under way at a time.
        manifest: tells what an earlier run has done, which is skipped, and gets what this one does.

    Yields:
        One outcome per input, in order; an input that cannot be read or processed is an outcome with its error.

    Raises:
        DeviceError: the device failed.
    """
    workers = workers_for(batch, pipeline, jobs)
    budget = Budget(memory)

    def is_done(job: ImageJob) -> bool:
        if manifest is None or not job.input_sha256:
            return False
        return manifest.is_done(Path(job.target.key), job.input_sha256)

    work = ImageWork(pipeline, batch.settings, budget, hashes=manifest is not None)
    stages = Stages(work.read, work.process, work.write, workers["decode"], workers["remove"], workers["encode"])
    pairs = zip(batch.inputs, batch.targets, strict=True)
    images = (ImageJob(Location("", str(source)), Location("", str(target)), is_done) for source, target in pairs)
    overlap = max(workers.values()) > 1
    with closing(overlapped(images, stages, budget.close) if overlap else in_series(images, stages)) as results:
        for source, target, (job, result) in zip(batch.inputs, batch.targets, results, strict=True):
            settle(job, result)
            outcome = _outcome(source, target, job)
            if manifest is not None:
                _note(manifest, outcome, job)
            yield outcome
    if manifest is not None:
        manifest.close()


def _outcome(source: Path, target: Path, job: ImageJob) -> Outcome:
    if job.error is not None:
        return Outcome(source, error=job.error)
    if job.skipped:
        return Outcome(source, target, skipped=True)
    # A record's stages are those of an image's way; reading and writing the files belongs to decoding and encoding.
    files: dict[Stage, float] = {"decode": job.read_s or 0.0, "encode": job.write_s or 0.0}
    return Outcome(
        source,
        target,
        seconds={stage: seconds + files.get(stage, 0.0) for stage, seconds in job.seconds.items()},
        pixels=job.pixels or 0,
        confidence=job.confidence,
        foreground=job.foreground,
        notes=job.notes,
        began=job.began,
        ended=job.ended,
    )


def _note(manifest: Manifest, outcome: Outcome, job: ImageJob) -> None:
    target = Path(job.target.key)
    if job.error is not None:
        manifest.add_failed(outcome.source, target, job.input_sha256, str(job.error))
    elif not job.skipped:
        manifest.add_done(outcome.source, target, job.input_sha256, job.output_sha256)

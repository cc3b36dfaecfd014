"""The pipeline over many files, overlapped: one bad file stops nothing, and is not forgotten."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..core import Data, Failure, InputError, PartialFailureError, RunRecord, printable
from .batch_plan import Batch
from .devices import this_machine
from .latencies import Latencies, of_models
from .location import stream_or_file
from .overlap import Budget, Stages, in_series, overlapped
from .pipeline import STAGES, Pipeline, PipelineStage
from .processing import MEMORY, ImageJob, ImageWork, settle
from .resume import Manifest, settings_fingerprint

__all__ = [
    "ImageOutcome",
    "exit_code_of",
    "open_manifest",
    "record_of",
    "run_batch",
    "workers_for",
]


@dataclass(frozen=True)
class ImageOutcome:
    """What became of one input: where its result is, or why there is none.

    Attributes:
        source: the input.
        target: its result; None where there is none.
        error: why there is none.
        seconds: that each stage took.
        pixels: of the image.
        confidence: of its mask, 0-1; None where nothing was removed.
        foreground: False where no subject was found.
        notes: what its owner should know.
        began: when it began, in seconds on `time.perf_counter`.
        ended: when it ended, likewise.
        skipped: an earlier run did it.
    """

    source: Path
    target: Path | None = None
    error: InputError | None = None
    seconds: dict[PipelineStage, float] = field(default_factory=dict)
    pixels: int = 0
    confidence: float | None = None
    foreground: bool | None = None
    notes: tuple[str, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    skipped: bool = False


def open_manifest(batch: Batch, pipeline: Pipeline) -> Manifest | None:
    """Open the manifest in the folder of a batch's results; None for a single image, unless its run resumes."""
    resume = batch.settings.resume
    if not resume and len(batch.inputs) == 1:
        return None
    return Manifest(batch.folder, settings_fingerprint(batch.settings, pipeline), batch.targets, resume=resume)


def workers_for(batch: Batch, pipeline: Pipeline) -> dict[PipelineStage, int]:
    """Return how many images each stage of a run holds at a time.

    `jobs` images are encoded at a time, and half as many decoded; where it is None there are as many jobs as
    processors. With 1 each image is finished before the next is begun.

    Args:
        batch: what is run; a single image goes through the stages one after another.
        pipeline: whose models say how many inferences their device works on at a time.
    """
    jobs = batch.settings.jobs or os.cpu_count() or 1
    if jobs == 1 or len(batch.inputs) == 1:
        return dict.fromkeys(STAGES, 1)
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
    batch: Batch, pipeline: Pipeline, *, memory: int = MEMORY, manifest: Manifest | None = None
) -> Generator[ImageOutcome]:
    """Run each input through the pipeline and write its result; the results don't depend on jobs or `memory`.

    Args:
        batch: as `plan_batch` gives it.
        pipeline: what is done.
        memory: bytes of images that are under way at a time.
        manifest: tells what an earlier run has done, which is skipped, and gets what this one does.

    Yields:
        One outcome per input, in order; an input that cannot be read or processed is an outcome with its error.

    Raises:
        DeviceError: the device failed.
    """
    workers = workers_for(batch, pipeline)
    budget = Budget(memory)
    named = {str(target): source for source, target in zip(batch.inputs, batch.targets, strict=True)}
    work = ImageWork(pipeline, batch.settings, budget, hashes=manifest is not None)

    def is_done(job: ImageJob) -> bool:
        if manifest is None or not job.input_sha256:
            return False
        return manifest.is_done(Path(job.target.key), job.input_sha256)

    def write(job: ImageJob) -> ImageJob:
        written = work.write(job)
        if manifest is not None and not job.skipped:
            # At once, whatever else is under way: a run that is stopped here goes on after this image.
            target = job.target.key
            manifest.add_done(named[target], Path(target), job.input_sha256, job.output_sha256)
        return written

    stages = Stages(work.read, work.process, write, workers["decode"], workers["remove"], workers["encode"])
    images = (
        ImageJob(stream_or_file(str(source), "standard input"), stream_or_file(target, "standard output"), is_done)
        for target, source in named.items()
    )
    overlap = max(workers.values()) > 1
    with closing(overlapped(images, stages, budget.close) if overlap else in_series(images, stages)) as results:
        for source, target, (job, result) in zip(batch.inputs, batch.targets, results, strict=True):
            settle(job, result)
            if manifest is not None and job.error is not None:
                manifest.add_failed(source, target, job.input_sha256, str(job.error))
            yield _outcome(source, target, job)
    if manifest is not None:
        manifest.close()


def _outcome(source: Path, target: Path, job: ImageJob) -> ImageOutcome:
    if job.error is not None:
        return ImageOutcome(source, error=job.error)
    if job.skipped:
        return ImageOutcome(source, target, skipped=True)
    # A record's stages are those of an image's way; reading and writing the files belongs to decoding and encoding.
    files: dict[PipelineStage, float] = {"decode": job.read_s or 0.0, "encode": job.write_s or 0.0}
    return ImageOutcome(
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


def record_of(outcomes: Sequence[ImageOutcome], batch: Batch, pipeline: Pipeline) -> RunRecord:
    """Put what a run measured into a record.

    It measures the images, failures, and what an earlier run did; images a second; for each stage its latency in ms
    (p50, p90 and p99), and its load: the share of the run in which its workers were busy. The stage of the largest load
    is the bottleneck.

    Args:
        outcomes: of one run.
        batch: that was run.
        pipeline: that ran.
    """
    done = [outcome for outcome in outcomes if outcome.error is None and not outcome.skipped]
    wall = max((o.ended for o in done), default=0.0) - min((o.began for o in done), default=0.0)
    skipped = sum(outcome.skipped for outcome in outcomes)
    common = of_models(pipeline.models, _data(done))
    workers = workers_for(batch, pipeline)

    figures = [
        common.measured("images", len(done)),
        common.measured("failed", len(outcomes) - len(done) - skipped, higher_is_better=False),
        common.measured("skipped", skipped),
    ]
    if wall > 0:
        figures.append(common.measured("throughput", len(done) / wall, "images/s", higher_is_better=True))
    latencies = Latencies(STAGES, workers)
    for outcome in done:
        latencies.add(outcome.seconds)
    figures += latencies.measurements(common, wall)
    return RunRecord(
        machine=this_machine(),
        variants=common.variants,
        measurements=tuple(figures),
        settings={**batch.settings.described(), **pipeline.describe()},
        inputs=tuple(str(outcome.source) for outcome in done),
        pixels=tuple(outcome.pixels for outcome in done),
        confidence=tuple(outcome.confidence for outcome in done),
        seconds=latencies.seconds(),
        bottleneck=(latencies.bottleneck or "") if wall > 0 else "",
        workers={str(stage): count for stage, count in workers.items()},
        failures=tuple(Failure(input=str(o.source), error=str(o.error)) for o in outcomes if o.error),
    )


def _data(done: Sequence[ImageOutcome]) -> Data:
    """What went through, told from others by the files' names and their pixels; where they lie decides nothing."""
    told = "\n".join(sorted(f"{outcome.pixels} {printable(outcome.source.name)}" for outcome in done))
    return Data(
        name=f"{len(done)} images", sha256=hashlib.sha256(told.encode()).hexdigest(), reference="", count=len(done)
    )


class Outcome(Protocol):
    """What became of one input of several."""

    @property
    def error(self) -> InputError | None:
        """Return why there is no result."""
        ...


def exit_code_of(outcomes: Sequence[Outcome], max_failures: int = 0) -> int:
    """Return 0 where no more inputs failed than may, 5 where some did, and the first error's own where none is done."""
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(failed) <= max_failures:
        return 0
    return PartialFailureError.exit_code if len(failed) < len(outcomes) else failed[0].exit_code

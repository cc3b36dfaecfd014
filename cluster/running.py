"""A run over images, on this machine or on many: planned, run, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..core import ClusterRecord, InputError, Result, RunRecord, Task, contract_beside, files_of, with_settings
from ..images import format_of, pixel_limit
from ..infer import (
    ImageOutcome,
    Location,
    Pipeline,
    RunSettings,
    exit_code_of,
    find_sources,
    open_manifest,
    plan_batch,
    record_of,
    run_batch,
    settings_fingerprint,
)
from ..models import ModelRef, load_pipeline

__all__ = ["RunResult", "run_images", "run_with"]

Watch = Callable[[ImageOutcome], None]
"""Called with what became of each image, in the order of the inputs."""


@dataclass(frozen=True, kw_only=True)
class RunResult(Result[RunRecord | ClusterRecord]):
    """What became of a run over images.

    Attributes:
        done: images with a new result.
        failed: images without one.
        skipped: images that an earlier run has done.
        exit_code: of the command: 0, 5 where some failed and others are done, or the first error's own.
        errors: why images failed, a sentence each; of a run on a cluster the first 20.
        seconds: that all of it took, starting included.
        outcomes: what became of each image, in the order of the inputs; empty for a run on a cluster.
        table: where a run on a cluster wrote a row for each image; empty for one on this machine.
        left_out: how many files of each extension the folders hold that are not read; of a run on this machine.
    """

    done: int
    failed: int
    skipped: int
    exit_code: int
    errors: tuple[str, ...]
    seconds: float
    outcomes: tuple[ImageOutcome, ...] = field(default=(), repr=False)
    table: str = ""
    left_out: dict[str, int] = field(default_factory=dict[str, int], repr=False)


def run_with(
    inputs: Sequence[str | Path],
    out: str | Path,
    settings: RunSettings,
    watch: Watch | None = None,
    *,
    lean: bool = False,
    recorded: bool = True,
) -> RunResult:
    """Run images through the pipeline that settings describe; as `run_images` otherwise.

    Args:
        inputs: as `run_images` takes several.
        out: likewise.
        settings: how.
        watch: called with each outcome of a run on this machine, as it comes.
        lean: as for `load_pipeline`.
        recorded: make the record of a single image too, for which its models are hashed; that of several there always
            is.
    """
    started = time.monotonic()
    given = list(map(str, inputs))
    if settings.engine == "ray":
        return _on_ray(given, str(out), settings, started)
    batch = plan_batch(given, Path(out), settings)
    total = len(batch.inputs)
    pipeline = load_pipeline(settings, many=total > 1, lean=lean)
    outcomes: list[ImageOutcome] = []
    progress = settings.progress
    if progress is not None:
        progress("images", 0, total)
    for outcome in run_batch(batch, pipeline, manifest=open_manifest(batch, pipeline)):
        outcomes.append(outcome)
        if progress is not None:
            progress(outcome.source.name, len(outcomes), total)
        if watch is not None:
            watch(outcome)
    errors = tuple(str(outcome.error) for outcome in outcomes if outcome.error is not None)
    skipped = sum(outcome.skipped for outcome in outcomes)
    return RunResult(
        done=total - len(errors) - skipped,
        failed=len(errors),
        skipped=skipped,
        exit_code=exit_code_of(outcomes, settings.max_failures),
        errors=errors,
        seconds=time.monotonic() - started,
        outcomes=tuple(outcomes),
        records=(record_of(outcomes, batch, pipeline),) if recorded or total > 1 else (),
        left_out=batch.left_out,
    )


@with_settings(RunSettings)
def run_images(inputs: str | Path | Sequence[str | Path], out: str | Path, settings: RunSettings) -> RunResult:
    """Run images through the pipeline and write the results: what `mattekit run` does.

    An image that cannot be processed stops nothing: the result counts it, and says why. Several results get a manifest
    beside them, by which `resume` goes on with a run that was stopped: it skips what was made of the same input with
    the same settings and models, and is as it was written.

    Args:
        inputs: a file, a folder with all that is in it, or a pattern; with `engine="ray"` a URL of a bucket too; or
            several of these.
        out: the folder of the results; with `engine="ray"` a bucket too.
        settings: how.

    Returns:
        The counts, what became of each image, the exit code and the record.

    Raises:
        MattekitError: nothing can be run, as its message says.

    Example:
        >>> import mattekit
        >>> mattekit.run_images("photo.jpg", "out", background="white").done
        1
    """
    return run_with([inputs] if isinstance(inputs, str | Path) else inputs, out, settings)


def _on_ray(inputs: list[str], out: str, settings: RunSettings, started: float) -> RunResult:
    """Run on a Ray cluster; the models and the background travel to its nodes."""
    from .ray_cluster import cluster, share_of
    from .ray_job import ClusterJob, run_job

    format_of(f"image{settings.extension}")
    place = Location.parse(out)
    if place.root.startswith("http"):
        raise InputError(f"{out}: nothing can be written to a web server; give a folder or a bucket")
    sources = find_sources(inputs, place)
    tasks: dict[Task, Any] = {"segmentation": settings.model, "super_resolution": settings.sr}
    files = {
        task: _travelling(model).path_of_one(task=task, offline=settings.offline, progress=settings.progress)
        for task, model in tasks.items()
        if model is not None
    }
    # Mistakes are found here, before a node is asked; this machine need not have the nodes' device.
    pipeline = open_sent(replace(settings, device="CPU"), files, None)
    job = ClusterJob(
        sources=sources,
        out=place,
        # A background of this machine's files is read here.
        open=partial(open_sent, replace(settings, background=pipeline.background)),
        models={task: _contents(path) for task, path in files.items()},
        written=settings,
        settings=settings_fingerprint(settings, pipeline),
        share=share_of(settings.device, settings.actor_cpus),
        resume=settings.resume,
        max_pixels=pixel_limit(None),
    )
    address = settings.address or "local"
    with cluster(address):
        summary = run_job(job, settings.progress)
    seconds = time.monotonic() - started
    variants = tuple(model.variant.ref() for model in pipeline.models)
    return RunResult(
        done=summary.done,
        failed=summary.failed,
        skipped=summary.skipped,
        exit_code=summary.exit_code(settings.max_failures),
        errors=tuple(summary.errors),
        seconds=seconds,
        table=summary.table,
        records=(summary.record(seconds, address, variants, settings.described()),),
    )


def open_sent(settings: RunSettings, models: Mapping[str, Path], threads: int | None) -> Pipeline:
    """Open the pipeline with models that lie in these files; `many`, so that results don't depend on the number."""
    sent = replace(
        settings, model=models.get("segmentation"), sr=models.get("super_resolution"), offline=True, progress=None
    )
    return load_pipeline(sent, many=True, threads=threads)


def _contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of a model's files by their names, the one that is opened first; its contract is one of them."""
    beside = contract_beside(path)
    return {file.name: file.read_bytes() for file in (*files_of(path), *([beside[1]] if beside else []))}


def _travelling(model: Any) -> ModelRef:
    """A reference to files that OpenVINO opens on a node."""
    ref = model if isinstance(model, ModelRef) else ModelRef.parse(getattr(model, "path", model))
    if not ref.on_openvino:
        name = ref.text.removeprefix(f"{ref.runtime}:")
        raise InputError(f"{ref.text}: on a cluster, models run in OpenVINO; give {name}")
    return ref

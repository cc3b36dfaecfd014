"""Wires many machines: the words of a command → models and a pipeline that travel → a run on Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import JsonValue

from ..core import Arithmetic, InputError, Progress, Task, files_of
from ..images import format_of, pixel_limit
from ..infer import (
    Background,
    Location,
    OutputSettings,
    Pipeline,
    Placement,
    Refine,
    find_sources,
    load_background,
    settings_fingerprint,
)
from ..models import ModelRef, open_pipeline
from .run import Job, Summary, run_job
from .session import cluster, share_of

__all__ = ["PipelineOptions", "run_on_ray"]


@dataclass(frozen=True)
class PipelineOptions:
    """A pipeline in a command's words; fields as the arguments of `open_pipeline`."""

    model: str | None = None
    sr: str | None = None
    background: Background | str | None = None
    placement: Placement | None = None
    keep: tuple[str, ...] = ()
    refine: Refine = "none"
    decontaminate: bool | None = None
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    tile: int = 256
    memory: int | None = None
    times: float | None = None

    def open(self, models: Mapping[str, Path], threads: int | None) -> Pipeline:
        """Open the pipeline with models that lie in these files; `many`, so that results don't depend on the number."""
        return open_pipeline(
            model=models.get("segmentation"),
            sr=models.get("super_resolution"),
            background=self.background,
            placement=self.placement,
            keep=self.keep,
            refine=self.refine,
            decontaminate=self.decontaminate,
            device=self.device,
            arithmetic=self.arithmetic,
            tile=self.tile,
            memory=self.memory,
            times=self.times,
            many=True,
            threads=threads,
            offline=True,
        )


def run_on_ray(
    inputs: Sequence[str],
    out: str,
    options: PipelineOptions,
    written: OutputSettings,
    *,
    words: Mapping[str, JsonValue],
    address: str = "local",
    cpus: int = 1,
    resume: bool = False,
    offline: bool = False,
    download: Progress | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Run images through the pipeline on a Ray cluster; the models and the background travel to its nodes.

    Args:
        inputs: paths or URLs of images, folders and prefixes.
        out: a folder or a prefix for the results and their table.
        options: the pipeline.
        written: how results are written.
        words: the command's options that results depend on, for the fingerprint.
        address: `local` starts a cluster in this machine, `auto` finds a running one.
        cpus: of an actor.
        resume: skip what earlier runs have done.
        offline: never download.
        download: called during a download of a model.
        progress: called when images have ended, with how many.

    Raises:
        MattekitError: as its message says. An image that cannot be processed is none: it is counted.
    """
    format_of(f"image{written.extension}")
    place = Location.parse(out)
    if place.root.startswith("http"):
        raise InputError(f"{out}: nothing can be written to a web server; give a folder or a bucket")
    sources = find_sources(inputs, place)
    background = options.background
    chosen = load_background(background) if isinstance(background, str) else background
    travelling = replace(options, model=None, sr=None, background=chosen)
    tasks: dict[Task, str | None] = {"segmentation": options.model, "super_resolution": options.sr}
    files = {
        task: _travelling(model).path_of_one(task=task, offline=offline, progress=download)
        for task, model in tasks.items()
        if model is not None
    }
    # Mistakes are found here, before a node is asked; this machine need not have the nodes' device.
    pipeline = replace(travelling, device="CPU").open(files, None)
    job = Job(
        sources=sources,
        out=place,
        open=partial(PipelineOptions.open, travelling),
        models={task: _contents(path) for task, path in files.items()},
        written=written,
        settings=settings_fingerprint(written, pipeline, words),
        share=share_of(options.device, cpus),
        resume=resume,
        max_pixels=pixel_limit(None),
    )
    with cluster(address):
        summary = run_job(job, progress)
    return replace(summary, variants=tuple(model.variant.ref() for model in pipeline.models))


def _contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of a model's files by their names, the one that is opened first."""
    return {file.name: file.read_bytes() for file in files_of(path)}


def _travelling(model: str) -> ModelRef:
    """A reference to files that OpenVINO opens on a node."""
    ref = ModelRef.parse(model)
    if not ref.on_openvino:
        raise InputError(f"{model}: on a cluster, models run in OpenVINO; give {model.removeprefix(ref.runtime + ':')}")
    return ref

"""The commands `run`, `remove`, `upscale` and `superimpose`: parse → call functions → print → exit code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from .batches import end_on_ray, options_of, plan, run_planned
from .options import (
    ActorCpus,
    Address,
    Anchor,
    ArithmeticOption,
    BackgroundOption,
    Decontaminate,
    Device,
    Engine,
    Fit,
    Format,
    Inputs,
    Jobs,
    Keep,
    Linear,
    MaxFailures,
    Memory,
    Offline,
    Offset,
    Out,
    OutAnywhere,
    PlaceOption,
    Quality,
    RecordFile,
    RefineOption,
    Resume,
    Scale,
    Segmentation,
    ShadowOption,
    Sr,
    Tile,
    Times,
    Verbose,
)

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the main application."""

    @app.command(rich_help_panel="Images and video")
    def run(
        context: typer.Context,
        inputs: Inputs,
        *,
        out: OutAnywhere,
        model: Segmentation = "mattelite",
        sr: Sr = "srlite-x2",
        background: BackgroundOption = "none",
        fit: Fit = "fill",
        anchor: Anchor = "center",
        scale: Scale = 1.0,
        offset: Offset = (0, 0),
        place: PlaceOption = "frame",
        shadow: ShadowOption = "none",
        linear: Linear = False,
        keep: Keep = None,
        refine: RefineOption = "none",
        decontaminate: Decontaminate = None,
        device: Device = "CPU",
        arithmetic: ArithmeticOption = "f32",
        tile: Tile = 256,
        memory: Memory = None,
        times: Times = None,
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        verbose: Verbose = False,
        jobs: Jobs = None,
        resume: Resume = False,
        offline: Offline = False,
        engine: Engine = "local",
        address: Address = None,
        actor_cpus: ActorCpus = 1,
        max_failures: MaxFailures = 0,
    ) -> None:
        """Remove the background, improve the resolution, superimpose on a new background."""
        from ..infer import Placement, parse_shadow
        from ..models import open_pipeline
        from .views.progress import ProgressBar

        placement = Placement(fit, anchor, scale, offset, place=place, shadow=parse_shadow(shadow), linear=linear)
        if engine == "ray":
            if jobs:
                raise typer.BadParameter("--jobs is for --engine local; leave it out")
            from ..cluster import PipelineOptions, run_on_ray
            from ..infer import OutputSettings

            started = time.monotonic()
            with ProgressBar() as bar:
                summary = run_on_ray(
                    inputs,
                    out,
                    PipelineOptions(
                        model=model,
                        sr=None if sr == "none" else sr,
                        background=background,
                        placement=placement,
                        keep=tuple(keep or ()),
                        refine=refine,
                        decontaminate=decontaminate,
                        device=device,
                        arithmetic=arithmetic,
                        tile=tile,
                        memory=memory,
                        times=times,
                    ),
                    OutputSettings(extension=f".{format_.lstrip('.')}", quality=quality),
                    words=options_of(context),
                    address=address or "local",
                    cpus=actor_cpus,
                    resume=resume,
                    offline=offline,
                    download=bar.bytes,
                    progress=bar.counts,
                )
            end_on_ray(context, summary, time.monotonic() - started, record, address=address)
            raise typer.Exit(summary.exit_code(max_failures))
        if address or actor_cpus != 1:
            raise typer.BadParameter("--address and --actor-cpus are for --engine ray; add that, or leave them out")
        batch = plan(inputs, Path(out), format_, quality)
        with ProgressBar() as bar:
            pipeline = open_pipeline(
                model=model,
                sr=None if sr == "none" else sr,
                background=background,
                placement=placement,
                keep=tuple(keep or ()),
                refine=refine,
                decontaminate=decontaminate,
                device=device,
                arithmetic=arithmetic,
                tile=tile,
                memory=memory,
                times=times,
                many=len(batch.inputs) > 1,
                lean=True,
                offline=offline,
                progress=bar.bytes,
            )
        run_planned(context, batch, pipeline, record, jobs, resume=resume, verbose=verbose, max_failures=max_failures)

    @app.command(rich_help_panel="Images and video")
    def remove(
        context: typer.Context,
        inputs: Inputs,
        *,
        out: Out,
        model: Segmentation = "mattelite",
        only_mask: Annotated[bool, typer.Option("--only-mask", help="Write the greyscale mask.")] = False,
        keep: Keep = None,
        refine: RefineOption = "none",
        decontaminate: Decontaminate = None,
        device: Device = "CPU",
        arithmetic: ArithmeticOption = "f32",
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        verbose: Verbose = False,
        jobs: Jobs = None,
        resume: Resume = False,
        offline: Offline = False,
    ) -> None:
        """Remove the background: an RGBA image, or its mask."""
        from ..models import open_pipeline
        from .views.progress import ProgressBar

        batch = plan(inputs, out, format_, quality, only_mask=only_mask)
        with ProgressBar() as bar:
            pipeline = open_pipeline(
                model=model,
                keep=tuple(keep or ()),
                refine=refine,
                decontaminate=decontaminate,
                device=device,
                arithmetic=arithmetic,
                many=len(batch.inputs) > 1,
                lean=True,
                offline=offline,
                progress=bar.bytes,
            )
        run_planned(context, batch, pipeline, record, jobs, resume=resume, verbose=verbose)

    @app.command(rich_help_panel="Images and video")
    def upscale(
        context: typer.Context,
        inputs: Inputs,
        *,
        out: Out,
        sr: Annotated[
            str, typer.Option("--sr", "--model", help="An IR, an ONNX file, or a model of the zoo.")
        ] = "srlite-x2",
        device: Device = "CPU",
        arithmetic: ArithmeticOption = "f32",
        tile: Tile = 256,
        memory: Memory = None,
        times: Times = None,
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        verbose: Verbose = False,
        jobs: Jobs = None,
        resume: Resume = False,
        offline: Offline = False,
    ) -> None:
        """Improve the resolution with a super-resolution model."""
        from ..models import open_pipeline
        from .views.progress import ProgressBar

        batch = plan(inputs, out, format_, quality)
        with ProgressBar() as bar:
            pipeline = open_pipeline(
                sr=sr,
                device=device,
                arithmetic=arithmetic,
                tile=tile,
                memory=memory,
                times=times,
                lean=True,
                offline=offline,
                progress=bar.bytes,
            )
        run_planned(context, batch, pipeline, record, jobs, resume=resume, verbose=verbose)

    @app.command(rich_help_panel="Images and video")
    def superimpose(
        context: typer.Context,
        inputs: Inputs,
        *,
        out: Out,
        background: BackgroundOption,
        fit: Fit = "fill",
        anchor: Anchor = "center",
        scale: Scale = 1.0,
        offset: Offset = (0, 0),
        place: PlaceOption = "frame",
        shadow: ShadowOption = "none",
        linear: Linear = False,
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        verbose: Verbose = False,
        jobs: Jobs = None,
        resume: Resume = False,
    ) -> None:
        """Lay cut-outs (images with alpha) on a background."""
        from ..infer import Placement, parse_shadow
        from ..models import open_pipeline

        placement = Placement(fit, anchor, scale, offset, place=place, shadow=parse_shadow(shadow), linear=linear)
        batch = plan(inputs, out, format_, quality)
        pipeline = open_pipeline(background=background, placement=placement)
        run_planned(context, batch, pipeline, record, jobs, resume=resume, verbose=verbose)

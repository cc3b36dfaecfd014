"""The commands `run`, `remove`, `upscale` and `superimpose`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import (
    Anchor,
    BackgroundOption,
    Device,
    Fit,
    Format,
    Inputs,
    Keep,
    Offline,
    Offset,
    Out,
    Quality,
    RecordFile,
    Scale,
    Segmentation,
    Sr,
    Tile,
)

if TYPE_CHECKING:
    from ..infer.batch import Batch
    from ..infer.pipeline import Pipeline

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the main application."""

    @app.command()
    def run(
        inputs: Inputs,
        *,
        out: Out,
        model: Segmentation = "mattelite",
        sr: Sr = "srlite-x2",
        background: BackgroundOption = "none",
        fit: Fit = "fill",
        anchor: Anchor = "center",
        scale: Scale = 1.0,
        offset: Offset = (0, 0),
        keep: Keep = None,
        device: Device = "CPU",
        tile: Tile = 256,
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        offline: Offline = False,
    ) -> None:
        """Remove the background, improve the resolution, superimpose on a new background."""
        from ..build import open_pipeline
        from ..infer.superimpose import Placement
        from ..reports.terminal import download_progress

        batch = _plan(inputs, out, format_, quality)
        with download_progress() as progress:
            pipeline = open_pipeline(
                model=model,
                sr=None if sr == "none" else sr,
                background=background,
                placement=Placement(fit, anchor, scale, offset),
                keep=tuple(keep or ()),
                device=device,
                tile=tile,
                offline=offline,
                progress=progress,
            )
        _run(batch, pipeline, record, device)

    @app.command()
    def remove(
        inputs: Inputs,
        *,
        out: Out,
        model: Segmentation = "mattelite",
        only_mask: Annotated[bool, typer.Option("--only-mask", help="Write the greyscale mask.")] = False,
        keep: Keep = None,
        device: Device = "CPU",
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        offline: Offline = False,
    ) -> None:
        """Remove the background: an RGBA picture, or its mask."""
        from ..build import open_pipeline
        from ..reports.terminal import download_progress

        batch = _plan(inputs, out, format_, quality, only_mask=only_mask)
        with download_progress() as progress:
            pipeline = open_pipeline(
                model=model, keep=tuple(keep or ()), device=device, offline=offline, progress=progress
            )
        _run(batch, pipeline, record, device)

    @app.command()
    def upscale(
        inputs: Inputs,
        *,
        out: Out,
        sr: Annotated[
            str, typer.Option("--sr", "--model", help="An IR, an ONNX file, or a model of the zoo.")
        ] = "srlite-x2",
        device: Device = "CPU",
        tile: Tile = 256,
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
        offline: Offline = False,
    ) -> None:
        """Improve the resolution with a super-resolution model."""
        from ..build import open_pipeline
        from ..reports.terminal import download_progress

        batch = _plan(inputs, out, format_, quality)
        with download_progress() as progress:
            pipeline = open_pipeline(sr=sr, device=device, tile=tile, offline=offline, progress=progress)
        _run(batch, pipeline, record, device)

    @app.command()
    def superimpose(
        inputs: Inputs,
        *,
        out: Out,
        background: BackgroundOption,
        fit: Fit = "fill",
        anchor: Anchor = "center",
        scale: Scale = 1.0,
        offset: Offset = (0, 0),
        format_: Format = "png",
        quality: Quality = None,
        record: RecordFile = None,
    ) -> None:
        """Lay cut-outs (pictures with alpha) on a background."""
        from ..build import open_pipeline
        from ..infer.superimpose import Placement

        batch = _plan(inputs, out, format_, quality)
        pipeline = open_pipeline(background=background, placement=Placement(fit, anchor, scale, offset))
        _run(batch, pipeline, record, "CPU")


def _plan(inputs: list[str], out: Path, extension: str, quality: int | None, *, only_mask: bool = False) -> Batch:
    from ..infer.batch import OutputSettings, plan_batch

    settings = OutputSettings(extension=f".{extension.lstrip('.')}", only_mask=only_mask, quality=quality)
    return plan_batch(inputs, out, settings)


def _run(batch: Batch, pipeline: Pipeline, record: Path | None, device: str) -> None:
    from ..infer.batch import exit_code_of, record_of, run_batch
    from ..reports.terminal import follow_run

    outcomes = follow_run(run_batch(batch, pipeline), len(batch.inputs))
    if record:
        record_of(outcomes, pipeline, {"device": device}).write(record)
    raise typer.Exit(exit_code_of(outcomes))

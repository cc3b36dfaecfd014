"""The command line: parse → call one function → print → exit code. No logic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .commands import parity, quantization, validation
from .core.errors import MattekitError
from .core.version import __version__

if TYPE_CHECKING:
    from .infer.batch import Batch
    from .infer.pipeline import Pipeline
    from .infer.runtimes import LoadedModel
    from .quantize.requests import Outcome, Request
    from .quantize.settings import Step

__all__ = ["app", "main"]

app = typer.Typer(
    name="mattekit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A checkpoint goes in, a deployable OpenVINO model comes out, with the evidence.",
    epilog="Exit codes: 0 done, 1 an input cannot be used, 2 wrong usage, 3 a check or gate failed, "
    "4 not enough evidence, 5 some of several inputs failed.",
)
models_app = typer.Typer(help="The zoo: list its models, show one, fetch its weights.", invoke_without_command=True)
app.add_typer(models_app, name="models")


Inputs = Annotated[list[str], typer.Argument(help="Files, folders or globs.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)]
Device = Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, AUTO, …")]
Offline = Annotated[bool, typer.Option("--offline", help="Never download.")]
Format = Annotated[str, typer.Option("--format", help="png, jpg, webp, tiff or bmp.")]
Quality = Annotated[int | None, typer.Option(min=1, max=100, help="Of lossy formats.")]
RecordFile = Annotated[Path | None, typer.Option("--record", help="Write the times of every stage to this JSON file.")]
Segmentation = Annotated[str, typer.Option("--model", help="An IR, an ONNX file, or a model of the zoo.")]
Keep = Annotated[list[str] | None, typer.Option(help="Of a model of classes: a class that stays; repeatable.")]
BackgroundOption = Annotated[
    str,
    typer.Option(help="An image, a colour (white, '#336699'), blur, blur:RADIUS, or none for transparency."),
]
Fit = Annotated[
    Literal["fill", "fit", "stretch", "tile"], typer.Option(help="How a background image takes the picture's size.")
]
Anchor = Annotated[str, typer.Option(help="Where the subject stands: center, top-left, bottom, …")]
Scale = Annotated[float, typer.Option(min=0.01, max=100, help="Size of the subject.")]
Offset = Annotated[tuple[int, int], typer.Option(help="Pixels right and down from the anchor.")]
Sr = Annotated[str, typer.Option("--sr", help="An IR, an ONNX file, a model of the zoo, or none.")]
Tile = Annotated[int, typer.Option(min=0, help="Side of a super-resolution tile in pixels; 0 never cuts.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mattekit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take in options that belong to no command."""
    del version


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="A model of the zoo; see: mattekit models", show_default=False)],
    out: Out,
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of yours instead of the zoo's.")] = None,
    precision: Annotated[Literal["fp32", "fp16"], typer.Option(help="Of the stored weights.")] = "fp32",
    route: Annotated[Literal["onnx", "direct"], typer.Option(help="PyTorch → ONNX → IR, or PyTorch → IR.")] = "onnx",
    exporter: Annotated[
        Literal["torchscript", "dynamo"], typer.Option(help="Which of PyTorch's ONNX exporters.")
    ] = "torchscript",
    size: Annotated[str | None, typer.Option(help="Fixed input size: N or HEIGHTxWIDTH.")] = None,
    dynamic: Annotated[bool, typer.Option("--dynamic", help="Leave height and width free.")] = False,
    batch: Annotated[str, typer.Option(help="A number, or dynamic.")] = "1",
    heads: Annotated[Literal["fused", "all"], typer.Option(help="A U²-Net's fused head, or all seven.")] = "fused",
    images: Annotated[
        list[str] | None,
        typer.Option(help="Pictures for the comparison of the steps: files, folders or globs; repeatable."),
    ] = None,
    offline: Offline = False,
) -> None:
    """Export a checkpoint to ONNX and OpenVINO IR, comparing each step with the one before on real pictures."""
    from .build import export_model
    from .convert.export import ExportSettings, parse_batch, parse_size
    from .infer.collect import collect_inputs
    from .reports.terminal import download_progress, print_export

    settings = ExportSettings(
        precision=precision,
        route=route,
        exporter=exporter,
        size=parse_size(size),
        dynamic=dynamic,
        batch=parse_batch(batch),
        heads=heads,
    )
    with download_progress() as progress:
        report = export_model(
            model,
            out,
            settings,
            weights=weights,
            images=collect_inputs(images) if images else (),
            offline=offline,
            progress=progress,
        )
    print_export(report.artifacts, report.record, report.record_path)


@app.command()
def run(
    inputs: Inputs,
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
    from .build import open_pipeline
    from .infer.superimpose import Placement
    from .reports.terminal import download_progress

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
    from .build import open_pipeline
    from .reports.terminal import download_progress

    batch = _plan(inputs, out, format_, quality, only_mask=only_mask)
    with download_progress() as progress:
        pipeline = open_pipeline(model=model, keep=tuple(keep or ()), device=device, offline=offline, progress=progress)
    _run(batch, pipeline, record, device)


@app.command()
def upscale(
    inputs: Inputs,
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
    from .build import open_pipeline
    from .reports.terminal import download_progress

    batch = _plan(inputs, out, format_, quality)
    with download_progress() as progress:
        pipeline = open_pipeline(sr=sr, device=device, tile=tile, offline=offline, progress=progress)
    _run(batch, pipeline, record, device)


@app.command()
def superimpose(
    inputs: Inputs,
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
    from .build import open_pipeline
    from .infer.superimpose import Placement

    batch = _plan(inputs, out, format_, quality)
    pipeline = open_pipeline(background=background, placement=Placement(fit, anchor, scale, offset))
    _run(batch, pipeline, record, "CPU")


@models_app.callback()
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models."""
    if context.invoked_subcommand is None:
        from .convert.zoo import all_specs
        from .reports.terminal import print_models

        print_models(all_specs(), as_json=as_json)


@models_app.command("show")
def models_show(
    model: Annotated[str, typer.Argument(show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one model: contract, weights, licences, and its card where mattekit carries one."""
    from .convert.zoo import get
    from .reports.terminal import print_model

    print_model(get(model), as_json=as_json)


@models_app.command("fetch")
def models_fetch(
    model: Annotated[str, typer.Argument(show_default=False)],
    offline: Offline = False,
) -> None:
    """Download a model's weights into the cache and verify them."""
    from .convert.fetch import retrieve
    from .convert.zoo import get
    from .reports.terminal import download_progress, print_fetched

    spec = get(model)
    with download_progress() as progress:
        fetched = retrieve(spec, offline=offline, progress=progress)
    print_fetched(spec, fetched)


def _plan(inputs: list[str], out: Path, extension: str, quality: int | None, *, only_mask: bool = False) -> Batch:
    from .infer.batch import OutputSettings, plan_batch

    settings = OutputSettings(extension=f".{extension.lstrip('.')}", only_mask=only_mask, quality=quality)
    return plan_batch(inputs, out, settings)


def _run(batch: Batch, pipeline: Pipeline, record: Path | None, device: str) -> None:
    from .infer.batch import exit_code_of, record_of, run_batch
    from .reports.terminal import follow_run

    outcomes = follow_run(run_batch(batch, pipeline), len(batch.inputs))
    if record:
        record_of(outcomes, pipeline, {"device": device}).write(record)
    raise typer.Exit(exit_code_of(outcomes))


def _open(model: str, device: str) -> LoadedModel:
    from .build import open_by_id

    return open_by_id(model, device)


def _compress(request: Request, step: Step) -> Outcome:
    from .compress import compress

    return compress(request, step)


quantization.register(app, _compress)
parity.register(app)
validation.register(app, _open)


def main() -> None:
    """Run the command line; errors that mattekit raises on purpose become one sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except MattekitError as error:
        sys.stderr.write(f"mattekit: {error}\n")
        sys.exit(error.exit_code)

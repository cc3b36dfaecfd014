"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..core import Arithmetic
from ..models import MODEL_GRAMMAR

__all__ = [
    "ActorCpus",
    "Address",
    "Anchor",
    "ArithmeticOption",
    "AsJson",
    "BackgroundOption",
    "Decontaminate",
    "Device",
    "Engine",
    "Fit",
    "Format",
    "Inputs",
    "Jobs",
    "JsonOption",
    "JunitOption",
    "Keep",
    "Linear",
    "MarkdownOption",
    "MaxFailures",
    "Memory",
    "ModelArgument",
    "ModelArguments",
    "Offline",
    "Offset",
    "Out",
    "OutAnywhere",
    "PlaceOption",
    "Quality",
    "Quiet",
    "RecordFile",
    "RefineOption",
    "Resume",
    "Scale",
    "Segmentation",
    "ShadowOption",
    "Sr",
    "Tile",
    "Times",
    "ZooModel",
]

_MODEL = f"{MODEL_GRAMMAR[0].upper()}{MODEL_GRAMMAR[1:]}"

Inputs = Annotated[
    list[str], typer.Argument(help="Files, folders with all that is in them, or globs.", show_default=False)
]
ModelArgument = Annotated[str, typer.Argument(help=f"{_MODEL}.", show_default=False)]
ModelArguments = Annotated[
    list[str],
    typer.Argument(
        help=f"Each {MODEL_GRAMMAR}; RUNTIME:… for one runtime (onnxruntime, torch). A model's folder "
        "means each variant in it.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)]
OutAnywhere = Annotated[
    str, typer.Option("--out", "-o", help="Folder for the results; a bucket with --engine ray.", show_default=False)
]
Device = Annotated[str, typer.Option(help="OpenVINO device: CPU, GPU.0, NPU, AUTO, …")]
ArithmeticOption = Annotated[
    Arithmetic,
    typer.Option("--arithmetic", help="What the network computes in; device: what the device does unless told."),
]
VariantName = Annotated[
    str | None, typer.Option(help="Call the variant so, to tell it from others of its model, such as fine-tunes.")
]
ZooModel = Annotated[str, typer.Argument(help="A model of the zoo.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never download.")]
Format = Annotated[str, typer.Option("--format", help="png, jpg, webp, tiff or bmp.")]
Quality = Annotated[int | None, typer.Option(min=1, max=100, help="Of lossy formats.")]
RecordFile = Annotated[Path | None, typer.Option("--record", help="Write the times of every stage to this JSON file.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print the latency of each stage, as from 20 images on.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Images that are encoded at a time; 1 is one after another.", show_default="processors"),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with a run that was stopped, by the manifest in the results' folder.")
]
Segmentation = Annotated[str, typer.Option("--model", help=f"{_MODEL}.")]
Keep = Annotated[list[str] | None, typer.Option(help="Of a model of classes: a class that stays; repeatable.")]
BackgroundOption = Annotated[
    str,
    typer.Option(help="An image, a colour (white, '#336699'), blur, blur:RADIUS, or none for transparency."),
]
Fit = Annotated[
    Literal["fill", "fit", "stretch", "tile"], typer.Option(help="How a background image takes the image's size.")
]
Anchor = Annotated[str, typer.Option(help="Where the subject stands: center, top-left, bottom, …")]
Scale = Annotated[float, typer.Option("--subject-scale", min=0.01, max=100, help="Size of the subject.")]
Offset = Annotated[tuple[int, int], typer.Option(help="Pixels right and down from the anchor.")]
Sr = Annotated[str, typer.Option("--sr", help=f"{_MODEL}; or none.")]
Tile = Annotated[int, typer.Option(min=0, help="Side of a super-resolution tile in pixels; 0 never cuts.")]
Memory = Annotated[
    int | None,
    typer.Option(min=1, help="MiB for the super-resolution network's values: decides the tile.", show_default=False),
]
Times = Annotated[
    float | None,
    typer.Option(
        "--outscale", min=1, max=16, help="Enlargement, such as 3 or 1.5.", show_default="the super-resolution model's"
    ),
]
RefineOption = Annotated[
    Literal["none", "guided", "matting"],
    typer.Option("--refine", help="How the mask follows the photo's edges; matting is slow and needs an extra."),
]
Decontaminate = Annotated[
    bool | None,
    typer.Option(
        "--decontaminate/--no-decontaminate",
        help="Take the old background out of half-transparent pixels.",
        show_default="where the cut-out is enlarged or laid on something",
    ),
]
PlaceOption = Annotated[
    Literal["frame", "subject"],
    typer.Option("--place", help="What anchor and scale act on: the whole cut-out, or the box of its subject."),
]
ShadowOption = Annotated[
    str, typer.Option("--shadow", help="none, soft, or soft:angle=60,distance=20,blur=12,opacity=0.5.")
]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option(help="This machine, or a Ray cluster, which takes URLs of buckets too: docs/scale.md."),
]
Address = Annotated[
    str | None, typer.Option(help="Of the Ray cluster; auto finds a running one.", show_default="one is started here")
]
ActorCpus = Annotated[int, typer.Option(min=1, help="Processors of each of Ray's actors.")]
MaxFailures = Annotated[int, typer.Option(min=0, help="So many inputs may fail before the exit code says so.")]
Linear = Annotated[bool, typer.Option("--linear", help="Mix half-transparent pixels in linear light.")]
JunitOption = Annotated[Path | None, typer.Option(help="File for the gates' verdicts as JUnit XML.")]
MarkdownOption = Annotated[Path | None, typer.Option(help="File for the gates' verdicts as Markdown.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="File for the gates' verdicts as a JSON record.")]

"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core import Arithmetic
from ..models import MODEL_GRAMMAR

__all__ = [
    "ArithmeticOption",
    "AsJson",
    "Inputs",
    "JsonOption",
    "JunitOption",
    "MarkdownOption",
    "ModelArgument",
    "ModelArguments",
    "Offline",
    "Out",
    "OutAnywhere",
    "OutFolder",
    "Quiet",
    "RecordFile",
    "VariantName",
    "Verbose",
    "ZooModel",
]

_MODEL = f"{MODEL_GRAMMAR[0].upper()}{MODEL_GRAMMAR[1:]}"

Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders with all that is in them, or globs; - is the standard input. Without -o the last of "
        "several is the place of the results.",
        show_default=False,
    ),
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
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.", show_default=False)]
_OUT = "Folder for the results, or the file of a single one (- is the standard output)"
_BESIDE = "of a single image the folder in which it lies"
Out = Annotated[str | None, typer.Option("--out", "-o", help=f"{_OUT}.", show_default=_BESIDE)]
OutAnywhere = Annotated[
    str | None, typer.Option("--out", "-o", help=f"{_OUT}; a bucket with --engine ray.", show_default=_BESIDE)
]
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
RecordFile = Annotated[Path | None, typer.Option("--record", help="Write the times of every stage to this JSON file.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print the latency of each stage, as from 20 images on.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no line for each input; errors stay.")]
JunitOption = Annotated[Path | None, typer.Option(help="File for the gates' verdicts as JUnit XML.")]
MarkdownOption = Annotated[Path | None, typer.Option(help="File for the gates' verdicts as Markdown.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="File for the gates' verdicts as a JSON record.")]

"""The commands `contract …`: parse → call a function → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import convert as room
from ..core import InputError, atomic_path, contract_schema
from .options import AsJson, Quiet

__all__ = ["register"]

NOT_ENOUGH = 4

EXIT_HELP = "Exit codes: 0 done, 1 error, 2 wrong usage, 4 not enough evidence."

contract_app = typer.Typer(
    help="Networks of your own: what surrounds one, shown, proposed, tried, found, written inside."
)

ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="An .onnx or .xml file.", show_default=False)]
GivenContract = Annotated[
    Path | None,
    typer.Option("--contract", help="A TOML file, in place of what is in the model's file, or beside it."),
]
Photos = Annotated[
    str, typer.Option("--data", help="Photos: a folder, LAYOUT:FOLDER, or images=…,masks=….", show_default=False)
]
NewContract = Annotated[Path | None, typer.Option("--out", "-o", help="The TOML file; printed, unless given.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many photos, spread evenly.")]


def register(app: typer.Typer) -> None:
    """Add `contract` to the main application."""
    app.add_typer(contract_app, name="contract", rich_help_panel="Models")


@contract_app.command("show")
def contract_show(file: ModelFile, *, contract: GivenContract = None, as_json: AsJson = False) -> None:
    """Show a model's inputs and outputs, and the contract that holds for it."""
    from .views.contract import print_inspected

    print_inspected(room.inspect_model(file, contract), as_json=as_json)


@contract_app.command("init")
def contract_init(
    file: ModelFile,
    *,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"How images are prepared: {', '.join(room.PRESETS)}.", show_default="imagenet, for enlargements unit"
        ),
    ] = None,
    out: NewContract = None,
) -> None:
    """Propose a contract: what the graph says, and a preset for what it doesn't."""
    _write(room.propose_contract(file, preset).text, out)


@contract_app.command("check", epilog=EXIT_HELP)
def contract_check(
    file: ModelFile,
    *,
    contract: GivenContract = None,
    data: Photos = "synthetic:count=6",
    limit: Limit = 6,
    as_json: AsJson = False,
) -> None:
    """Run a few photos by a contract, and say what comes out."""
    from .views.contract import print_check

    result = room.check_contract(file, contract, data, limit)
    print_check(result, as_json=as_json)
    if not result.enough_evidence:
        raise typer.Exit(NOT_ENOUGH)


@contract_app.command("infer", epilog=EXIT_HELP)
def contract_infer(
    file: ModelFile,
    *,
    data: Photos,
    limit: Limit = 48,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write what is found to this TOML file.")] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find the contract whose masks fit a few photos' own; enlargements need photos alone."""
    from .views.contract import print_inferred
    from .views.progress import ProgressBar

    with ProgressBar(show=not quiet) as bar:
        result = room.infer_contract(file, data, limit=limit, progress=bar.counts)
    print_inferred(result, as_json=as_json)
    if result.contract is None:
        raise typer.Exit(NOT_ENOUGH)
    if out is not None:
        _write(room.contract_text(result.contract, f"Found with {result.photos} photos of {data}."), out)


@contract_app.command("attach")
def contract_attach(
    file: ModelFile,
    *,
    contract: Annotated[Path, typer.Option(help="A TOML file.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The copy.", show_default=False)],
) -> None:
    """Write a copy of a model with its contract inside."""
    from .views.console import say

    say(str(room.attach_contract(file, contract, out)))


@contract_app.command("schema")
def contract_schema_command() -> None:
    """Print the JSON Schema of contracts, for editors."""
    typer.echo(contract_schema(), nl=False)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.is_dir():
        raise InputError(f"{out}: this is a folder; give the name of a TOML file")
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    typer.echo(str(out))

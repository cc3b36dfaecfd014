"""The commands `datasets …`: parse → call a function → print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import datasets as room
from .views.console import say

__all__ = ["register"]

datasets_app = typer.Typer(help="Data sets: list the layouts, show, check or fetch one, make the synthetic one.")

DataSet = Annotated[str, typer.Argument(help="A folder, LAYOUT:FOLDER, synthetic, or images=…,masks=….")]
ScaleOption = Annotated[int, typer.Option(min=1, help="Enlargement that super-resolution is measured at.")]
NewFolder = Annotated[Path, typer.Option("--out", "-o", help="A new folder.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add `datasets` to the main application."""
    app.add_typer(datasets_app, name="datasets", rich_help_panel="Evidence")


@datasets_app.command("list")
def datasets_list() -> None:
    """List the published sets whose layouts are known, and what else can be opened."""
    from .views.datasets import print_layouts

    print_layouts(room.LAYOUTS.values())
    say(f"\nA data set is {room.DATASET_GRAMMAR}.")


@datasets_app.command("show")
def datasets_show(
    data: DataSet,
    out: Annotated[Path, typer.Option("--out", "-o", help="The contact sheet, a PNG file.", show_default=False)],
    scale: ScaleOption = 2,
    limit: Annotated[int, typer.Option(min=1, help="At most so many samples of the data set, spread evenly.")] = 24,
) -> None:
    """Write a contact sheet of samples with their truths."""
    shown, dataset = room.draw_dataset(data, out, scale=scale, limit=limit)
    say(f"{out}: {len(shown)} of {len(dataset)} samples of {dataset.name}")


@datasets_app.command("make")
def datasets_make(
    out: NewFolder,
    count: Annotated[int, typer.Option(min=1, help="Images.")] = 42,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawings: the same one gives the same images.")] = 0,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT in pixels.")] = "384x288",
) -> None:
    """Write the synthetic set with its exact mattes and foregrounds as PNG files."""
    dataset = room.make_dataset(out, count=count, seed=seed, size=size)
    say(f"{out}: {len(dataset)} images with masks and foregrounds")


@datasets_app.command("fetch")
def datasets_fetch(
    name: Annotated[str, typer.Argument(help="A published set; see: mattekit datasets list", show_default=False)],
    out: NewFolder,
) -> None:
    """Download a published set, where its archive has a known hash, and unpack it."""
    room.fetch_layout(name, out)
    say(f"{out}: {name}; open it as {name}:{out}")


@datasets_app.command("check")
def datasets_check(data: DataSet, scale: ScaleOption = 2) -> None:
    """Load every sample: partners, sizes, and for published sets their number and names; print the content's hash."""
    dataset = room.check_dataset(data, scale=scale)
    said = f"{len(dataset)} samples for {dataset.task}, all readable, sha256 {dataset.content_hash}"
    say(f"{dataset.name}: {said}")

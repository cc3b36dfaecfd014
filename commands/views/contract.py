"""Contracts of networks of one's own, as the command line prints them."""

from __future__ import annotations

import json

from ...convert import ContractCheck, InferredContract, InspectedModel, contract_text
from ...reports import Cell, Column, Table
from .console import console_of, escape
from .fitting import print_table

__all__ = ["print_check", "print_inferred", "print_inspected"]


def print_inspected(seen: InspectedModel, *, as_json: bool) -> None:
    """Print inputs and outputs, and the contract."""
    data = seen.to_dict()
    if as_json:
        print(json.dumps(data, indent=1))
        return
    console = console_of()
    ports = [("input", each, "0 to 255" if each.type == "u8" else "") for each in seen.interface.inputs]
    ports += [("output", each, told) for each, told in zip(seen.interface.outputs, seen.ranges, strict=True)]
    rows = [(kind, each.name, each.shown_shape, each.type, range_) for kind, each, range_ in ports]
    columns = tuple(map(Column, ("", "name", "shape", "type", "range")))
    note = f"weights in {seen.precision}" + (f", images in {data['layout']}" if data["layout"] else "")
    print_table(Table(str(seen.path), columns, tuple(tuple(map(Cell, row)) for row in rows), note=note), console)
    console.print()
    if seen.contract is None:
        said = (
            f"No contract: none inside, none beside it as {seen.path.stem}.contract.toml, none with --contract. "
            f"mattekit contract init {seen.path.name} proposes one."
        )
        console.print(escape(said), soft_wrap=True)
        return
    console.print(escape(f"Contract ({seen.source}):"), soft_wrap=True)
    console.print(escape(contract_text(seen.contract), lines=True), soft_wrap=True, end="")
    if seen.mistake:
        console.print(escape(f"The file is not as it says: {seen.mistake}"), soft_wrap=True)


def print_check(result: ContractCheck, *, as_json: bool) -> None:
    """Print what came out for each photo."""
    if as_json:
        print(json.dumps(result.to_dict(), indent=1))
        return
    console = console_of()
    masks = result.contract.task == "segmentation"
    titles = ("photo", "mask area", "from", "to", "IoU") if masks else ("photo", "from", "to", "off the photo")
    rows = [
        (
            each.id,
            *([f"{each.area:.1%}"] if each.area is not None else []),
            *(f"{value:.3g}" for value in (each.low, each.high)),
            *(["" if each.iou is None else f"{each.iou:.3f}"] if masks else [f"{each.difference:.1f}/255"]),
        )
        for each in result.answers
    ]
    columns = tuple(Column(title, numeric=place > 0) for place, title in enumerate(titles))
    print_table(Table(str(result.path), columns, tuple(tuple(map(Cell, row)) for row in rows)), console)
    if not result.enough_evidence:
        what = "mask" if masks else "enlargement"
        console.print(f"Not enough evidence: each {what} is constant. Another output, normalisation or activation?")


def print_inferred(result: InferredContract, *, as_json: bool) -> None:
    """Print what fits best, and the margin to the next."""
    if as_json:
        print(json.dumps(result.to_dict(), indent=1))
        return
    console = console_of()
    unit = "dB" if result.best[0].contract.task == "super_resolution" else "IoU"
    shown = [("best" if not place else "the same", each) for place, each in enumerate(result.best[:8])]
    shown += [] if result.second is None else [("next", result.second)]
    rows = [(rank, each.name, f"{each.score:.4g}") for rank, each in shown]
    columns = (Column(""), Column("contract"), Column(unit, numeric=True))
    more = f", {len(result.best) - 8} more are the same" if len(result.best) > 8 else ""
    known = f"; {result.known}" if result.known else ""
    note = f"{result.photos} photos, margin {result.margin:.3g} {unit}{more}{known}"
    print_table(Table("", columns, tuple(tuple(map(Cell, row)) for row in rows), note=note), console)
    console.print()
    if result.contract is None:
        console.print(escape(f"Not enough evidence: {result.uncertain}."), soft_wrap=True)
    else:
        console.print(escape(contract_text(result.contract), lines=True), soft_wrap=True, end="")

"""What every export does, whatever it is of: its folder, its steps as they are told, its shape and its record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from pathlib import Path

from ..core import Contract, ExportRecord, InputError, ParityError, Variant, folder_name, least_tile
from ..infer import this_machine
from .export_settings import ExportSettings, ExportStep
from .ir import Shape
from .spec import ModelSpec
from .step_check import ParityCheck

__all__ = ["RECORD_NAME", "folder_of", "record_of", "shape_of", "step"]

RECORD_NAME = "export.json"
"""The record of an export's checks, beside the model."""


def folder_of(spec: ModelSpec, settings: ExportSettings, out_dir: Path) -> Path:
    """Return where a model goes: `<out_dir>/<model>/<precision>`, or `<model>-<name>` where it has a name."""
    return out_dir / folder_name(spec.id, settings.name or "") / settings.precision


@contextlib.contextmanager
def step(name: str, settings: ExportSettings, check: ParityCheck) -> Generator[None]:
    """Tell when a step begins and what came of it, and end the export where it moved the outputs too far."""
    tell = settings.tell or _silent
    tell(ExportStep(name))
    began = time.monotonic()
    yield
    done = check.steps[-1]
    tell(ExportStep(name, time.monotonic() - began, check.judged, done.broken, done.unproven))
    if done.broken:
        raise ParityError(f"{done.name} moved the outputs: {done.broken}; nothing was written")


def _silent(step: ExportStep) -> None:
    """Nobody wants to know."""


def record_of(spec: ModelSpec, settings: ExportSettings, written: list[Variant], check: ParityCheck) -> ExportRecord:
    """Return the record of an export's checks."""
    refs = tuple(variant.ref() for variant in written)
    return ExportRecord(
        machine=this_machine(),
        variants=refs,
        measurements=tuple(figure.model_copy(update={"variants": refs[-1:]}) for figure in check.measurements),
        settings={
            "model": spec.id,
            "weights_sha256": written[-1].weights_sha256,
            "images": list(check.ids),
            **settings.described(),
        },
        steps=tuple(check.steps),
    )


def shape_of(contract: Contract, settings: ExportSettings) -> tuple[Contract, Shape]:
    """Decide the IR's shape, and the contract that goes with it."""
    if settings.dynamic:
        return contract, (settings.batch, -1, -1)
    if settings.size is None:
        height, width = contract.input.height or -1, contract.input.width or -1
        return contract, (settings.batch, height, width)
    height, width = settings.size
    multiple = contract.input.multiple
    if height < 1 or width < 1 or height % multiple or width % multiple:
        raise InputError(f"--size {height}x{width}: the network takes positive multiples of {multiple} only")
    least = least_tile(contract)
    if contract.task == "super_resolution" and min(height, width) < least:
        raise InputError(f"--size {height}x{width}: tiles of this network overlap, and need sides of {least} or more")
    return contract.with_size(height, width), (settings.batch, height, width)

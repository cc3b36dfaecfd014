"""What every export does, whatever it is of: its folder, its steps as they are told, its shape and its record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import (
    Contract,
    ExportRecord,
    InputError,
    MixedWeights,
    ParityError,
    Provenance,
    Variant,
    folder_name,
    least_tile,
    printable,
    sha256_of,
)
from ..images import read_image, sample_images
from ..infer import collect_inputs, this_machine
from .export_settings import ExportSettings, ExportStep
from .fetching import fetch
from .ir import Shape
from .mixing import mixed_weights, require_mixable
from .spec import OWN_LICENCE, ModelSpec
from .step_check import ParityCheck
from .weights_cache import cached_path

if TYPE_CHECKING:
    from pydantic import JsonValue

__all__ = [
    "RECORD_NAME",
    "check_of",
    "folder_of",
    "provenance_of",
    "record_of",
    "require_weights",
    "shape_of",
    "step",
    "weights_of",
]

RECORD_NAME = "export.json"
"""The record of an export's checks, beside the model."""


_SAMPLES = 3
"""How many of the given images the steps are compared on."""


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
            **_mixed_of(written[-1]),
            "images": list(check.ids),
            **settings.described(),
        },
        steps=tuple(check.steps),
    )


def _mixed_of(variant: Variant) -> dict[str, JsonValue]:
    """Return what a variant's weights were mixed of, as JSON holds it; nothing where they were not."""
    parts = variant.provenance.mixed if variant.provenance else ()
    return {"mixed": [each.model_dump(mode="json") for each in parts]} if parts else {}


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


def check_of(spec: ModelSpec, settings: ExportSettings) -> ParityCheck:
    """Return what the steps are compared on."""
    files = collect_inputs(settings.images)[:_SAMPLES] if settings.images else []
    images = [read_image(file) for file in files] or sample_images()
    contract = spec.contract.with_size(*settings.size) if settings.size else spec.contract
    # A free batch is tried with two images, so that a one that tracing made a constant is found.
    return ParityCheck.on(images, contract, settings.batch if settings.batch > 0 else 2)


def provenance_of(
    spec: ModelSpec, weights: Path, settings: ExportSettings, mixed: tuple[MixedWeights, ...] = ()
) -> Provenance:
    """Return where an export of a checkpoint comes from."""
    names = ("mattekit", "openvino", *(("torch", "onnx") if spec.source == "torch" else ()))
    sha256 = sha256_of(weights)
    # The publisher's licence covers the publisher's bytes, not whatever fits the same network.
    published = bool(mixed) or sha256 == spec.weights.sha256 or weights.resolve() == cached_path(spec).resolve()
    return Provenance(
        model=spec.id,
        weights_file=printable(weights.name),
        weights_sha256=sha256,
        code_licence=spec.licence.code,
        weights_licence=spec.licence.weights if published else OWN_LICENCE,
        commercial=spec.licence.commercial if published else None,
        route="ready-made" if spec.source == "onnx" else settings.route,
        tools={name: metadata.version(name) for name in names},
        name=settings.name or "",
        mixed=mixed,
    )


def require_weights(model: str, settings: ExportSettings) -> None:
    """Make sure that there are weights to be mixed, where a strength of denoising is asked for.

    Raises:
        InputError: there are none; the message says which model has them.
    """
    if settings.denoise is not None:
        require_mixable(model, settings.denoise, own=settings.weights is not None or settings.torch is not None)


def weights_of(spec: ModelSpec, given: Path | None, settings: ExportSettings) -> tuple[Path, tuple[MixedWeights, ...]]:
    """Return the checkpoint that is given, or the entry's own, fetched where it is not there, and what it is mixed of.

    Raises:
        FetchError: it can't be had.
    """
    if given is not None:
        return given, ()
    if settings.denoise is None:
        return fetch(spec, offline=settings.offline, progress=settings.progress), ()
    made = mixed_weights(spec, settings.denoise, offline=settings.offline, progress=settings.progress)
    return made.path, made.parts

"""A checkpoint → ONNX and IR in their folder, checked step by step on real images, or nothing at all."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import (
    Contract,
    ExportRecord,
    InputError,
    ParityError,
    Precision,
    Provenance,
    Result,
    Variant,
    atomic_directory,
    folder_name,
    least_tile,
    printable,
    sha256_of,
    with_settings,
)
from ..images import read_image, sample_images
from ..infer import OnnxRuntime, TorchRuntime, collect_inputs, load, this_machine
from .checkpoint import load_module
from .export_settings import ExportSettings, ExportStep
from .ir import Shape, ir_from_onnx, ir_from_torch, save_ir
from .onnx_export import export_onnx
from .recognition import entry_of, spec_for
from .spec import ModelSpec
from .step_check import ParityCheck
from .tolerances import EXACT, HALF
from .weights_cache import cached_path, fetch

if TYPE_CHECKING:
    import openvino

__all__ = ["OWN_LICENCE", "RECORD_NAME", "ExportResult", "export", "export_model", "folder_of", "run_export"]

RECORD_NAME = "export.json"
"""The record of an export's checks, beside the model."""

OWN_LICENCE = "not stated: weights given by the user"
"""What an IR says of the licence of weights that are not the publisher's."""

_SAMPLES = 3
"""How many of the given images the steps are compared on."""


@dataclass(frozen=True)
class ExportResult(Result[ExportRecord]):
    """What an export wrote.

    Attributes:
        variants: the models, the IR last.
        record_path: where it lies, beside the models.
    """

    variants: tuple[Variant, ...]
    record_path: Path

    @property
    def ir(self) -> Variant:
        """Return the IR."""
        return self.variants[-1]


@with_settings(ExportSettings)
def export_model(model: str, out: str | Path, settings: ExportSettings) -> ExportResult:
    """Export a checkpoint to `<out>/<model>/<precision>/`, comparing each step with the one before on real images.

    Args:
        model: an entry of the zoo, `ID` or `ID@CHECKPOINT`; or `spandrel-` and any name for the network that spandrel
            recognises in the checkpoint.
        out: parent of the model's folder.
        settings: how to export; without images, the steps are compared on three photos that come with scikit-image.

    Returns:
        The models and the record of the checks.

    Raises:
        ParityError: a step moved the outputs too far; nothing is left at the final path.
        MattekitError: as its message says.

    Example:
        >>> import mattekit
        >>> made = mattekit.export_model("srlite-x2", "models", images=["photo.jpg"], precision="fp16")
        >>> made.ir.path.as_posix()
        'models/srlite-x2/fp16/model.xml'
    """
    return run_export(model, out, settings)


def run_export(model: str, out: str | Path, settings: ExportSettings, *, whatever: bool = False) -> ExportResult:
    """Export as `export_model` does, with all settings in one object.

    Args:
        model: as `export_model` takes it.
        out: parent of the model's folder.
        settings: how to export.
        whatever: replace whatever lies in the model's folder; otherwise, only what mattekit wrote itself.

    Raises:
        MattekitError: as `export_model`.
    """
    name, weights = entry_of(model, settings.weights)
    if weights is not None and not weights.is_file():
        raise InputError(f"{weights}: there is no such file; give a checkpoint of {name}")
    spec = spec_for(name, weights)
    path = weights or fetch(spec, offline=settings.offline, progress=settings.progress)
    files = collect_inputs(settings.images)[:_SAMPLES] if settings.images else []
    images = [read_image(file) for file in files] or sample_images()
    contract = spec.contract.with_size(*settings.size) if settings.size else spec.contract
    # A free batch is tried with two images, so that a one that tracing made a constant is found.
    check = ParityCheck.on(images, contract, settings.batch if settings.batch > 0 else 2)
    written, record = export(spec, path, Path(out), settings, check, whatever=whatever)
    return ExportResult((record,), tuple(written), folder_of(spec, settings, Path(out)) / RECORD_NAME)


def folder_of(spec: ModelSpec, settings: ExportSettings, out_dir: Path) -> Path:
    """Return where a model goes: `<out_dir>/<model>/<precision>`, or `<model>-<name>` where it has a name."""
    return out_dir / folder_name(spec.id, settings.name or "") / settings.precision


def export(
    spec: ModelSpec,
    weights: Path,
    out_dir: Path,
    settings: ExportSettings,
    check: ParityCheck,
    *,
    whatever: bool = False,
) -> tuple[list[Variant], ExportRecord]:
    """Write `<out_dir>/<model>/<precision>/model.{onnx,xml,bin}`, and the record of their checks as `export.json`.

    The same weights and settings give the same bytes. The folder appears whole, after the last check, or not at all;
    what was there before stays until then.

    Args:
        spec: the zoo entry.
        weights: its checkpoint, or its ready-made ONNX file.
        out_dir: parent of the model's folder.
        settings: how to export.
        check: compares each stage with the one before.
        whatever: replace whatever lies in the model's folder, as `atomic_directory`.

    Returns:
        The variants, the IR last, and the record.

    Raises:
        CheckpointError: the weights do not fit the network.
        ModelError: the network does not accept the size, or the ONNX file cannot be converted.
        DependencyError: torch or onnx is not installed.
        ParityError: a step moved the outputs too far; nothing is left at the final path.
        InputError: the model's folder holds something that is not of an export; it stays as it is.
    """
    contract, shape = _shape(spec.contract, settings)
    folder = folder_of(spec, settings, out_dir)
    precision, provenance = settings.precision, _provenance(spec, weights, settings)
    with atomic_directory(folder, whatever=whatever) as temporary:
        onnx_path, ir_path = temporary / "model.onnx", temporary / "model.xml"

        def save(model: openvino.Model) -> None:
            fp16 = precision == "fp16"
            save_ir(model, ir_path, contract=contract, provenance=provenance, shape=shape, fp16=fp16)
            check("ir", load(ir_path, "CPU", keep_batch=True).runtime, HALF if fp16 else EXACT)

        if spec.source == "onnx":
            with _step("onnx", settings, check):
                # Read where it lies, so that an error names the user's file.
                model = ir_from_onnx(weights, heads=settings.heads)
                shutil.copyfile(weights, onnx_path)
                check("onnx", OnnxRuntime(onnx_path), EXACT)
            with _step(f"onnx → ir {precision}", settings, check):
                save(model)
        else:
            with _step("torch", settings, check):
                module = load_module(spec, weights, heads=settings.heads)
                check("torch", TorchRuntime(module), EXACT)
            if settings.route == "direct":
                with _step(f"torch → ir {precision}", settings, check):
                    save(ir_from_torch(module, contract=contract))
            else:
                with _step("torch → onnx", settings, check):
                    export_onnx(module, onnx_path, contract=contract, provenance=provenance, exporter=settings.exporter)
                    check("onnx", OnnxRuntime(onnx_path), EXACT)
                with _step(f"onnx → ir {precision}", settings, check):
                    save(ir_from_onnx(onnx_path, heads=settings.heads))
        files: tuple[tuple[Path, Precision], ...] = ((onnx_path, "fp32"), (ir_path, precision))
        written = [
            Variant(spec.id, stored, path, contract, provenance, settings.name or "")
            for path, stored in files
            if path.is_file()
        ]
        record = _record(spec, settings, written, check)
        record.write(temporary / RECORD_NAME)
    return [replace(variant, path=folder / variant.path.name) for variant in written], record


@contextlib.contextmanager
def _step(name: str, settings: ExportSettings, check: ParityCheck) -> Generator[None]:
    """Tell when a step begins and what came of it, and end the export where it moved the outputs too far."""
    tell = settings.tell or _silent
    tell(ExportStep(name))
    began = time.monotonic()
    yield
    done = check.steps[-1]
    tell(ExportStep(name, time.monotonic() - began, check.judged, done.broken))
    if done.broken:
        raise ParityError(f"{done.name} moved the outputs: {done.broken}; nothing was written")


def _silent(step: ExportStep) -> None:
    """Nobody wants to know."""


def _record(spec: ModelSpec, settings: ExportSettings, written: list[Variant], check: ParityCheck) -> ExportRecord:
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


def _shape(contract: Contract, settings: ExportSettings) -> tuple[Contract, Shape]:
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


def _provenance(spec: ModelSpec, weights: Path, settings: ExportSettings) -> Provenance:
    names = ("mattekit", "openvino", *(("torch", "onnx") if spec.source == "torch" else ()))
    sha256 = sha256_of(weights)
    # The publisher's licence covers the publisher's bytes, not whatever fits the same network.
    published = sha256 == spec.weights.sha256 or weights.resolve() == cached_path(spec).resolve()
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
    )

"""A checkpoint → ONNX and IR in their folder, checked step by step on real images, or nothing at all."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import (
    ExportRecord,
    InputError,
    MixedWeights,
    Precision,
    Result,
    Variant,
    atomic_directory,
    with_settings,
)
from ..infer import OnnxRuntime, TorchRuntime, load, this_machine
from .checkpoint import fine_tuned_as, load_module
from .export_settings import ExportSettings
from .export_steps import (
    RECORD_NAME,
    check_of,
    folder_of,
    provenance_of,
    record_of,
    require_weights,
    shape_of,
    step,
    weights_of,
)
from .ir import ir_from_onnx, ir_from_torch, save_ir
from .onnx_export import export_onnx
from .own_code import own_network
from .own_export import export_own
from .recognition import entry_of, spec_for
from .spec import ModelSpec
from .step_check import EXACT, HALF, ParityCheck

if TYPE_CHECKING:
    import openvino

__all__ = ["ExportResult", "export", "export_model", "run_export"]

_LOG = logging.getLogger(__name__)


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
    require_weights(model, settings)
    if settings.torch is not None:
        spec, path = own_network(model, settings.torch, settings)
        return _exported(spec, path, Path(out), settings, whatever=whatever)
    own = export_own(model, Path(out), settings, whatever=whatever)
    if own is not None:
        written, record = own
        return ExportResult((record,), tuple(written), written[-1].path.parent / RECORD_NAME)
    name, weights = entry_of(model, settings.weights)
    if weights is not None and not weights.is_file():
        raise InputError(f"{weights}: there is no such file; give a checkpoint of {name}")
    spec = spec_for(name, weights)
    spec = spec if weights is None else fine_tuned_as(spec, weights)
    _warn_of_memory(spec)
    path, mixed = weights_of(spec, weights, settings)
    return _exported(spec, path, Path(out), settings, mixed, whatever=whatever)


def _exported(
    spec: ModelSpec,
    weights: Path,
    out: Path,
    settings: ExportSettings,
    mixed: tuple[MixedWeights, ...] = (),
    *,
    whatever: bool,
) -> ExportResult:
    check = check_of(spec, settings)
    written, record = export(spec, weights, out, settings, check, mixed=mixed, whatever=whatever)
    return ExportResult((record,), tuple(written), folder_of(spec, settings, out) / RECORD_NAME)


def _warn_of_memory(spec: ModelSpec) -> None:
    """Say before hours of swapping that an export takes more memory than the machine has."""
    memory = this_machine().memory_bytes
    if spec.memory is not None and memory is not None and memory < spec.memory:
        _LOG.warning(
            "%s: exporting it takes %.1f GB of memory, and this machine has %.1f; export it on a larger one",
            spec.id,
            spec.memory / 1e9,
            memory / 1e9,
        )


def export(
    spec: ModelSpec,
    weights: Path,
    out_dir: Path,
    settings: ExportSettings,
    check: ParityCheck,
    *,
    mixed: tuple[MixedWeights, ...] = (),
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
        mixed: the published checkpoints that the weights were mixed of, where they were.
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
    contract, shape = shape_of(spec.contract, settings)
    folder = folder_of(spec, settings, out_dir)
    precision, provenance = settings.precision, provenance_of(spec, weights, settings, mixed)
    with atomic_directory(folder, whatever=whatever) as temporary:
        onnx_path, ir_path = temporary / "model.onnx", temporary / "model.xml"

        def save(model: openvino.Model) -> None:
            fp16 = precision == "fp16"
            save_ir(model, ir_path, contract=contract, provenance=provenance, shape=shape, fp16=fp16)
            check("ir", load(ir_path, "CPU", keep_batch=True).runtime, HALF if fp16 else EXACT)

        if spec.source == "onnx":
            with step("onnx", settings, check):
                # Read where it lies, so that an error names the user's file.
                model = ir_from_onnx(weights, heads=settings.heads)
                shutil.copyfile(weights, onnx_path)
                check("onnx", OnnxRuntime(onnx_path), EXACT)
            with step(f"onnx → ir {precision}", settings, check):
                save(model)
        else:
            with step("torch", settings, check):
                module = load_module(spec, weights, heads=settings.heads)
                check("torch", TorchRuntime(module), EXACT)
            if settings.route == "direct":
                with step(f"torch → ir {precision}", settings, check):
                    save(ir_from_torch(module, contract=contract))
            else:
                with step("torch → onnx", settings, check):
                    export_onnx(module, onnx_path, contract=contract, provenance=provenance, exporter=settings.exporter)
                    check("onnx", OnnxRuntime(onnx_path), EXACT)
                with step(f"onnx → ir {precision}", settings, check):
                    save(ir_from_onnx(onnx_path, heads=settings.heads, channels=contract.input.channels))
        files: tuple[tuple[Path, Precision], ...] = ((onnx_path, "fp32"), (ir_path, precision))
        written = [
            Variant(spec.id, stored, path, contract, provenance, settings.name or "")
            for path, stored in files
            if path.is_file()
        ]
        record = record_of(spec, settings, written, check)
        record.write(temporary / RECORD_NAME)
    return [replace(variant, path=folder / variant.path.name) for variant in written], record

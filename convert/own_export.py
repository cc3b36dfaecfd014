"""A network of the user's own → its folder: what the file takes and gives stays as it is, the contract goes inside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..core import (
    CONTRACT_KEY,
    PROVENANCE_KEY,
    Contract,
    ExportRecord,
    Precision,
    Provenance,
    Variant,
    atomic_directory,
    copy_onnx,
    folder_name,
)
from ..infer import (
    adapter_for,
    interface_of,
    load,
    read_model,
)
from .export_settings import ExportSettings
from .export_steps import RECORD_NAME, check_of, record_of, shape_of, step
from .ir import ir_from_onnx
from .own_ir import model_batch, save_own_ir
from .own_model import OwnModel, own_model, own_provenance
from .step_check import ParityCheck
from .tolerances import EXACT, HALF, QUANTIZED, Tolerance
from .witness import source_runtime

__all__ = ["export_own"]

_TOLERANCES: dict[tuple[Precision, Precision], Tolerance] = {("fp32", "fp16"): HALF, ("int8", "int8"): QUANTIZED}
"""By how the weights are stored in the file and in the IR; runtimes round 8-bit numbers at other places."""


def export_own(
    model: str, out_dir: Path, settings: ExportSettings, *, whatever: bool = False
) -> tuple[list[Variant], ExportRecord] | None:
    """Export a network of the user's own, as `own_model` finds it; None where another kind of model is meant.

    Raises:
        MattekitError: as `own_model`, and as its message says; nothing is left at the final path.
    """
    own = own_model(model, settings)
    return None if own is None else _exported(own, out_dir, check_of(own.spec, own.settings), whatever=whatever)


def _exported(
    own: OwnModel, out_dir: Path, check: ParityCheck, *, whatever: bool
) -> tuple[list[Variant], ExportRecord]:
    """Write `<out_dir>/<model>/<precision>/model.{xml,bin}`, of an ONNX file its copy too, and a record of the checks.

    The precision is the file's own where its weights are stored in 8 or in 16 bits already. The copy of an ONNX file
    has the contract in its metadata, and the IR is compared with it: run by ONNX Runtime where that is installed, by
    OpenVINO elsewhere. There is no ONNX file of an IR.

    Args:
        own: the network.
        out_dir: parent of the model's folder.
        check: compares each stage with the one before.
        whatever: replace whatever lies in the model's folder, as `atomic_directory`.

    Returns:
        The variants, the IR last, and the record.

    Raises:
        ModelError: the file cannot be converted, or does not take the size or the batch.
        ParityError: a step moved the outputs too far; nothing is left at the final path.
        InputError: the model's folder holds something that is not of an export; it stays as it is.
    """
    spec, settings = own.spec, own.settings
    from_onnx = spec.source == "onnx"
    model = ir_from_onnx(own.file, own=True) if from_onnx else read_model(own.file)
    adapter_for(interface_of(model), spec.contract, own.file)
    stored, own_batch = own.stored, model_batch(model)
    precision: Precision = settings.precision if stored == "fp32" else stored
    contract, shape = shape_of(spec.contract, settings)
    called = settings.name or ""
    provenance = own_provenance(own.file, spec.id, called, own.provenance)
    folder = out_dir / folder_name(spec.id, called) / precision
    with atomic_directory(folder, whatever=whatever) as temporary:
        onnx_path, ir_path = temporary / "model.onnx", temporary / "model.xml"
        source = "onnx" if from_onnx else "given ir"
        with step(source, settings, check):
            if from_onnx:
                _copy(own.file, onnx_path, contract, provenance)
            check(source, source_runtime(onnx_path if from_onnx else own.file, contract, own_batch), EXACT)
        with step(f"{source} → ir {precision}", settings, check):
            save_own_ir(model, ir_path, contract=contract, provenance=provenance, shape=shape, fp16=precision == "fp16")
            asked_batch = model_batch(model) in {None, settings.batch}
            runtime = load(ir_path, "CPU", keep_batch=asked_batch).runtime
            check("ir", runtime, _TOLERANCES.get((stored, precision), EXACT))
        files: list[tuple[Path, Precision]] = [(onnx_path, stored)] if from_onnx else []
        files.append((ir_path, precision))
        written = [Variant(spec.id, kind, path, contract, provenance, called) for path, kind in files]
        record = record_of(spec, settings, written, check)
        record.write(temporary / RECORD_NAME)
    return [replace(variant, path=folder / variant.path.name) for variant in written], record


def _copy(source: Path, target: Path, contract: Contract, provenance: Provenance) -> None:
    copy_onnx(
        source,
        target,
        {f"mattekit.{CONTRACT_KEY}": contract.to_json(), f"mattekit.{PROVENANCE_KEY}": provenance.to_json()},
    )

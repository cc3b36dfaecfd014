"""A zoo entry and its weights → ONNX and IR in their folder, checked step by step, or nothing at all."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..core import (
    Contract,
    ExportRecord,
    InputError,
    ParityError,
    Precision,
    Provenance,
    Variant,
    atomic_directory,
    folder_name,
    least_tile,
    printable,
    sha256_of,
)
from ..infer import Runtime, this_machine
from .checkpoint import load_module
from .fetch import cached_path
from .ir import Shape, ir_from_onnx, ir_from_torch, save_ir
from .onnx_export import Exporter, export_onnx
from .parity import EXACT, HALF, ParityCheck, Tolerance
from .spec import ModelSpec
from .stage_runtimes import open_stage

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "OWN_LICENCE",
    "RECORD_NAME",
    "ExportSettings",
    "Heads",
    "Route",
    "export",
    "folder_of",
    "parse_batch",
    "parse_size",
]

Route = Literal["onnx", "direct"]
Heads = Literal["fused", "all"]

RECORD_NAME = "export.json"
"""The record of an export's checks, beside the model."""

OWN_LICENCE = "not stated: weights given by the user"
"""What an IR says of the licence of weights that are not the publisher's."""


@dataclass(frozen=True)
class ExportSettings:
    """How to export.

    precision: of the stored weights. route: `onnx` goes PyTorch → ONNX → IR and keeps both; `direct` goes PyTorch → IR.
    size: height and width of the input, None for the contract's own (a fixed size for segmentation, free for
    super-resolution); dynamic leaves both free. batch: -1 leaves it free. heads: `all` keeps a U²-Net's side outputs.
    name: of the variant, such as that of a fine-tune, which tells it from others of its model.
    """

    precision: Precision = "fp32"
    route: Route = "onnx"
    exporter: Exporter = "torchscript"
    size: tuple[int, int] | None = None
    dynamic: bool = False
    batch: int = 1
    heads: Heads = "fused"
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that exclude each other with an InputError."""
        if self.precision == "int8":
            raise InputError("export writes fp32 or fp16; int8 is made from those by quantization")
        if self.size and self.dynamic:
            raise InputError("--size fixes what --dynamic leaves free; give one of them")
        if self.batch != -1 and self.batch < 1:
            raise InputError(f"a batch of {self.batch} makes no sense; give 1 or more, or 'dynamic'")


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read `N` or `HEIGHTxWIDTH`; None stays None.

    Raises:
        InputError: it is neither.
    """
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise InputError(f"--size {text}: give one number, or HEIGHTxWIDTH such as 240x320")
    return int(parts[0]), int(parts[-1])


def parse_batch(text: str) -> int:
    """Read a batch size; `dynamic` is -1.

    Raises:
        InputError: it is neither.
    """
    if text == "dynamic":
        return -1
    if not text.isdecimal():
        raise InputError(f"--batch {text}: give a number, or dynamic")
    return int(text)


def folder_of(spec: ModelSpec, settings: ExportSettings, out_dir: Path) -> Path:
    """Return where a model goes: `<out_dir>/<model>/<precision>`, or `<model>-<name>` where it has a name."""
    return out_dir / folder_name(spec.id, settings.name) / settings.precision


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
    fp16 = settings.precision == "fp16"
    provenance = _provenance(spec, weights, settings)
    with atomic_directory(folder, whatever=whatever) as temporary:
        onnx_path, ir_path = temporary / "model.onnx", temporary / "model.xml"
        if spec.source == "onnx":
            # Read where it lies, so that an error names the user's file.
            model = ir_from_onnx(weights, heads=settings.heads)
            shutil.copyfile(weights, onnx_path)
            _require(check, "onnx", open_stage("onnx", onnx_path), EXACT)
        else:
            module = load_module(spec, weights)
            _keep_heads(module, settings.heads)
            _require(check, "torch", open_stage("torch", module), EXACT)
            if settings.route == "onnx":
                export_onnx(module, onnx_path, contract=contract, provenance=provenance, exporter=settings.exporter)
                _require(check, "onnx", open_stage("onnx", onnx_path), EXACT)
                model = ir_from_onnx(onnx_path, heads=settings.heads)
            else:
                model = ir_from_torch(module, contract=contract)
        save_ir(model, ir_path, contract=contract, provenance=provenance, shape=shape, fp16=fp16)
        _require(check, "ir", open_stage("ir", ir_path), HALF if fp16 else EXACT)
        files: tuple[tuple[Path, Precision], ...] = ((onnx_path, "fp32"), (ir_path, settings.precision))
        written = [
            Variant(spec.id, precision, path, contract, provenance, settings.name)
            for path, precision in files
            if path.is_file()
        ]
        record = _record(spec, settings, written, check)
        record.write(temporary / RECORD_NAME)
    return [replace(variant, path=folder / variant.path.name) for variant in written], record


def _require(check: ParityCheck, stage: str, runtime: Runtime, tolerance: Tolerance) -> None:
    step = check(stage, runtime, tolerance)
    if step.broken:
        raise ParityError(f"{step.name} moved the outputs: {step.broken}; nothing was written")


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
            **asdict(settings),
            "size": list(settings.size) if settings.size else None,
        },
        steps=tuple(check.steps),
    )


def _keep_heads(module: nn.Module, heads: Heads) -> None:
    from .networks.u2net import U2Net

    if isinstance(module, U2Net):
        module.heads = heads
    elif heads == "all":
        raise InputError("--heads all: this network has one output only; leave the option out")


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
        name=settings.name,
    )

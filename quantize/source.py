"""The IR that is quantized, and the one that is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ..convert import halve_weights, name_by_position, write_ir
from ..core import CONTRACT_KEY, PRECISIONS, PROVENANCE_KEY, Contract, ContractError, ModelError, Provenance, Variant
from ..infer import describe, read_model
from ..models import ModelRef

if TYPE_CHECKING:
    import openvino

__all__ = ["QUANTIZATION_KEY", "Source", "layer_names", "open_source", "save_int8"]

QUANTIZATION_KEY = "quantization"
"""Where the quantization's parameters are: `rt_info/mattekit/quantization`, beside the contract."""


@dataclass(frozen=True)
class Source:
    """The IR that is quantized, read."""

    variant: Variant
    provenance: Provenance
    model: openvino.Model

    @property
    def path(self) -> Path:
        """Return its `.xml` file."""
        return self.variant.path

    @property
    def contract(self) -> Contract:
        """Return what surrounds the network."""
        return self.variant.contract


def open_source(model: str | Path) -> Source:
    """Open the FP32 IR that a user names, or its FP16 one where that is all there is.

    Args:
        model: as `ModelRef.parse` takes it; of a model's folder, the variant of the largest precision.

    Raises:
        ModelError: it is no IR that can be read, or it is quantized already.
        ContractError: it carries no contract.
    """
    ref = ModelRef.parse(model)
    if not ref.on_openvino:
        raise ModelError(f"{model}: INT8 is made from an OpenVINO IR; give one, or an entry of the zoo")
    paths = [path for path in ref.paths() if path.suffix == ".xml"]
    if not paths:
        raise ModelError(f"{model}: not an OpenVINO IR; make one with: mattekit export MODEL -o DIR")
    found = [(describe(read, path), read) for path in paths for read in (read_model(path),)]
    variant, read = min(found, key=lambda each: PRECISIONS.index(each[0].precision))
    path = variant.path
    if variant.provenance is None:
        raise ContractError(
            f"{path}: the IR does not say where it comes from; make one with: mattekit export MODEL -o DIR"
        )
    if variant.precision == "int8":
        raise ModelError(f"{path}: the IR is quantized already; give the FP32 one that it was made from")
    return Source(variant, variant.provenance, read)


def save_int8(model: openvino.Model, target: Path, source: Source, notes: dict[str, JsonValue]) -> None:
    """Write an INT8 IR with its source's contract and provenance; the same model and notes give the same bytes.

    Weights of layers that are not in 8 bits are stored in FP16 and computed with in FP32.

    Args:
        model: stays as it is.
        target: the `.xml` file.
        source: what it was made from.
        notes: written as JSON under `mattekit/quantization`.
    """
    model = model.clone()
    model.set_friendly_name(source.provenance.model)
    halve_weights(model)
    name_by_position(model, keep=frozenset(layer_names(source.model)))
    model.set_rt_info(source.contract.to_json(), ["mattekit", CONTRACT_KEY])
    model.set_rt_info(source.provenance.to_json(), ["mattekit", PROVENANCE_KEY])
    model.set_rt_info(json.dumps({"precision": "int8", **notes}), ["mattekit", QUANTIZATION_KEY])
    write_ir(model, target, fp16=False)


def layer_names(model: openvino.Model) -> list[str]:
    """Return the names of all nodes."""
    return [node.get_friendly_name() for node in model.get_ordered_ops()]

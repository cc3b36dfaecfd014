"""The IR that is quantized, and the one that is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from ..convert.ir import halve_weights, name_by_position, write_ir
from ..convert.layers import quantized_layers
from ..core.artifact import CONTRACT_KEY, PROVENANCE_KEY, Provenance
from ..core.contract import Contract
from ..core.errors import ContractError, ModelError
from ..core.files import sha256_of
from ..infer.runtimes.openvino import read_contract, read_model

if TYPE_CHECKING:
    import openvino

__all__ = ["QUANTIZATION_KEY", "Source", "layer_names", "open_source", "save_int8"]

QUANTIZATION_KEY = "quantization"
"""Where the quantization's parameters are: `rt_info/mattekit/quantization`, beside the contract."""


@dataclass(frozen=True)
class Source:
    """The IR that is quantized; sha256 is of its two files, by name."""

    path: Path
    model: openvino.Model
    contract: Contract
    provenance: Provenance
    sha256: dict[str, str]


def open_source(path: Path) -> Source:
    """Open an FP32 or FP16 IR, or the folder that it lies in.

    Raises:
        ModelError: it is no IR that can be read, or it is quantized already.
        ContractError: it carries no contract.
    """
    if path.is_dir():
        path /= "model.xml"
    if path.suffix != ".xml" or not path.is_file():
        raise ModelError(f"{path}: not an OpenVINO IR; make one with: mattekit export MODEL -o DIR")
    model = read_model(path)
    contract, provenance = read_contract(model, path)
    if contract is None or provenance is None:
        raise ContractError(f"{path}: the IR carries no mattekit contract; make one with: mattekit export MODEL -o DIR")
    if quantized_layers(model):
        raise ModelError(f"{path}: the IR is quantized already; give the FP32 one that it was made from")
    hashes = {file.name: sha256_of(file) for file in (path, path.with_suffix(".bin"))}
    return Source(path, model, contract, provenance, hashes)


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

"""A model's file, read without compiling it: what it says of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from ...core import (
    CONTRACT_KEY,
    MODEL_INFO,
    MODEL_INFO_KEYS,
    PROVENANCE_KEY,
    Contract,
    ModelError,
    Precision,
    Provenance,
    Variant,
    check_onnx,
    check_operators,
    contract_beside,
    contract_of_model_info,
    no_contract,
    openvino_errors_as,
    refused_operators,
)
from .forking import native_calls
from .mends import mend_graph

if TYPE_CHECKING:
    import openvino

__all__ = ["describe", "read_contract", "read_model", "read_variant", "stored_precision", "unreadable"]

_KINDS = {".xml": "IR", ".onnx": "ONNX file"}

_QUANTIZED = frozenset({"FakeQuantize", "QuantizeLinear", "DequantizeLinear"})


def read_variant(path: Path, contract: Contract | None = None, otherwise: Contract | None = None) -> Variant:
    """Read an IR or ONNX file's description.

    Args:
        path: the `.xml` or `.onnx` file.
        contract: used in place of the one inside the file, or beside it.
        otherwise: used where there is none inside the file.

    Raises:
        ModelError: the file cannot be read as a model.
        ContractError: nothing says what surrounds the network.
    """
    return describe(read_model(path), path, contract, otherwise)


def describe(
    model: openvino.Model, path: Path, contract: Contract | None = None, otherwise: Contract | None = None
) -> Variant:
    """Describe a model that was read from a file already; as `read_variant` otherwise.

    Raises:
        ContractError: nothing says what surrounds the network.
    """
    found, provenance = read_contract(model, path, described=contract is None)
    chosen = contract or found or otherwise
    if chosen is None:
        beside = contract_beside(path)
        if beside is None:
            raise no_contract(path)
        chosen = beside[0]
    named = provenance.name if provenance else ""
    return Variant(
        provenance.model if provenance else path.stem, stored_precision(model), path, chosen, provenance, named
    )


def stored_precision(model: openvino.Model) -> Precision:
    """Return how a model's weights are stored: `int8` where any layer is quantized, else as most of them are."""
    elements: Counter[str] = Counter()
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind in _QUANTIZED:
            return "int8"
        if kind == "Constant":
            elements[node.get_output_element_type(0).get_type_name()] += prod(node.get_output_shape(0))
    return "fp16" if elements["f16"] > elements["f32"] else "fp32"


def read_model(path: Path, shape: tuple[int, int, int, int] | None = None) -> openvino.Model:
    """Read an IR (`.xml`, its `.bin` beside it) or ONNX file without compiling it.

    Args:
        path: the file.
        shape: given to its input; that of the file where None.

    Raises:
        ModelError: the file is not there, or cannot be read as a model, or not in this shape.
    """
    import openvino

    if path.suffix not in _KINDS:
        raise ModelError(f"{path}: not a model file; give an OpenVINO IR (.xml) or an ONNX file (.onnx)")
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file; check the path")
    if path.suffix == ".xml" and not path.with_suffix(".bin").is_file():
        raise ModelError(f"{path}: its weights {path.with_suffix('.bin').name} are missing; copy both files together")
    opset = None
    if path.suffix == ".onnx":
        check_onnx(path)
        opset = check_operators(path)
    with native_calls(), unreadable(path):
        model = openvino.Core().read_model(path)
    mend_graph(model, opset)
    if not model.inputs or not model.outputs:
        raise ModelError(f"{path}: the model has no input or no output; export the model again")
    if shape is not None:
        try:
            model.reshape(list(shape))
        except RuntimeError as error:
            raise ModelError(
                f"{path}: the model does not take an input of {shape}; give a size that it takes, or a file of free "
                "sizes"
            ) from error
    return model


@contextmanager
def unreadable(path: Path) -> Generator[None]:
    """Make a sentence of what OpenVINO says of a file that it cannot read, with the operators that it does not know."""
    try:
        with openvino_errors_as(
            ModelError,
            lambda reason: f"{path}: OpenVINO cannot read it ({reason}); is it a whole {_KINDS[path.suffix]}?",
        ):
            yield
    except ModelError as error:
        named = refused_operators(path, str(error.__cause__))
        if named is None:
            raise
        raise ModelError(named) from error.__cause__


def read_contract(
    model: openvino.Model, path: Path, *, described: bool = True
) -> tuple[Contract | None, Provenance | None]:
    """Read what the export wrote into the model, or else what Model API's description says; None where neither is.

    Args:
        model: that was read.
        path: of its file, for messages.
        described: read Model API's description, too, which may be one that no contract can say.

    Raises:
        ContractError: there is a contract, but not one that this mattekit knows.
        ModelError: there is a provenance, but it is damaged.
    """
    texts: dict[str, str] = {}
    with openvino_errors_as(
        ModelError, lambda reason: f"{path}: what the export wrote into it is damaged ({reason}); export it again"
    ):
        for key in (CONTRACT_KEY, PROVENANCE_KEY):
            # An IR keeps ours in a tree; the ONNX frontend puts the file's metadata under `framework` with flat names.
            for where in (["mattekit", key], ["framework", f"mattekit.{key}"]):
                if model.has_rt_info(where):
                    texts[key] = str(model.get_rt_info(where).astype(str))
                    break
        info = _model_info(model) if described and CONTRACT_KEY not in texts else {}
    contract = Contract.from_json(texts[CONTRACT_KEY], source=str(path)) if CONTRACT_KEY in texts else None
    if info:
        contract = _described(info, model, path)
    provenance = Provenance.from_json(texts[PROVENANCE_KEY], source=str(path)) if PROVENANCE_KEY in texts else None
    return contract, provenance


def _model_info(model: openvino.Model) -> dict[str, str]:
    """Return the entries of Model API's description; an ONNX file's metadata has them under names of two words."""
    found: dict[str, str] = {}
    for key in MODEL_INFO_KEYS:
        for where in ([MODEL_INFO, key], ["framework", f"{MODEL_INFO} {key}"]):
            if model.has_rt_info(where):
                found[key] = str(model.get_rt_info(where).astype(str))
                break
    return found


def _described(info: dict[str, str], model: openvino.Model, path: Path) -> Contract | None:
    """Return the contract that Model API's description of a model makes."""
    from openvino import layout_helpers

    layout = layout_helpers.get_layout(model.inputs[0])
    shapes = [model.inputs[0].partial_shape, model.outputs[0].partial_shape]
    sides = [[None if side.is_dynamic else side.get_length() for side in shape] for shape in shapes]
    return contract_of_model_info(
        info,
        sides[0],
        sides[1][1] if len(sides[1]) == 4 else None,
        "" if layout.empty else layout.to_string().strip("[]").replace(",", ""),
        source=str(path),
    )

"""ONNX or PyTorch → OpenVINO IR, deterministic and self-describing."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Collection, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..core import (
    CONTRACT_KEY,
    MODEL_INFO,
    PROVENANCE_KEY,
    Contract,
    InputError,
    ModelError,
    Provenance,
    check_onnx,
    check_operators,
    last_line,
    model_info_of,
    needs_extra,
    openvino_errors_as,
)
from ..infer import mend_graph, unreadable
from .full_precision import image_layers, keep_in_f32
from .layer_kinds import WEIGHTED
from .onnx_export import INPUT_NAME, OUTPUT_NAME

if TYPE_CHECKING:
    import openvino
    from torch import nn

__all__ = [
    "Shape",
    "annotate_and_write",
    "halve_weights",
    "ir_from_onnx",
    "ir_from_torch",
    "name_by_position",
    "save_ir",
    "write_ir",
]

Shape = tuple[int, int, int]
"""Batch, height and width of the IR's input; -1 leaves one free."""

# A name that OpenVINO made up from a counter of the process: `Reshape_12207`, `Constant_15`, `Split_22.0` of an output.
_COUNTED = re.compile(r"[A-Za-z]+[A-Za-z0-9]*_\d+|[A-Z][A-Za-z]*_\d+\.\d+")


def ir_from_onnx(path: Path, *, heads: str = "fused", channels: int = 3, own: bool = False) -> openvino.Model:
    """Convert the ONNX file at `path`; with `heads="fused"` only its first output is kept, of a user's own all are.

    NNCF recognises the biases of a graph that was converted so, and not those of one that `read_model` reads.

    Raises:
        ModelError: OpenVINO cannot read the file as an ONNX model of one image input.
    """
    from openvino.tools.ovc import convert_model

    check_onnx(path)
    opset = check_operators(path)
    with _logging_kept(), unreadable(path):
        model = convert_model(path)
    mend_graph(model, opset)
    if own:
        return model
    _check_input(model, path, channels)
    if heads == "fused":
        for result in model.get_results()[1:]:
            model.remove_result(result)
    return model


def ir_from_torch(module: nn.Module, *, contract: Contract) -> openvino.Model:
    """Convert a module in eval mode without a detour, with free batch, height and width.

    Raises:
        DependencyError: torch is not installed.
    """
    with needs_extra("exporting", "torch", "export"):
        import torch
    import openvino
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
    from openvino.tools.ovc import convert_model

    multiple, channels = contract.input.multiple, contract.input.channels
    example = torch.zeros(1, channels, 32 * multiple, 48 * multiple)
    with warnings.catch_warnings(), _logging_kept():
        # PyTorch warns that its tracer, which OpenVINO uses, is deprecated.
        warnings.simplefilter("ignore")
        # Outputs are compared afterwards, on images: PyTorch need not trace again to compare on zeros.
        decoder = TorchScriptPythonDecoder(module, example_input=example, trace_kwargs={"check_trace": False})
        # The module's forward calls its argument whatever it likes, so it is given by position.
        return convert_model(decoder, example_input=example, input=[openvino.PartialShape([-1, channels, -1, -1])])


@contextlib.contextmanager
def _logging_kept() -> Generator[None]:
    """OpenVINO's converter sets the root logger up for itself, and after a failure leaves it silent below errors."""
    root = logging.getLogger()
    level, filters, handlers = root.level, root.filters[:], root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.filters[:], root.handlers[:] = filters, handlers


def save_ir(
    model: openvino.Model,
    target: Path,
    *,
    contract: Contract,
    provenance: Provenance,
    shape: Shape,
    fp16: bool,
) -> None:
    """Fix the shape, write contract and provenance into `rt_info/mattekit`, and save `target` and its `.bin`.

    The same model gives the same bytes. A fixed shape can still be changed with `Model.reshape` later, since the graph
    itself computes its sizes.

    Args:
        model: with one input (N, C, H, W); changed in place.
        target: the `.xml` file.
        contract: written as JSON under `mattekit/contract`.
        provenance: written as JSON under `mattekit/provenance`.
        shape: batch, height, width; -1 where free.
        fp16: whether the weights are stored in half precision, as by `halve_weights`.

    Raises:
        ModelError: the network does not accept the shape.
    """
    import openvino

    batch, height, width = shape
    try:
        model.reshape(openvino.PartialShape([batch, contract.input.channels, height, width]))
    except RuntimeError as error:
        raise ModelError(
            f"{provenance.model}: the network does not accept batch {batch}, {height}x{width} ({last_line(error)}); "
            f"choose another --size, or export with --dynamic"
        ) from error
    model.inputs[0].set_names({INPUT_NAME})
    for number, output in enumerate(model.outputs):
        output.set_names({OUTPUT_NAME if number == 0 else f"{OUTPUT_NAME}_side{number}"})
    annotate_and_write(model, target, contract, provenance, fp16=fp16)


def annotate_and_write(
    model: openvino.Model, target: Path, contract: Contract, provenance: Provenance, *, fp16: bool
) -> None:
    """Write contract and provenance into a model whose shape and names are set, and the model's two files."""
    model.set_friendly_name(provenance.model)
    name_by_position(model)
    # The ONNX file's metadata comes along under `framework`; two contracts could come to differ.
    model.set_rt_info("onnx" if provenance.route != "direct" else "pytorch", ["framework"])
    model.set_rt_info(contract.to_json(), ["mattekit", CONTRACT_KEY])
    model.set_rt_info(provenance.to_json(), ["mattekit", PROVENANCE_KEY])
    for key, value in (model_info_of(contract, outputs=len(model.outputs)) or {}).items():
        model.set_rt_info(value, [MODEL_INFO, key])
    write_ir(model, target, fp16=fp16)
    if contract.output.kind == "image":
        keep_in_f32(target, image_layers(model).__contains__)


def write_ir(model: openvino.Model, target: Path, *, fp16: bool) -> None:
    """Write a model's two files; the model stays as it is.

    Args:
        model: what is written.
        target: the `.xml` file.
        fp16: whether the weights are stored in half precision, as by `halve_weights`.

    Raises:
        InputError: they cannot be written; OpenVINO does not say why.
    """
    import openvino

    if fp16:
        model = model.clone()
        halve_weights(model)
    with openvino_errors_as(
        InputError, lambda reason: f"{target}: it cannot be written ({reason}); make room, or choose another place"
    ):
        openvino.save_model(model, target, compress_to_fp16=False)


def halve_weights(model: openvino.Model) -> None:
    """Put FP16 constants, widened where they are read, in place of the FP32 weights of all layers.

    OpenVINO's own compression halves the biases too, which are next to nothing in size and, with BatchNorm folded into
    them, can be half of the error; and it leaves quantized networks alone. Biases and the ranges of quantizers stay
    in FP32 here, and so do weights that FP16 cannot hold. Devices fold the widening when they compile the model.

    Args:
        model: changed in place; weights that are in 8 bits or in FP16 already stay as they are.
    """
    from openvino import Type, opset13

    for node in model.get_ordered_ops():
        if node.get_type_name() not in WEIGHTED:
            continue
        weights = node.input_value(1).get_node()
        if weights.get_type_name() != "Constant" or weights.get_element_type() != Type.f32:
            continue
        values = np.asarray(weights.get_data(), dtype=np.float32)  # pyright: ignore
        if not np.abs(values).max(initial=0) <= np.finfo(np.float16).max:
            continue
        readers = list(weights.output(0).get_target_inputs())
        constant = opset13.constant(values.astype(np.float16))
        constant.set_friendly_name(f"{weights.get_friendly_name()}/fp16")
        widened = opset13.convert(constant, "f32")
        widened.set_friendly_name(weights.get_friendly_name())
        for reader in readers:
            reader.replace_source_output(widened.output(0))


def name_by_position(model: openvino.Model, keep: Collection[str] = ()) -> None:
    """Rename what OpenVINO named from a counter of the process by its position in the graph instead.

    Args:
        model: changed in place.
        keep: names that stay, such as those of the model that this one was made from.
    """
    taken = {node.get_friendly_name() for node in model.get_ordered_ops()}
    for position, node in enumerate(model.get_ordered_ops()):
        before = node.get_friendly_name()
        if _COUNTED.fullmatch(before) and before not in keep:
            name = f"{node.get_type_name()}_{position}"
            while name in taken:
                name += "_"
            taken.add(name)
            node.set_friendly_name(name)


def _check_input(model: openvino.Model, path: Path, channels: int) -> None:
    import openvino

    shape = model.inputs[0].get_partial_shape() if model.inputs else openvino.PartialShape.dynamic()
    if (
        len(model.inputs) != 1
        or not model.outputs
        or shape.rank.is_dynamic
        or len(shape) != 4
        or not shape[1].compatible(openvino.Dimension(channels))
    ):
        found = ", ".join(str(each.get_partial_shape()) for each in model.inputs) or "none"
        raise ModelError(f"{path}: expected one input of shape (N, {channels}, H, W), found {found}")

"""PyTorch → ONNX, deterministic and self-describing."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import CONTRACT_KEY, PROVENANCE_KEY, Contract, ModelError, Provenance, first_line, needs_extra
from .export_settings import Exporter

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

__all__ = ["INPUT_NAME", "OPSET", "OUTPUT_NAME", "annotate_onnx", "export_onnx"]

OPSET = 18
INPUT_NAME = "input"
OUTPUT_NAME = "output"


def export_onnx(
    module: nn.Module,
    target: Path,
    *,
    contract: Contract,
    provenance: Provenance,
    exporter: Exporter = "torchscript",
) -> None:
    """Write `module` as one ONNX file with free batch, height and width, its contract and provenance inside.

    The sizes stay free because a traced fixed size is baked into every resize and could never be changed afterwards; a
    fixed size is set on the IR. The same module gives the same bytes.

    Args:
        module: in eval mode, (N, C, H, W) float32 in, one tensor or a tuple of tensors out.
        target: where to write; no external data file is written beside it.
        contract: written into the file's metadata under `mattekit.contract`.
        provenance: written into the file's metadata under `mattekit.provenance`.
        exporter: which of PyTorch's exporters traces.

    Raises:
        DependencyError: torch or onnx is not installed.
        ModelError: the exporter can't express the network.
    """
    with needs_extra("exporting", "onnx", "export"):
        import onnx
    with needs_extra("exporting", "torch", "export"):
        import torch

    example = torch.zeros(2, contract.input.channels, *_example_size(contract))
    with torch.inference_mode():
        result = module(example)
    outputs = 1 if isinstance(result, torch.Tensor) else len(result)
    names = [OUTPUT_NAME, *(f"{OUTPUT_NAME}_side{number}" for number in range(1, outputs))]
    try:
        _trace(module, example, target, names, exporter)
    except RuntimeError as error:
        # The base of both exporters' own errors, and what PyTorch raises for shapes that don't go together; its whole
        # trace follows behind what is wrong.
        raise ModelError(
            f"PyTorch's {exporter} exporter can't write this network as ONNX ({first_line(error)}); take the other one "
            "with --exporter, or no ONNX with --route direct"
        ) from error
    model = onnx.load(str(target))
    _name_by_module(model)
    _drop_trace_metadata(model)
    annotate_onnx(model, contract, provenance)
    onnx.save(model, str(target))


def _trace(module: nn.Module, example: Tensor, target: Path, names: Sequence[str], exporter: Exporter) -> None:
    import torch

    with warnings.catch_warnings():
        # The exporters warn of their own deprecations and of shapes that they trace as constants; what matters of that
        # is caught by comparing the outputs afterwards.
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            free = torch.export.Dim.DYNAMIC
            torch.onnx.export(
                module,
                (example,),
                target,
                dynamo=True,
                external_data=False,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=names,
                dynamic_shapes=({0: free, 2: free, 3: free},),
                verbose=False,
            )
        else:
            axes = {0: "batch", 2: "height", 3: "width"}
            torch.onnx.export(
                module,
                (example,),
                target,
                dynamo=False,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=names,
                dynamic_axes=dict.fromkeys((INPUT_NAME, *names), axes),
            )


def annotate_onnx(model: onnx.ModelProto, contract: Contract, provenance: Provenance) -> None:
    """Write contract and provenance into the metadata of `model`, replacing what is there under their names."""
    ours = {
        f"mattekit.{CONTRACT_KEY}": contract.to_json(),
        f"mattekit.{PROVENANCE_KEY}": provenance.to_json(),
    }
    kept = {entry.key: entry.value for entry in model.metadata_props if entry.key not in ours}
    del model.metadata_props[:]
    for key, value in {**kept, **ours}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value


def _example_size(contract: Contract) -> tuple[int, int]:
    """A small size for tracing, with height and width different so that neither can be mistaken for the other."""
    multiple = contract.input.multiple
    if contract.task == "segmentation":
        return 64, 96
    return 16 * multiple, 24 * multiple


def _name_by_module(model: onnx.ModelProto) -> None:
    """Give each node that the dynamo exporter traced the path of its module, as the TorchScript exporter does."""
    seen: dict[str, int] = {}
    for node in model.graph.node:
        scopes = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), None)
        if scopes is None:
            continue
        path = [part.strip().strip("'\"") for part in scopes.strip("[]").split(",")]
        module = path[-2] if len(path) > 1 else ""
        base = "/" + "/".join(part for part in (*module.split("."), node.op_type) if part)
        count = seen.get(base, 0)
        seen[base] = count + 1
        node.name = base if count == 0 else f"{base}_{count}"


def _drop_trace_metadata(model: onnx.ModelProto) -> None:
    """Remove what the dynamo exporter notes of its trace: paths of the machine would change the bytes."""
    del model.graph.metadata_props[:]
    for items in (model.graph.node, model.graph.value_info, model.graph.input, model.graph.output, model.functions):
        for item in items:
            del item.metadata_props[:]
    for initializer in model.graph.initializer:
        del initializer.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""

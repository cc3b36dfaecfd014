"""Opens what executes a model outside OpenVINO, and the stages of an export: one place for all that compare models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.artifact import Stage
from ..core.errors import ModelError
from ..infer.runtimes import LoadedModel, Runtime

if TYPE_CHECKING:
    from torch import nn

__all__ = ["open_stage", "open_torch"]


def open_torch(text: str) -> tuple[str, LoadedModel]:
    """Open `MODEL` or `MODEL@CHECKPOINT`, an entry of the zoo as PyTorch computes it; returns the entry's id too.

    Raises:
        ModelError: the entry is no PyTorch module.
        MattekitError: there is no such entry, or its weights cannot be had or loaded.
    """
    from .checkpoint import load_module
    from .fetch import fetch
    from .recognition import spec_for

    name, _, checkpoint = text.partition("@")
    weights = Path(checkpoint).expanduser() if checkpoint else None
    spec = spec_for(name, weights)
    if spec.build is None:
        raise ModelError(f"{name}: this entry is an ONNX file, not a PyTorch module; give the .onnx file itself")
    weights = weights or fetch(spec)
    return name, LoadedModel(weights, spec.contract, None, open_stage("torch", load_module(spec, weights)))


def open_stage(stage: Stage, source: nn.Module | Path) -> Runtime:
    """Open what executes a stage: the module itself, ONNX Runtime for ONNX, OpenVINO in f32 on the CPU for an IR."""
    if stage == "torch":
        from ..infer.runtimes.torch import TorchRuntime

        if isinstance(source, Path):
            raise TypeError("the torch stage is a module, not a file")
        return TorchRuntime(source)
    if not isinstance(source, Path):
        raise TypeError(f"the {stage} stage is a file, not a module")
    if stage == "onnx":
        from ..infer.runtimes.onnxruntime import OnnxRuntime

        return OnnxRuntime(source)
    from ..infer.runtimes.openvino import load

    return load(source, "CPU", keep_batch=True).runtime

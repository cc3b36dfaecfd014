"""Opens what executes the stages of an export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.provenance import Stage
from ..infer.runtimes import Runtime

if TYPE_CHECKING:
    from torch import nn

__all__ = ["open_stage"]


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

"""Opens what executes the stages of an export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core import Stage
from ..infer import Runtime

if TYPE_CHECKING:
    from torch import nn

__all__ = ["open_stage"]


def open_stage(stage: Stage, source: nn.Module | Path) -> Runtime:
    """Open what executes a stage: the module itself, ONNX Runtime for ONNX, OpenVINO in f32 on the CPU for an IR."""
    if stage == "torch":
        from ..infer import TorchRuntime

        if isinstance(source, Path):
            raise TypeError("the torch stage is a module, not a file")
        return TorchRuntime(source)
    if not isinstance(source, Path):
        raise TypeError(f"the {stage} stage is a file, not a module")
    if stage == "onnx":
        from ..infer import OnnxRuntime

        return OnnxRuntime(source)
    from ..infer import load

    return load(source, "CPU", keep_batch=True).runtime

"""PyTorch: the module itself, the reference that every conversion is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .base import Tensor

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TorchRuntime"]


class TorchRuntime:
    """A module in eval mode, executed on the CPU in f32."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    @property
    def name(self) -> str:
        """Return `torch`."""
        return "torch"

    @property
    def arithmetic(self) -> str:
        """Return `f32`."""
        return "f32"

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the module on (N, 3, H, W) float32 and return its (first) output as float32."""
        return self.run_all(tensor)[0]

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the module and return every output, the first one first."""
        import torch

        with torch.inference_mode():
            result = self._module(torch.from_numpy(np.ascontiguousarray(tensor)))
        results = [result] if isinstance(result, torch.Tensor) else list(result)
        return [each.numpy() for each in results]

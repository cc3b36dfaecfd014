"""PyTorch: the module itself, the reference that every conversion is compared with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from .base import Tensor
from .forking import native_calls, require_same_process

if TYPE_CHECKING:
    from torch import nn

_used_in: set[int] = set()
"""Processes, this one or those that it was forked from, in which torch's threads have worked."""

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
        """Execute the module and return every output, the first one first.

        Raises:
            DeviceError: this process was forked from one in which torch had worked; it would wait for threads for ever.
        """
        import torch

        for process in _used_in:
            require_same_process(process, "the model that PyTorch executed")
        _used_in.add(os.getpid())
        with native_calls(), torch.inference_mode():
            result = self._module(torch.from_numpy(np.ascontiguousarray(tensor)))
        results = [result] if isinstance(result, torch.Tensor) else list(result)
        return [each.numpy() for each in results]

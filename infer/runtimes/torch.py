"""PyTorch: the module itself, the reference that every conversion is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...core import Execution
from ..instruction_sets import ISA_VARIABLE
from .base import DEFAULTS, RuntimeSettings, SerialRuntime, Tensor
from .forking import require_same_process

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TorchRuntime"]

_used_in: set[int] = set()
"""Processes, this one or those that it was forked from, in which torch's threads have worked."""


class TorchRuntime(SerialRuntime):
    """A module in eval mode, executed eagerly on the CPU in f32.

    A process that is forked from one in which torch had worked can't run it: it would wait for threads for ever.

    Args:
        module: the network.
        settings: its threads, where they are given, become those of the whole process.
        compile_ms: milliseconds that loading the module took.
    """

    def __init__(self, module: nn.Module, settings: RuntimeSettings = DEFAULTS, *, compile_ms: float = 0.0) -> None:
        import torch

        if settings.threads is not None:
            torch.set_num_threads(settings.threads)

        def execute(tensor: Tensor) -> list[object]:
            _require_own_threads()
            with torch.inference_mode():
                result = module(torch.from_numpy(np.ascontiguousarray(tensor)))
            return [each.numpy() for each in ([result] if isinstance(result, torch.Tensor) else result)]

        def bind(tensor: Tensor) -> Callable[[], None]:
            bound = torch.from_numpy(np.ascontiguousarray(tensor))

            def answer() -> None:
                _require_own_threads()
                with torch.inference_mode():
                    module(bound)

            return answer

        info = Execution(
            runtime="torch",
            devices=("CPU",),
            plugin=f"eager, {torch.backends.cpu.get_cpu_capability()}",
            threads=torch.get_num_threads(),
            instruction_set=os.environ.get(ISA_VARIABLE, ""),
        )
        super().__init__(info, execute, bind=bind, compile_ms=compile_ms)


def _require_own_threads() -> None:
    for process in _used_in:
        require_same_process(process, "the model that PyTorch executed")
    _used_in.add(os.getpid())

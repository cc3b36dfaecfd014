"""PyTorch as a worker drives it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.errors import DependencyError
from ...infer.runtimes import Runtime
from .candidates import Candidate
from .engines import SerialQueue, sample_input
from .executed import Executed
from .scenarios import Queue

__all__ = ["TorchEngine"]


class TorchEngine:
    """PyTorch in eager mode on the CPU."""

    def __init__(self, candidate: Candidate) -> None:
        try:
            import torch
        except ImportError as error:
            raise DependencyError.for_extra("measuring PyTorch", "torch", "export") from error
        from ...convert.checkpoint import load_module
        from ...convert.recognition import spec_for
        from ...infer.runtimes.torch import TorchRuntime

        torch.set_num_threads(candidate.threads)
        self._torch = torch
        started = time.perf_counter()
        self._module = load_module(spec_for(candidate.zoo_id, candidate.file), candidate.file)
        self.compile_ms = (time.perf_counter() - started) * 1000
        self.runtime: Runtime = TorchRuntime(self._module)
        self._input = torch.from_numpy(sample_input(candidate))

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        with self._torch.inference_mode():
            self._module(self._input)

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Answer queries one after another."""
        return SerialQueue(self.infer, answered)

    def executed(self) -> Executed:
        """Say what is really executed."""
        return Executed(
            devices=["CPU"],
            plugin=f"eager, {self._torch.backends.cpu.get_cpu_capability()}",
            arithmetic="f32",
            streams=1,
            threads=self._torch.get_num_threads(),
            requests=1,
        )

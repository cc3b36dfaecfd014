"""ONNX Runtime as a worker drives it."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.errors import ModelError
from ...infer.runtimes import Runtime
from ...infer.runtimes.onnxruntime import OnnxRuntime
from .candidates import Candidate
from .engines import SerialQueue, sample_input
from .executed import Executed
from .scenarios import Queue

__all__ = ["OnnxEngine"]


class OnnxEngine:
    """ONNX Runtime's CPU provider, with its outputs left in its own memory."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        started = time.perf_counter()
        runtime = OnnxRuntime(candidate.file, threads=candidate.threads)
        self.runtime: Runtime = runtime
        self.compile_ms = (time.perf_counter() - started) * 1000
        session = runtime.session
        self._binding = session.io_binding()
        self._binding.bind_cpu_input(session.get_inputs()[0].name, sample_input(candidate))
        for output in session.get_outputs():
            self._binding.bind_output(output.name)
        self._session = session

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as error:
            # Its errors share no base of their own below Exception, but one module.
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise ModelError(
                f"{self._candidate.file}: the model does not take an input of {self._candidate.shape}; "
                "export it with --dynamic"
            ) from error

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Answer queries one after another."""
        return SerialQueue(self.infer, answered)

    def executed(self) -> Executed:
        """Say what is really executed."""
        return Executed(
            devices=["CPU"],
            plugin=", ".join(self._session.get_providers()),
            arithmetic="f32",
            streams=1,
            threads=self._candidate.threads,
            requests=1,
        )

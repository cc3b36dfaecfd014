"""What a worker executes a candidate with: one class for each runtime, opened, prepared and described."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from ...core.errors import DependencyError, ModelError
from ...infer.runtimes import Runtime, Tensor
from ...infer.runtimes.base import LoadedModel
from .candidates import Candidate
from .executed import Executed
from .scenarios import Queue

__all__ = ["Engine", "SerialQueue", "loaded", "open_engine", "sample_input"]


class Engine(Protocol):
    """A candidate that is ready to run on an input that was prepared once.

    compile_ms: from the file, already read, to something that runs. runtime: takes tensors, for the whole way from
    picture to picture.
    """

    compile_ms: float
    runtime: Runtime

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        ...

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open a queue with as many queries in flight as the settings make sensible."""
        ...

    def executed(self) -> Executed:
        """Say what is really executed."""
        ...


class SerialQueue:
    """A queue for runtimes that answer one query at a time, with all threads."""

    def __init__(self, infer: Callable[[], None], answered: Callable[[float], None]) -> None:
        self._infer = infer
        self._answered = answered

    def submit(self, since: float) -> None:
        """Answer the query at once."""
        self._infer()
        self._answered(since)

    def drain(self) -> None:
        """Return: nothing is in flight."""


def open_engine(candidate: Candidate) -> Engine:
    """Open a candidate and prepare its input.

    Raises:
        DependencyError: its runtime is not installed.
        DeviceError: the device is not there, or refused the model.
        ModelError: the file cannot be executed, or not in this size or batch.
    """
    if candidate.runtime == "openvino":
        from .openvino_engine import OpenVinoEngine

        return OpenVinoEngine(candidate)
    return OnnxEngine(candidate) if candidate.runtime == "onnxruntime" else TorchEngine(candidate)


def sample_input(candidate: Candidate) -> Tensor:
    """Return an input of the candidate's shape, values 0..1: how long a convolution takes does not depend on them."""
    return np.random.default_rng(0).random(candidate.shape, dtype=np.float32)


def loaded(candidate: Candidate, runtime: Runtime) -> LoadedModel:
    """Return the candidate as a model that takes pictures, in windows of its size alone."""
    contract = candidate.contract.with_size(candidate.height, candidate.width)
    return LoadedModel(candidate.file, contract, None, runtime)


class OnnxEngine:
    """ONNX Runtime's CPU provider, with its outputs left in its own memory."""

    def __init__(self, candidate: Candidate) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DependencyError.for_extra("measuring ONNX Runtime", "onnxruntime", "export") from error
        from ...infer.runtimes.onnxruntime import OnnxRuntime

        self._candidate = candidate
        started = time.perf_counter()
        self.runtime = OnnxRuntime(candidate.file, threads=candidate.threads)
        self.compile_ms = (time.perf_counter() - started) * 1000
        session = self.runtime.session
        self._binding = session.io_binding()
        self._binding.bind_cpu_input(session.get_inputs()[0].name, sample_input(candidate))
        for output in session.get_outputs():
            self._binding.bind_output(output.name)
        self._session = session
        self._error = onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        try:
            self._session.run_with_iobinding(self._binding)
        except self._error as error:
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
            inference_precision="f32",
            streams=1,
            threads=self._candidate.threads,
            requests=1,
        )


class TorchEngine:
    """PyTorch in eager mode on the CPU."""

    def __init__(self, candidate: Candidate) -> None:
        try:
            import torch
        except ImportError as error:
            raise DependencyError.for_extra("measuring PyTorch", "torch", "export") from error
        from ...convert import zoo
        from ...convert.checkpoint import load_module
        from ...infer.runtimes.torch import TorchRuntime

        torch.set_num_threads(candidate.threads)
        self._torch = torch
        started = time.perf_counter()
        self._module = load_module(zoo.get(candidate.zoo_id), candidate.file)
        self.compile_ms = (time.perf_counter() - started) * 1000
        self.runtime = TorchRuntime(self._module)
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
            inference_precision="f32",
            streams=1,
            threads=self._torch.get_num_threads(),
            requests=1,
        )

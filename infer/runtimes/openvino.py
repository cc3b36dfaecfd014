"""OpenVINO: IR and ONNX files on any of its devices."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core import (
    Arithmetic,
    Contract,
    DeviceError,
    Execution,
    FloatArithmetic,
    Hint,
    last_line,
)
from ..devices import available_devices, require_device
from .adapter import adapted, adapter_for
from .base import DEFAULTS, BoundInput, Feed, LoadedModel, RuntimeSettings, Spent, Tensor, Timer
from .compiled import BoundRequest, compile_model, execution_of, requests_of
from .forking import Native, require_same_process
from .interface import Interface, interface_of
from .model_file import describe, read_model
from .precision import ExecutedLayer, executed_layers, require_arithmetic

if TYPE_CHECKING:
    import openvino

__all__ = ["OpenVinoRuntime", "available_devices", "import_lean", "load", "require_device"]

_BINDINGS = threading.Lock()
"""Held while the bindings are used for the first time.

OpenVINO's Python bindings make a table of types when the first tensor's data is asked for, behind a lock of their own,
while other threads may run: a second one that comes just then waits for that lock without giving way, and both wait for
ever.
"""


@dataclass(frozen=True)
class _Opened:
    """A compiled model and its requests: those that wait for work are in `idle`."""

    compiled: openvino.CompiledModel
    idle: queue.SimpleQueue[openvino.InferRequest]
    compile_ms: float


class OpenVinoRuntime:
    """A model compiled for one device.

    Any input shape that the model allows is accepted; a model with free sizes is compiled once. Several threads may
    call `run` at a time: each takes one of the requests, of which there are as many as the device names as best, and
    waits while all of them are under way. Answers don't depend on how many there are.

    A process that is forked from this one compiles the model again for a CPU, at its first call. A fork waits for the
    inferences that are under way.

    Args:
        model: the model, not changed, and not to be changed by anybody else.
        settings: how it is compiled; `AUTO` and lists of devices pass through.

    Raises:
        DeviceError: the device is not there, or it refused the model.
        ArithmeticUnavailableError: the device does not compute in the arithmetic that was asked for.
    """

    def __init__(self, model: openvino.Model, settings: RuntimeSettings = DEFAULTS) -> None:
        self._model, self._settings = model, settings
        self._timer = Timer()
        self._process = os.getpid()
        self._native = Native(self._open)
        with self._native.use() as opened:
            self._arithmetic: FloatArithmetic = require_arithmetic(
                opened.compiled, settings.device, settings.arithmetic
            )

    def _open(self) -> _Opened:
        device = self._settings.device
        if device != "CPU":
            require_same_process(self._process, f"{device}: the model opened for it")
        require_device(device)
        started = time.perf_counter()
        compiled = compile_model(self._model, self._settings)
        compile_ms = (time.perf_counter() - started) * 1000
        requests = [compiled.create_infer_request() for _ in range(requests_of(compiled))]
        with _BINDINGS:
            _ = requests[0].get_input_tensor(0).data
        idle: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for request in requests:
            idle.put(request)
        return _Opened(compiled, idle, compile_ms)

    @property
    def info(self) -> Execution:
        """Return how the device executes the model; under AUTO it may change."""
        with self._native.use() as opened:
            return execution_of(opened.compiled, self._settings, self._arithmetic)

    @property
    def interface(self) -> Interface:
        """Return what the model takes and gives."""
        return interface_of(self._model)

    @property
    def compile_ms(self) -> float:
        """Return the milliseconds that the compilation took."""
        with self._native.use() as opened:
            return opened.compile_ms

    @property
    def spent(self) -> Spent:
        """Return what the calling thread's calls have taken so far."""
        return self._timer.spent

    @property
    def quantized(self) -> bool:
        """Return whether the model asks for integer arithmetic."""
        return any(operation.get_type_name() == "FakeQuantize" for operation in self._model.get_ops())

    def executed_layers(self) -> list[ExecutedLayer]:
        """Return the executed layers in order, without those that hold values; none where the device tells no graph."""
        with self._native.use() as opened:
            return executed_layers(opened.compiled)

    def run(self, tensor: Feed) -> Tensor:
        """Execute the network on (N, C, H, W) float32 and return a copy of its first output as float32.

        Raises:
            DeviceError: the device failed, or the model does not take this shape.
        """
        return self._infer(tensor, 1)[0]

    def run_all(self, tensor: Feed) -> list[Tensor]:
        """Execute the network and return copies of all outputs; raises as `run` does."""
        return self._infer(tensor, None)

    def _infer(self, tensor: Feed, outputs: int | None) -> list[Tensor]:
        """Return the first `outputs` outputs, all of them where None."""
        with self._native.use() as opened:
            called = time.perf_counter()
            request = opened.idle.get()
            started = time.perf_counter()
            try:
                request.start_async(list(tensor) if isinstance(tensor, tuple) else [tensor])
                request.wait()
                return [
                    np.array(request.get_tensor(output).data, dtype=np.float32)
                    for output in opened.compiled.outputs[:outputs]
                ]
            except RuntimeError as error:
                raise DeviceError(f"{self._settings.device}: the inference failed ({last_line(error)})") from error
            finally:
                opened.idle.put(request)
                self._timer.add(called, started)

    def bind(self, tensor: Feed) -> BoundInput:
        """Prepare an input once, for queries that are timed.

        Raises:
            ModelError: the model does not take this shape.
        """
        with self._native.use() as opened:
            return BoundRequest(opened.compiled, tensor)


def load(
    path: Path,
    device: str = "CPU",
    *,
    contract: Contract | None = None,
    otherwise: Contract | None = None,
    keep_batch: bool = False,
    hint: Hint = "latency",
    arithmetic: Arithmetic = "f32",
    threads: int | None = None,
) -> LoadedModel:
    """Read an IR (`.xml`) or ONNX file with its contract and compile it.

    Args:
        path: the `.xml` file (its `.bin` beside it) or `.onnx` file.
        device: an OpenVINO device string.
        contract: used instead of the one inside the file, or beside it.
        otherwise: used where there is none inside the file.
        keep_batch: keep a fixed batch; without it such a model is reshaped to one image at a time, where its graph lets
            it, and else its batch is filled up with copies.
        hint: what the device is prepared for.
        arithmetic: of floating-point numbers.
        threads: of a CPU; as many as it has cores where None.

    Raises:
        ModelError: the file cannot be read as a model.
        ContractError: nothing says what surrounds the network, or it takes or gives other than that says.
        DeviceError: the device is not there, or it refused the model.
    """
    model = read_model(path)
    variant = describe(model, path, contract, otherwise)
    adapter = adapter_for(interface_of(model), variant.contract, path)
    # Of several inputs each has its own batch.
    if adapter.batch is not None and (keep_batch or (len(model.inputs) == 1 and _takes_one(model))):
        adapter = adapter._replace(batch=None)
    settings = RuntimeSettings(device, arithmetic, hint, threads=threads)
    # The contract that holds now, whatever lies beside the file by then.
    options = {"contract": variant.contract, "keep_batch": keep_batch, "hint": hint, "arithmetic": arithmetic}
    again = partial(load, path, device, threads=threads, **options)
    return LoadedModel(variant, adapted(OpenVinoRuntime(model, settings), adapter), again)


def _takes_one(model: openvino.Model) -> bool:
    """Give a model with a fixed batch one image at a time; False where its graph insists on its batch."""
    own, single = model.inputs[0].partial_shape, model.inputs[0].partial_shape
    single[0] = 1
    try:
        model.reshape(single)
    except RuntimeError:
        model.reshape(own)
        return False
    batches = [output.get_partial_shape()[0] for output in model.outputs if output.get_partial_shape().rank != 0]
    if all(batch.is_dynamic or batch.get_length() == 1 for batch in batches):
        return True
    # Its batch is written in its middle, where the pixels of one image would be taken for those of several.
    model.reshape(own)
    return False


def import_lean() -> None:
    """Import OpenVINO without its converter, which takes a third of the time that all imports of a run take.

    `openvino.convert_model` is then missing in this process; `openvino.tools.ovc.convert_model` can still be imported.
    Nothing happens where OpenVINO is loaded already.
    """
    converter = "openvino.tools.ovc"
    if "openvino" in sys.modules or converter in sys.modules:
        return
    # OpenVINO goes without its converter where that cannot be imported, which None stands for.
    sys.modules[converter] = None  # pyright: ignore[reportArgumentType]
    try:
        import_module("openvino")
    finally:
        del sys.modules[converter]

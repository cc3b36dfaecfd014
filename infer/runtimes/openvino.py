"""OpenVINO: IR and ONNX files on any of its devices."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...core.arithmetic import Arithmetic
from ...core.contract import Contract
from ...core.errors import DeviceError, ModelError
from ...core.foreign import openvino_errors_as
from ...core.text import last_line
from .arithmetic import arithmetic_config, require_arithmetic, require_capability
from .available import available_devices, require_device
from .base import LoadedModel, Spent, Tensor
from .forking import Native, require_same_process
from .reading import describe, read_model

if TYPE_CHECKING:
    import openvino

__all__ = [
    "Hint",
    "OpenVinoRuntime",
    "available_devices",
    "import_lean",
    "load",
    "require_device",
]

_BINDINGS = threading.Lock()
"""Held while the bindings are used for the first time.

OpenVINO's Python bindings make a table of types when the first tensor's data is asked for, behind a lock of their own,
while other threads may run: a second one that comes just then waits for that lock without giving way, and both wait for
ever.
"""

Hint = Literal["LATENCY", "THROUGHPUT"]
"""What a device is compiled for: one short answer after another, or as many as possible at a time."""


@dataclass(frozen=True)
class _Opened:
    """A compiled model and its requests: those that wait for work are in `idle`."""

    compiled: openvino.CompiledModel
    requests: tuple[openvino.InferRequest, ...]
    idle: queue.SimpleQueue[openvino.InferRequest]


class OpenVinoRuntime:
    """A model compiled for one device.

    Any input shape that the model allows is accepted; a model with free sizes is compiled once. Several threads may
    call `run` at a time: each takes one of the requests, of which there are as many as the device names as best, and
    waits while all of them are under way. Answers don't depend on how many there are.

    A process that is forked from this one compiles the model again for a CPU, at its first call. A fork waits for the
    inferences that are under way.

    Args:
        model: the model, not changed, and not to be changed by anybody else.
        device: an OpenVINO device string; `AUTO` and lists of devices pass through.
        hint: `LATENCY` gives one request the whole device, `THROUGHPUT` shares it between several.
        arithmetic: of floating-point numbers. Unless told, a CPU with AMX would compute in bf16, and a GPU in f16.
        threads: of a CPU; as many as it has cores where None.

    Raises:
        DeviceError: the device is not there, or it refused the model.
        ArithmeticUnavailableError: the device does not compute in the arithmetic that was asked for.
    """

    def __init__(
        self,
        model: openvino.Model,
        device: str = "CPU",
        *,
        hint: Hint = "LATENCY",
        arithmetic: Arithmetic = "f32",
        threads: int | None = None,
    ) -> None:
        self._device = device
        self._config: dict[str, Any] = {"PERFORMANCE_HINT": hint, **arithmetic_config(arithmetic)}
        if threads is not None and device == "CPU":
            # Processes that share a machine would all pin their threads to the same cores.
            self._config |= {"INFERENCE_NUM_THREADS": threads, "ENABLE_CPU_PINNING": False}
        self._spent = threading.local()
        self._process = os.getpid()
        self._native = Native(lambda: self._open(model, arithmetic))
        with self._native.use() as opened:
            self._count = len(opened.requests)
            self._arithmetic = require_arithmetic(opened.compiled, device, arithmetic)

    def _open(self, model: openvino.Model, arithmetic: Arithmetic) -> _Opened:
        import openvino

        if self._device != "CPU":
            require_same_process(self._process, f"{self._device}: the model opened for it")
        core = openvino.Core()
        require_device(self._device)
        require_capability(core, self._device, arithmetic)
        with openvino_errors_as(
            DeviceError,
            lambda reason: f"{self._device}: the device refused the model ({reason}); {_mend(arithmetic)}",
        ):
            compiled = core.compile_model(model, self._device, self._config)
            count = max(1, int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")))
            requests = tuple(compiled.create_infer_request() for _ in range(count))
        with _BINDINGS:
            _ = requests[0].get_input_tensor(0).data
        idle: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for request in requests:
            idle.put(request)
        return _Opened(compiled, requests, idle)

    @property
    def name(self) -> str:
        """Return `openvino:` and the device that was asked for."""
        return f"openvino:{self._device}"

    @property
    def requests(self) -> int:
        """Return how many requests the device works on at a time."""
        return self._count

    @property
    def spent(self) -> Spent:
        """Return what the calling thread's calls have taken so far."""
        return getattr(self._spent, "total", Spent(0.0, 0.0))

    @property
    def execution_devices(self) -> list[str]:
        """Return the devices that really execute, which differ from the one asked for under AUTO."""
        with self._native.use() as opened:
            return [str(device) for device in opened.compiled.get_property("EXECUTION_DEVICES")]

    @property
    def arithmetic(self) -> str:
        """Return what the device computes in, read from the graph that it executes: `f32`, `f16` or `bf16`."""
        return self._arithmetic

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return a copy of its first output as float32.

        Raises:
            DeviceError: the device failed, or the model does not take this shape.
        """
        return self._infer(tensor, 1)[0]

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the network and return copies of all outputs; raises as `run` does."""
        return self._infer(tensor, None)

    def _infer(self, tensor: Tensor, outputs: int | None) -> list[Tensor]:
        """Return the first `outputs` outputs, all of them where None."""
        with self._native.use() as opened:
            called = time.perf_counter()
            request = opened.idle.get()
            started = time.perf_counter()
            try:
                request.start_async([tensor])
                request.wait()
                return [
                    np.array(request.get_tensor(output).data, dtype=np.float32)
                    for output in opened.compiled.outputs[:outputs]
                ]
            except RuntimeError as error:
                raise DeviceError(f"{self._device}: the inference failed ({last_line(error)})") from error
            finally:
                opened.idle.put(request)
                before, ended = self.spent, time.perf_counter()
                self._spent.total = Spent(before.working + ended - started, before.waiting + started - called)


def _mend(arithmetic: Arithmetic) -> str:
    mend = "try --device CPU, or another --size"
    return mend if arithmetic == "f32" else f"try --arithmetic f32, {mend.removeprefix('try ')}"


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


def load(
    path: Path,
    device: str = "CPU",
    *,
    contract: Contract | None = None,
    keep_batch: bool = False,
    **options: Any,
) -> LoadedModel:
    """Read an IR (`.xml`) or ONNX file with its contract and compile it.

    Args:
        path: the `.xml` file (its `.bin` beside it) or `.onnx` file.
        device: an OpenVINO device string.
        contract: used instead of the one inside the file, which then needs none.
        keep_batch: keep a fixed batch; without it such a model is reshaped to one picture at a time.
        options: `hint`, `arithmetic` and `threads`, as for `OpenVinoRuntime`.

    Raises:
        ModelError: the file cannot be read as a model.
        ContractError: the model carries no contract, and none was given.
        DeviceError: the device is not there, or it refused the model.
    """
    model = read_model(path)
    variant = describe(model, path, contract)
    shape = model.inputs[0].partial_shape
    if shape.rank.is_dynamic or len(shape) != 4:
        raise ModelError(f"{path}: expected an input of shape (N, 3, H, W), found {shape}; export the model again")
    if not keep_batch and shape[0].is_static and shape[0].get_length() != 1:
        shape[0] = 1
        with openvino_errors_as(
            ModelError, lambda reason: f"{path}: the model takes no single picture ({reason}); export it with --batch 1"
        ):
            model.reshape(shape)
    return LoadedModel(variant, OpenVinoRuntime(model, device, **options))

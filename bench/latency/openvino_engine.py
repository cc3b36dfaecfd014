"""OpenVINO, driven as its own `benchmark_app` drives it: inputs bound once, requests started and waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...core.errors import DeviceError, ModelError
from ...infer.runtimes import Runtime, Tensor
from ...infer.runtimes.arithmetic import (
    arithmetic_config,
    executed_layers,
    require_arithmetic,
    require_capability,
)
from ...infer.runtimes.reading import read_model
from .candidates import Candidate
from .engines import sample_input
from .executed import Executed, Layers
from .scenarios import Queue

if TYPE_CHECKING:
    import openvino

__all__ = ["OpenVinoEngine", "compile_candidate", "read_candidate"]

_CHOOSING = frozenset({"AUTO", "MULTI", "HETERO"})


class OpenVinoEngine:
    """An IR or ONNX file on one of OpenVINO's devices.

    Raises:
        DeviceError: the device refused the model.
        ArithmeticUnavailableError: it does not compute in the candidate's arithmetic.
        ModelError: the file cannot be read, or the model does not take this size or batch.
    """

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        model = read_candidate(candidate)
        self._quantized = any(op.get_type_name() == "FakeQuantize" for op in model.get_ops())
        started = time.perf_counter()
        self._compiled = compile_candidate(model, candidate)
        self.compile_ms = (time.perf_counter() - started) * 1000
        self._arithmetic = require_arithmetic(self._compiled, candidate.device, candidate.arithmetic)
        self._request = self._compiled.create_infer_request()
        self._bind(self._request)
        self.runtime: Runtime = _Tensors(self._compiled, candidate.device, self._arithmetic)

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        self._request.start_async()
        self._request.wait()

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open as many requests as the plugin calls optimal for its streams."""
        return _Requests(self._compiled, self._bind, answered)

    def executed(self) -> Executed:
        """Say what is really executed."""
        devices = [str(device) for device in _property(self._compiled, "EXECUTION_DEVICES") or ["unknown"]]
        counted = Counter((layer.type, layer.precision, layer.primitive) for layer in executed_layers(self._compiled))
        return Executed(
            devices=devices,
            plugin=_named(devices[0].strip("()")) or devices[0],
            arithmetic=self._arithmetic,
            streams=int(_property(self._compiled, "NUM_STREAMS") or 0),
            threads=int(_property(self._compiled, "INFERENCE_NUM_THREADS") or 0),
            requests=_requests(self._compiled),
            layers=[Layers(type=a, precision=b, primitive=c, count=n) for (a, b, c), n in sorted(counted.items())],
            quantized=self._quantized,
        )

    def _bind(self, request: openvino.InferRequest) -> None:
        import openvino

        request.set_input_tensor(openvino.Tensor(sample_input(self._candidate), shared_memory=False))


def read_candidate(candidate: Candidate) -> openvino.Model:
    """Read the candidate's model and give it the candidate's shape.

    Raises:
        ModelError: the file cannot be read, or the model does not take this size or batch.
    """
    model = read_model(candidate.file)
    try:
        model.reshape(list(candidate.shape))
    except RuntimeError as error:
        raise ModelError(
            f"{candidate.file}: the model does not take an input of {candidate.shape}; export it with --dynamic"
        ) from error
    return model


def compile_candidate(
    model: openvino.Model, candidate: Candidate, extra: dict[str, Any] | None = None
) -> openvino.CompiledModel:
    """Compile with the candidate's settings, and extra ones such as a cache's folder.

    Raises:
        DeviceError: the device refused the model.
        ArithmeticUnavailableError: it does not offer the candidate's arithmetic.
    """
    import openvino

    core = openvino.Core()
    require_capability(core, candidate.device, candidate.arithmetic)
    config: dict[str, Any] = {"PERFORMANCE_HINT": (candidate.hint or "latency").upper(), **(extra or {})}
    config |= arithmetic_config(candidate.arithmetic)
    if candidate.streams:
        config["NUM_STREAMS"] = candidate.streams
    head, _, listed = candidate.device.partition(":")
    if head == "CPU":
        config["INFERENCE_NUM_THREADS"] = candidate.threads
    elif head in _CHOOSING and "CPU" in (listed or "CPU").split(","):
        # What chooses among devices hands this on to the CPU, if it takes it.
        config["DEVICE_PROPERTIES"] = {"CPU": {"INFERENCE_NUM_THREADS": candidate.threads}}
    try:
        return core.compile_model(model, candidate.device, config)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        mend = "" if candidate.arithmetic == "f32" else "; try --arithmetic f32"
        raise DeviceError(f"{candidate.device}: the device refused the model ({lines[-1][:200]}){mend}") from error


class _Tensors:
    """The compiled model as a `Runtime`."""

    def __init__(self, compiled: openvino.CompiledModel, device: str, arithmetic: str) -> None:
        self._request = compiled.create_infer_request()
        self._compiled = compiled
        self._name = f"openvino:{device}"
        self._arithmetic = arithmetic

    @property
    def name(self) -> str:
        return self._name

    @property
    def arithmetic(self) -> str:
        return self._arithmetic

    def run(self, tensor: Tensor) -> Tensor:
        return self.run_all(tensor)[0]

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        try:
            result = self._request.infer([tensor])
        except RuntimeError as error:
            raise DeviceError(f"{self._name}: the inference failed ({str(error)[-200:]})") from error
        return [result[output].copy() for output in self._compiled.outputs]


class _Requests:
    """A queue of asynchronous requests."""

    def __init__(
        self,
        compiled: openvino.CompiledModel,
        bind: Callable[[openvino.InferRequest], None],
        answered: Callable[[float], None],
    ) -> None:
        import openvino

        self._queue = openvino.AsyncInferQueue(compiled, _requests(compiled))
        for request in self._queue:
            bind(request)

        def done(_: object, since: float) -> None:
            answered(since)

        self._queue.set_callback(done)

    def submit(self, since: float) -> None:
        self._queue.start_async(userdata=since)

    def drain(self) -> None:
        self._queue.wait_all()


def _requests(compiled: openvino.CompiledModel) -> int:
    return int(_property(compiled, "OPTIMAL_NUMBER_OF_INFER_REQUESTS") or 1)


def _property(compiled: openvino.CompiledModel, name: str) -> Any:
    """A property of the compiled model, or of the first device that executes it; None where nobody tells."""
    for key in (name, "DEVICE_PROPERTIES"):
        try:
            found = compiled.get_property(key)
        except RuntimeError:
            continue
        return found if key == name else next((each[name] for each in found.values() if name in each), None)
    return None


def _named(device: str) -> str:
    """The device's full name with the plugin's version; empty where OpenVINO does not know it."""
    import openvino

    core = openvino.Core()
    try:
        version = core.get_versions(device)[device.partition(".")[0]]
        return f"{core.get_property(device, 'FULL_DEVICE_NAME')} ({version.description} {version.build_number})"
    except (RuntimeError, KeyError):
        return ""

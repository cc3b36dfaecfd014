"""A model that OpenVINO compiles to be run: its settings, what its plugin tells, and requests with a bound input."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from ...core import DeviceError, Execution, FloatArithmetic, ModelError, last_line, openvino_errors_as
from ..instruction_sets import ISA_VARIABLE
from .base import Feed, Queue, RuntimeSettings
from .forking import Native, require_same_process
from .precision import arithmetic_config, require_capability

if TYPE_CHECKING:
    import openvino

__all__ = ["BoundRequest", "compile_model", "execution_of", "is_out_of_memory", "requests_of"]


def compile_model(
    model: openvino.Model, settings: RuntimeSettings, extra: dict[str, Any] | None = None
) -> openvino.CompiledModel:
    """Compile a model to be run, with OpenVINO's own properties in `extra`, such as a cache's folder.

    Raises:
        DeviceError: the device refused the model.
        ArithmeticUnavailableError: it does not offer the arithmetic that was asked for.
    """
    import openvino

    core = openvino.Core()
    require_capability(core, settings.device, settings.arithmetic)
    config: dict[str, Any] = {"PERFORMANCE_HINT": settings.hint.upper(), **arithmetic_config(settings.arithmetic)}
    if settings.streams:
        config["NUM_STREAMS"] = settings.streams
    mend = "" if settings.arithmetic == "f32" else "--arithmetic f32, "
    with openvino_errors_as(
        DeviceError,
        lambda reason: (
            f"{settings.device}: the device refused the model ({reason}); try {mend}--device CPU, or another --size"
        ),
    ):
        return core.compile_model(model, settings.device, {**config, **_threads(settings), **(extra or {})})


def _threads(settings: RuntimeSettings) -> dict[str, Any]:
    """The properties that limit a CPU's threads, where one was asked for alone or in a list."""
    if settings.threads is None:
        return {}
    own: dict[str, Any] = {"INFERENCE_NUM_THREADS": settings.threads}
    own |= {} if settings.pinned else {"ENABLE_CPU_PINNING": False}
    head, _, listed = settings.device.partition(":")
    if head == "CPU":
        return own
    if head in {"AUTO", "MULTI", "HETERO"} and "CPU" in (listed or "CPU").split(","):
        # What chooses among devices hands this on to the CPU, if it takes it.
        return {"DEVICE_PROPERTIES": {"CPU": own}}
    return {}


def execution_of(compiled: openvino.CompiledModel, settings: RuntimeSettings, arithmetic: FloatArithmetic) -> Execution:
    """Ask a compiled model how it is executed.

    Args:
        compiled: the model.
        settings: that it was compiled with.
        arithmetic: that it computes in.
    """
    devices = tuple(str(device) for device in _property(compiled, "EXECUTION_DEVICES") or ["unknown"])
    shape = compiled.input(0).get_partial_shape()
    sides = [None if side.is_dynamic else side.get_length() for side in shape] if len(shape) == 4 else [None] * 4
    batch, _, height, width = sides
    on_processor = any(device.strip("()") == "CPU" for device in devices)
    return Execution(
        runtime="openvino",
        device=settings.device,
        devices=devices,
        plugin=_named(devices[0].strip("()")) or devices[0],
        arithmetic=arithmetic,
        size=(height, width) if height and width else None,
        batch=batch,
        hint=settings.hint,
        streams=int(_property(compiled, "NUM_STREAMS") or 0),
        threads=int(_property(compiled, "INFERENCE_NUM_THREADS") or 0),
        requests=requests_of(compiled),
        instruction_set=os.environ.get(ISA_VARIABLE, "") if on_processor else "",
    )


def requests_of(compiled: openvino.CompiledModel) -> int:
    """Return how many queries the plugin calls best in flight at a time."""
    return max(1, int(_property(compiled, "OPTIMAL_NUMBER_OF_INFER_REQUESTS") or 1))


def _property(compiled: openvino.CompiledModel, name: str) -> Any:
    """A property of the compiled model, or of the first device that executes it; None where nobody tells."""
    for key in (name, "DEVICE_PROPERTIES"):
        try:
            found = compiled.get_property(key)
        except RuntimeError:
            continue
        return found if key == name else next((each[name] for each in found.values() if name in each), None)
    return None


@cache
def _named(device: str) -> str:
    """The device's full name with the plugin's version; empty where OpenVINO does not know it."""
    import openvino

    core = openvino.Core()
    try:
        version = core.get_versions(device)[device.partition(".")[0]]
        return f"{core.get_property(device, 'FULL_DEVICE_NAME')} ({version.description} {version.build_number})"
    except (RuntimeError, KeyError):
        return ""


class BoundRequest:
    """An input bound to a request of its own, driven as OpenVINO's `benchmark_app` drives it: started and waited for.

    Raises:
        ModelError: the model does not take an input of this shape.
    """

    def __init__(self, compiled: openvino.CompiledModel, tensor: Feed) -> None:
        process = os.getpid()

        def opens() -> tuple[openvino.CompiledModel, openvino.InferRequest]:
            require_same_process(process, "the input that was bound")
            request = compiled.create_infer_request()
            _bind(request, tensor)
            return compiled, request

        self._tensor = tensor
        # Held by it, they are not freed in a child that was forked meanwhile.
        self._native = Native(opens)
        with self._native.use() as (self._compiled, self._request):
            pass

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        self._request.start_async()
        self._request.wait()

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open as many requests as the plugin calls best for its streams."""
        return _Requests(self._compiled, self._tensor, answered)


class _Requests:
    """A queue of asynchronous requests."""

    def __init__(self, compiled: openvino.CompiledModel, tensor: Feed, answered: Callable[[float], None]) -> None:
        import openvino

        self._queue = openvino.AsyncInferQueue(compiled, requests_of(compiled))
        for request in self._queue:
            _bind(request, tensor)

        def done(_: object, since: float) -> None:
            answered(since)

        self._queue.set_callback(done)

    def submit(self, since: float) -> None:
        self._queue.start_async(userdata=since)

    def drain(self) -> None:
        self._queue.wait_all()


def _bind(request: openvino.InferRequest, tensor: Feed) -> None:
    import openvino

    tensors = tensor if isinstance(tensor, tuple) else (tensor,)
    shapes = " and ".join(str(each.shape) for each in tensors)
    try:
        for number, each in enumerate(tensors):
            request.set_input_tensor(number, openvino.Tensor(each, shared_memory=False))
    except RuntimeError as error:
        raise ModelError(
            f"the model does not take an input of {shapes} ({last_line(error)}); give a size that it takes, or a "
            "file of free sizes"
        ) from error


# What runtimes and drivers say; none of them has a code for it.
_OUT_OF_MEMORY = (
    "bad_alloc",
    "out of memory",
    "out_of_memory",
    "not enough memory",
    "cannot allocate memory",
    "failed to allocate",
    "cl_out_of_resources",
    "cl_mem_object_allocation_failure",
    "exceeded max size of memory object",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, or one that it came from, says that memory ran out."""
    current: BaseException | None = error
    while current is not None:
        text = str(current).lower()
        if isinstance(current, MemoryError) or any(words in text for words in _OUT_OF_MEMORY):
            return True
        current = current.__cause__ or current.__context__
    return False

"""A worker: one candidate in a process of its own, which sleeps until the coordinator calls it.

Started as `python -P -m mattekit.bench.latency.worker`. What comes on its standard input is pickled: the candidate,
then the calls of its methods, each by name with its arguments. What libraries print goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import IO, TYPE_CHECKING

import numpy as np

from ...core import ArithmeticUnavailableError, ExecutedLayers, LayerTime, MattekitError
from ...infer import (
    BoundInput,
    OpenVinoRuntime,
    Runtime,
    adapter_for,
    bare,
    compile_model,
    executed_layers,
    interface_of,
    read_model,
)
from ..benchmark_settings import Scenario
from .candidates import Candidate
from .process import Burst, CandidateError, Executed, Inspected, Memory, Opened
from .scenarios import run_burst

if TYPE_CHECKING:
    import openvino

__all__ = ["Worker", "inspect", "machine_busy", "main"]


class Worker:
    """What can be done with one candidate."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._open: tuple[Runtime, BoundInput] | None = None
        self._base: int | None = None
        self._asleep_since = 0.0

    def open(self, warm_up: int) -> Opened:
        """Compile, run once, warm up, and tell what is executed."""
        self._base = _peak_memory()
        runtime = self._candidate.open()
        bound = runtime.bind(self._candidate.sample_input())
        started = time.perf_counter()
        bound.infer()
        first_ms = (time.perf_counter() - started) * 1000
        for _ in range(warm_up):
            bound.infer()
        self._open = runtime, bound
        self._settle()
        return Opened(runtime.compile_ms, first_ms, _executed_by(runtime))

    def burst(self, scenario: Scenario, iterations: int | None, seconds: float | None, seed: int = 0) -> Burst:
        """Run a burst, as `run_burst`; the first call warms the caches up and is not measured."""
        _, bound = self._opened()
        idle = time.process_time() - self._asleep_since
        bound.infer()
        busy, own, began = machine_busy(), time.process_time(), time.perf_counter()
        burst = run_burst(bound, scenario, iterations=iterations, seconds=seconds, seed=seed)
        spent, wall = time.process_time() - own, time.perf_counter() - began
        after = machine_busy()
        others = None
        if busy is not None and after is not None:
            others = max(0.0, (after - busy - spent) / (wall * (os.cpu_count() or 1)))
        self._settle()
        return replace(burst, others=others, idle_cpu_s=idle)

    def stages(self, images: Sequence[Path]) -> dict[str, list[float]]:
        """Bring images from file to encoded result, one after another; milliseconds by stage and image."""
        from .whole_way import time_stages

        runtime, _ = self._opened()
        found = time_stages(self._candidate, runtime, images)
        self._settle()
        return found

    def inspect(self, cache: Path, iterations: int) -> Inspected:
        """Of OpenVINO, in a process that measures nothing else: time each layer, and a compilation from a cache."""
        return inspect(self._candidate, cache, iterations)

    def memory(self) -> Memory:
        """Tell how much memory was used."""
        return Memory(_peak_memory(), self._base)

    def _settle(self) -> None:
        """Wait until this process's threads sleep: some wait for more work by spinning, and would disturb the next."""
        for _ in range(100):
            spent = time.process_time()
            time.sleep(0.01)
            if time.process_time() - spent < 0.001:
                break
        self._asleep_since = time.process_time()

    def _opened(self) -> tuple[Runtime, BoundInput]:
        if self._open is None:
            raise RuntimeError("the coordinator opens a candidate before it runs it")
        return self._open


def main(calls: IO[bytes], answers: IO[bytes]) -> None:
    """Answer the calls of a stream until it ends; what goes wrong in a way that was foreseen is an answer too."""
    worker = Worker(pickle.load(calls))  # noqa: S301 - from the process that started this one
    while True:
        try:
            method, arguments, named = pickle.load(calls)  # noqa: S301
        except EOFError:
            return
        answer: object
        try:
            answer = getattr(worker, method)(*arguments, **named)
        except MattekitError as error:
            unavailable = isinstance(error, ArithmeticUnavailableError)
            answer = CandidateError(str(error), "not on this device" if unavailable else "failed")
        pickle.dump(answer, answers)
        answers.flush()


def _executed_by(runtime: Runtime) -> Executed:
    """Ask a runtime what it executes; OpenVINO alone tells its layers."""
    layers: tuple[ExecutedLayers, ...] = ()
    quantized = False
    runtime = bare(runtime)
    if isinstance(runtime, OpenVinoRuntime):
        counted = Counter((layer.type, layer.precision, layer.primitive) for layer in runtime.executed_layers())
        layers = tuple(
            ExecutedLayers(type=a, precision=b, primitive=c, count=n) for (a, b, c), n in sorted(counted.items())
        )
        quantized = runtime.quantized
    return Executed(**runtime.info.model_dump(), layers=layers, quantized=quantized)


def _peak_memory() -> int | None:
    """Peak resident memory of this process in bytes; None where the system does not tell.

    Not `getrusage`: what it tells starts at the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def machine_busy() -> float | None:
    """Processor seconds that the whole machine has spent so far, what a hypervisor took included."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return None
    fields = [int(value) for value in stat.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


def inspect(candidate: Candidate, cache: Path, iterations: int) -> Inspected:
    """Compile an OpenVINO candidate with counters and time its layers; then fill a model cache and compile from it.

    The counters cost time themselves, and so nothing else is measured in this process. A layer's time is the median
    over the iterations.

    Raises:
        MattekitError: the candidate cannot be opened.
    """
    import openvino

    path, contract = candidate.variant.path, candidate.variant.contract.with_size(candidate.height, candidate.width)
    model = read_model(path, candidate.shape)
    compiled = compile_model(model, candidate.settings, {"PERF_COUNT": True})
    request = compiled.create_infer_request()
    fed = adapter_for(interface_of(model), contract, path, candidate.batch).feed(candidate.sample_input())
    request.set_input_tensor(openvino.Tensor(fed))
    times: dict[str, list[float]] = {}
    for number in range(iterations + 1):
        request.start_async()
        request.wait()
        if number:
            for entry in request.profiling_info:
                times.setdefault(entry.node_name, []).append(entry.real_time.total_seconds() * 1000)
    layers = [
        LayerTime(
            name=layer.node.get_friendly_name(),
            type=layer.type,
            precision=layer.precision,
            primitive=layer.primitive,
            ms=median(times.get(layer.node.get_friendly_name(), [0.0])),
            flops=_flops(layer.node, layer.type),
            bytes=_bytes(layer.node),
        )
        for layer in executed_layers(compiled)
    ]
    return Inspected(cached_compile_ms=_cached_compile(candidate, cache), layers=layers)


def _cached_compile(candidate: Candidate, cache: Path) -> float | None:
    kept = {"CACHE_DIR": str(cache)}
    compile_model(read_model(candidate.variant.path, candidate.shape), candidate.settings, kept)
    model = read_model(candidate.variant.path, candidate.shape)
    started = time.perf_counter()
    compiled = compile_model(model, candidate.settings, kept)
    spent = (time.perf_counter() - started) * 1000
    try:
        return spent if compiled.get_property("LOADED_FROM_CACHE") else None
    except RuntimeError:
        return None


def _shapes(operation: openvino.Node) -> list[tuple[int, ...]]:
    """The static shapes of the inputs; an empty one stands for one that is not known."""
    shapes = [operation.get_input_partial_shape(index) for index in range(operation.get_input_size())]
    return [tuple(shape.to_shape()) if shape.is_static else () for shape in shapes]


def _output(operation: openvino.Node) -> tuple[int, ...]:
    shape = operation.get_output_partial_shape(0)
    return tuple(shape.to_shape()) if shape.is_static else ()


def _flops(operation: openvino.Node, kind: str) -> float:
    """Operations of a layer: two for each multiply-add; of what only moves or maps values, one for each output value.

    What is fused into a convolution (bias, activation, sum) is not counted, as in the literature.
    """
    inputs, output = _shapes(operation), _output(operation)
    size = float(np.prod(output)) if output else 0.0
    if kind == "Convolution" and len(inputs) > 1 and len(inputs[1]) >= 3:
        # Of grouped convolutions the weights have one dimension more in front.
        weights = inputs[1][2:] if len(inputs[1]) > len(output) else inputs[1][1:]
        return 2 * size * float(np.prod(weights))
    if kind == "Deconvolution" and len(inputs) > 1 and len(inputs[1]) >= 3:
        weights = inputs[1][2:] if len(inputs[1]) > len(output) else inputs[1][1:]
        return 2 * float(np.prod(inputs[0])) * float(np.prod(weights))
    if kind in {"FullyConnected", "MatMul"} and inputs and inputs[0]:
        return 2 * size * inputs[0][-1]
    return size


def _bytes(operation: openvino.Node) -> float:
    """Bytes that a layer reads and writes, each once."""
    moved = 0.0
    for shape, kind in (
        *zip(
            _shapes(operation),
            (operation.get_input_element_type(index) for index in range(operation.get_input_size())),
            strict=True,
        ),
        (_output(operation), operation.get_output_element_type(0)),
    ):
        moved += float(np.prod(shape)) * kind.bitwidth / 8 if shape else 0.0
    return moved


if __name__ == "__main__":
    # Answers go out by a descriptor of their own, so that a library's print cannot be taken for one.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    main(sys.stdin.buffer, out)

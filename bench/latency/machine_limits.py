"""The machine's measured limits, and how far from them a layer runs (Williams et al., CACM 52(4), 2009).

The limits are measured with the runtime that the layers run in, so that they are what a kernel can reach and not what a
data sheet promises: a large convolution and a large matrix product in each arithmetic that the device has, and the sum
of two arrays far larger than the caches (the traffic of STREAM's triad: two reads and a write for each value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...core import Execution, FloatArithmetic, Measurement, RooflineLimits, Unit

if TYPE_CHECKING:
    import openvino

__all__ = ["Bound", "Peak", "Roofline", "measure_roofline"]

Arithmetic = Literal["f32", "bf16", "f16", "i8"]

_ARITHMETICS: dict[Arithmetic, str] = {"f32": "FP32", "bf16": "BF16", "f16": "FP16", "i8": "INT8"}
"""By the name that a layer's precision has, the name among OpenVINO's `OPTIMIZATION_CAPABILITIES`."""

_INTEGERS = frozenset({"i8", "u8"})
_CHANNELS, _SIDE, _KERNEL = 256, 56, 3
_MATRIX = 1024
_VALUES = 32 * 1024 * 1024  # of each of the three arrays: 128 MB, more than the caches of one socket
_WARM_UP = 2


@dataclass(frozen=True)
class Peak:
    """The best of several runs.

    Attributes:
        unit: of the value.
        value: 10⁹ operations (a multiply-add counts two) or bytes in a second.
        samples: of every run, in order.
    """

    unit: Literal["GFLOP/s", "GOP/s", "GB/s"]
    value: float
    samples: tuple[float, ...]


@dataclass(frozen=True)
class Bound:
    """What limits a piece of work on a machine, and how near it comes.

    Attributes:
        limited_by: what takes longer at full rate, the arithmetic or the traffic.
        limit_seconds: how long that takes.
        share: of the limit that is reached, 1 at the limit; it can be more where the data stays in a cache.
    """

    limited_by: Literal["compute", "memory"]
    limit_seconds: float
    share: float


@dataclass(frozen=True)
class Roofline:
    """Limits of a device.

    Attributes:
        device: as OpenVINO names it.
        compute: of each arithmetic that it really executed.
        memory: of its memory.
    """

    device: str
    compute: dict[Arithmetic, Peak]
    memory: Peak

    def peak(self, precision: str) -> Peak:
        """Return the limit for layers of a runtime precision; that of f32 where the device has none of its own."""
        name: dict[str, Arithmetic] = {"bf16": "bf16", "f16": "f16", **dict.fromkeys(_INTEGERS, "i8")}
        return self.compute.get(name.get(precision.lower(), "f32"), self.compute["f32"])

    def bound(self, flops: float, bytes_: float, seconds: float, precision: str = "f32") -> Bound:
        """Say what limits work of so many operations and bytes that took so many seconds (more than 0)."""
        compute = flops / (self.peak(precision).value * 1e9)
        memory = bytes_ / (self.memory.value * 1e9)
        limit = max(compute, memory)
        return Bound("compute" if compute >= memory else "memory", limit, limit / seconds)

    def measurements(self) -> list[Measurement]:
        """Return the limits as measurements, which are of no model."""
        found: list[tuple[str, FloatArithmetic, Peak]] = [("peak_bandwidth", "", self.memory)]
        for name, peak in self.compute.items():
            found.append(("peak_compute_i8", "", peak) if name == "i8" else ("peak_compute", name, peak))
        return [
            Measurement(
                metric=metric,
                value=peak.value,
                unit=Unit(peak.unit),
                higher_is_better=True,
                executions=(Execution(runtime="openvino", device=self.device, arithmetic=arithmetic, streams=0),),
            )
            for metric, arithmetic, peak in found
        ]

    def limits(self) -> RooflineLimits:
        """Return the limits as a record has them, with the raw rates of every run by name."""
        rates = {f"peak_compute {name}": peak.samples for name, peak in self.compute.items()}
        return RooflineLimits(
            compute={name: peak.value for name, peak in self.compute.items()},
            memory=self.memory.value,
            samples={**rates, "peak_bandwidth": self.memory.samples},
        )


def measure_roofline(
    device: str = "CPU", *, threads: int | None = None, repeats: int = 5, values: int = _VALUES
) -> Roofline:
    """Measure a device's limits; takes a second or two.

    Times are those of the kernels alone, by the plugin's counters, as those of layers are.

    Args:
        device: an OpenVINO device.
        threads: of the CPU; all that may be used unless given.
        repeats: of each kernel, 1 or more.
        values: float32 values in each of the three arrays of the memory test.

    Raises:
        RuntimeError: the device is not there, or has no counters.
    """
    import openvino

    core = openvino.Core()
    config: dict[str, Any] = {"PERF_COUNT": True, "PERFORMANCE_HINT": "LATENCY"}
    if threads and device == "CPU":
        config["INFERENCE_NUM_THREADS"] = threads
    capabilities = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
    compute: dict[Arithmetic, Peak] = {}
    for arithmetic, capability in _ARITHMETICS.items():
        if capability not in capabilities:
            continue
        rates: list[float] = []
        for model, operations in (_convolution(arithmetic), _product(arithmetic)):
            hint = {"INFERENCE_PRECISION_HINT": "f32" if arithmetic == "i8" else arithmetic}
            compiled = core.compile_model(model, device, {**config, **hint})
            rates += _rates(compiled, operations, repeats, executed=arithmetic)
        if rates:
            compute[arithmetic] = Peak("GOP/s" if arithmetic == "i8" else "GFLOP/s", max(rates), tuple(rates))
    sum_ = core.compile_model(_sum(values), device, {**config, "INFERENCE_PRECISION_HINT": "f32"})
    traffic = _rates(sum_, 3 * 4 * values, repeats, executed="f32")
    if "f32" not in compute or not traffic:
        raise RuntimeError(f"{device}: no kernel executed in f32, or none was timed")
    return Roofline(device, compute, Peak("GB/s", max(traffic), tuple(traffic)))


def _rates(compiled: openvino.CompiledModel, amount: float, repeats: int, executed: Arithmetic) -> list[float]:
    """Return 10⁹ of the amount a second, for each run; nothing where something else than `executed` was executed.

    The kernel is what took most of the time; what converts inputs and outputs beside it is not counted.
    """
    import openvino

    request = compiled.create_infer_request()
    rng = np.random.default_rng(0)
    for port in compiled.inputs:
        # Bound once: copying an input is no part of any kernel, but would empty the caches.
        request.set_tensor(port, openvino.Tensor(rng.random(tuple(port.shape), dtype=np.float32)))
    found: list[float] = []
    for number in range(_WARM_UP + repeats):
        request.infer()
        entries = [entry for entry in request.profiling_info if entry.real_time.total_seconds() > 0]
        if number < _WARM_UP or not entries:
            continue
        kernel = max(entries, key=lambda entry: entry.real_time)
        # Kernels are named by how they are made and by what they compute in, such as "brgconv_avx2_i8".
        precision = kernel.exec_type.rpartition("_")[2].lower()
        if precision == executed or {precision, executed} <= _INTEGERS:
            found.append(amount / kernel.real_time.total_seconds() / 1e9)
    return found


def _convolution(arithmetic: Arithmetic) -> tuple[openvino.Model, float]:
    """A 3x3 convolution whose weights fit the caches, and how many operations it is."""
    from openvino import opset13 as ops

    shape = (1, _CHANNELS, _SIDE, _SIDE)
    source = ops.parameter(shape, np.float32)
    weights = np.random.default_rng(0).standard_normal((_CHANNELS, _CHANNELS, _KERNEL, _KERNEL)).astype(np.float32)
    image, kernel = _operands(source, weights, arithmetic)
    result = ops.convolution(image, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    return _model(result, source), 2.0 * _SIDE * _SIDE * weights.size


def _product(arithmetic: Arithmetic) -> tuple[openvino.Model, float]:
    """A matrix product, and how many operations it is."""
    from openvino import opset13 as ops

    source = ops.parameter((_MATRIX, _MATRIX), np.float32)
    weights = np.random.default_rng(0).standard_normal((_MATRIX, _MATRIX)).astype(np.float32)
    left, right = _operands(source, weights, arithmetic)
    return _model(ops.matmul(left, right, False, True), source), 2.0 * _MATRIX**3


def _operands(source: openvino.Node, weights: np.ndarray[Any, Any], arithmetic: Arithmetic) -> Sequence[openvino.Node]:
    """The two operands, quantized as a model of integers has them."""
    from openvino import opset13 as ops

    if arithmetic != "i8":
        return source, ops.constant(weights)
    quantized = ops.fake_quantize(source, *(np.float32(limit) for limit in (0, 1, 0, 1)), 256)
    largest = np.float32(np.abs(weights).max())
    return quantized, ops.fake_quantize(ops.constant(weights), -largest, largest, -largest, largest, 255)


def _sum(values: int) -> openvino.Model:
    from openvino import opset13 as ops

    left, right = (ops.parameter((1, 16, values // 16), np.float32) for _ in range(2))
    return _model(ops.add(left, right), left, right)


def _model(result: openvino.Node, *sources: openvino.Node) -> openvino.Model:
    import openvino

    # The package's stubs describe the constructor of another class.
    construct: Any = openvino.Model
    return construct([result], list(sources))

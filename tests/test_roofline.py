"""The machine's limits: measured by real kernels, and what they say of a piece of work."""

from __future__ import annotations

import pytest
from mattekit.bench.latency.machine_limits import Peak, Roofline, measure_roofline
from mattekit.infer.devices import describe_devices


def roofline(**compute: float) -> Roofline:
    peaks = {"f32": Peak("GFLOP/s", 100.0, (90.0, 100.0))}
    if "i8" in compute:
        peaks["i8"] = Peak("GOP/s", compute["i8"], (compute["i8"],))
    return Roofline("CPU", peaks, Peak("GB/s", 20.0, (20.0,)))  # pyright: ignore[reportArgumentType]


def test_much_arithmetic_on_few_bytes_is_bound_by_compute() -> None:
    # 10 GFLOP take 0.1 s at 100 GFLOP/s; 1 GB takes 0.05 s at 20 GB/s.
    found = roofline().bound(10e9, 1e9, 0.2)
    assert found.limited_by == "compute"
    assert found.limit_seconds == pytest.approx(0.1)
    assert found.share == pytest.approx(0.5)


def test_little_arithmetic_on_many_bytes_is_bound_by_memory() -> None:
    found = roofline().bound(1e9, 4e9, 0.25)
    assert (found.limited_by, found.limit_seconds, found.share) == ("memory", pytest.approx(0.2), pytest.approx(0.8))


def test_each_arithmetic_has_its_own_limit() -> None:
    # At four times the rate the same operations are bound by the memory.
    limits = roofline(i8=400.0)
    assert limits.bound(10e9, 1e9, 1, "f32").limited_by == "compute"
    for name in ("i8", "u8", "U8"):
        assert limits.bound(10e9, 1e9, 1, name).limited_by == "memory"
    # A device without integer kernels does such layers in f32.
    assert roofline().peak("i8") == roofline().peak("f32")


def test_the_limits_of_this_machine_are_measured_by_kernels_that_really_ran() -> None:
    found = measure_roofline(repeats=1, values=1 << 20)
    (cpu,) = (device for device in describe_devices() if device.name == "CPU")
    assert "f32" in found.compute
    assert ("bf16" in found.compute) <= ("BF16" in cpu.capabilities)
    for peak in (*found.compute.values(), found.memory):
        assert peak.value == max(peak.samples) > 0
    # A processor's INT8 kernels that were slower than a hundredth of f32 would be ones that were not found.
    assert found.compute["i8"].value > found.compute["f32"].value / 100
    figures = {(figure.metric, figure.arithmetic): figure for figure in found.measurements()}
    assert figures["peak_compute", "f32"].value == found.compute["f32"].value
    assert figures["peak_bandwidth", ""].unit == "GB/s"
    assert figures["peak_compute_i8", ""].value == found.compute["i8"].value
    assert all((figure.model, figure.device) == ("", "CPU") for figure in figures.values())
    assert found.limits().samples["peak_bandwidth"] == found.memory.samples


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        measure_roofline("GPU.7", repeats=1, values=1 << 12)

"""This machine as its figures tell it, and its devices as OpenVINO finds them: what they can do, if they compute."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..core import DeviceError, Machine, last_line
from .runtimes.forking import native_calls

if TYPE_CHECKING:
    import openvino

__all__ = [
    "Device",
    "available_devices",
    "describe_devices",
    "hidden_hardware",
    "package_versions",
    "require_device",
    "this_machine",
    "this_processor",
]

_PACKAGES = (
    "mattekit",
    "openvino",
    "nncf",
    "torch",
    "onnx",
    "onnxruntime",
    "numpy",
    "opencv-python-headless",
    "pillow",
)
_CPU_FEATURES = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "avx_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
)


@cache
def this_machine() -> Machine:
    """Probe the machine that this process runs on, once."""
    return this_processor().model_copy(
        update={
            "accelerators": _accelerators(),
            "memory_bytes": _memory(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "packages": package_versions(),
        }
    )


def this_processor() -> Machine:
    """Return of this machine what needs no OpenVINO: the processor, its features, and the cores that may be used."""
    cpu, flags = _processor()
    return Machine(cpu=cpu, cpu_features=tuple(name for name in _CPU_FEATURES if name in flags), cores=_usable_cores())


@cache
def package_versions() -> dict[str, str]:
    """Return the versions of the packages that decide a figure; one that is not installed is left out."""
    packages: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return packages


def _accelerators() -> dict[str, str]:
    """Ask OpenVINO for what is not the processor; a device whose driver does not answer counts as not there."""
    import openvino

    core = openvino.Core()
    found: dict[str, str] = {}
    for device in core.available_devices:
        if device != "CPU":
            try:
                found[device] = str(core.get_property(device, "FULL_DEVICE_NAME"))
            except RuntimeError:
                continue
    return found


def _processor() -> tuple[str, frozenset[str]]:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine(), frozenset()
    fields: dict[str, str] = {}
    for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = fields.get("flags") or fields.get("Features") or ""
    return fields.get("model name", platform.machine()), frozenset(flags.split())


def _usable_cores() -> int:
    """Count the cores that this process may use, which a container's limit makes fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int | None:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


class Device(BaseModel):
    """A device that OpenVINO finds.

    Attributes:
        name: such as `GPU.0`.
        full_name: the maker's.
        kind: integrated or discrete.
        capabilities: f16, bf16, INT8, …
        default_precision: what it computes in unless told otherwise.
        plugin: with its version.
        most_streams: that it takes; None where it tells none.
        error: why it cannot compute; None where a small network gave the right result on it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    full_name: str
    kind: str
    capabilities: tuple[str, ...]
    default_precision: str
    plugin: str
    most_streams: int | None
    error: str | None


def describe_devices() -> list[Device]:
    """Ask every device for its capabilities, and let it compute.

    Raises:
        ImportError: OpenVINO is not installed, or a library that it needs is missing.
        RuntimeError: OpenVINO does not start.
    """
    import openvino

    core = openvino.Core()
    return [_describe(core, name) for name in core.available_devices]


def hidden_hardware(root: Path = Path("/")) -> dict[str, bool]:
    """Tell whether the kernel shows a GPU or an NPU, whatever OpenVINO makes of it; Linux only, else empty."""
    if not (root / "proc").is_dir():
        return {}
    return {"GPU": any((root / "dev/dri").glob("renderD*")), "NPU": any((root / "dev/accel").glob("accel*"))}


def _describe(core: openvino.Core, name: str) -> Device:
    streams = _property(core, name, "RANGE_FOR_STREAMS")
    precision = _property(core, name, "INFERENCE_PRECISION_HINT")
    kind = _property(core, name, "DEVICE_TYPE")
    return Device(
        name=name,
        full_name=str(_property(core, name, "FULL_DEVICE_NAME") or name),
        kind=kind.name.lower() if kind is not None else "",
        capabilities=tuple(str(each) for each in _property(core, name, "OPTIMIZATION_CAPABILITIES") or ()),
        default_precision=str(precision.to_string() or "") if precision is not None else "",
        plugin=_plugin(core, name),
        most_streams=int(streams[1]) if streams else None,
        error=_trial(core, name),
    )


def _trial(core: openvino.Core, name: str) -> str | None:
    """Let the device double a number."""
    import openvino
    from openvino import opset13 as ops

    source = ops.parameter((1, 1), np.float32)
    construct: Any = openvino.Model
    model: openvino.Model = construct([ops.multiply(source, ops.constant(np.full((1, 1), 2, np.float32)))], [source])
    try:
        result = core.compile_model(model, name)([np.full((1, 1), 3, np.float32)])[0]
    except RuntimeError as error:
        return last_line(error)
    return None if abs(float(result[0, 0]) - 6) < 0.01 else f"2 times 3 gave {float(result[0, 0]):g}"


def _property(core: openvino.Core, device: str, name: str) -> Any:
    """A property; None where the plugin has no such property."""
    try:
        return core.get_property(device, name)
    except RuntimeError:
        return None


def _plugin(core: openvino.Core, name: str) -> str:
    try:
        version = core.get_versions(name)[name.partition(".")[0]]
    except (RuntimeError, KeyError):
        return ""
    return f"{version.description} {version.build_number}"


def available_devices() -> list[str]:
    """List the devices that OpenVINO finds on this machine."""
    import openvino

    with native_calls():
        return list(openvino.Core().available_devices)


def require_device(device: str) -> None:
    """Make sure that OpenVINO finds a device, or each device of a list, on this machine.

    Raises:
        DeviceError: it does not; the message lists those that it finds.
    """
    asked = device.split(":", 1)[-1] if ":" in device else device
    names = [name.strip().lstrip("-") for name in asked.split(",")]
    if not all(names):
        raise DeviceError(f"{device!r} names no device; give one such as CPU, GPU.0 or AUTO:GPU,CPU")
    available = available_devices()
    families = {name.split(".")[0] for name in available}
    for name in names:
        if name in {"AUTO", "MULTI", "HETERO", "BATCH"} or name in available or name in families:
            continue
        raise DeviceError(f"{name}: OpenVINO finds no such device here; available: {', '.join(available)}")

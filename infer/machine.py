"""This machine, as its figures tell it."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

from ..core import Machine

__all__ = ["package_versions", "this_machine"]

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
_CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "asimd", "asimddp", "i8mm")


@cache
def this_machine() -> Machine:
    """Probe the machine that this process runs on, once."""
    cpu, flags = _processor()
    return Machine(
        cpu=cpu,
        cpu_features=tuple(name for name in _CPU_FEATURES if name in flags),
        cores=_usable_cores(),
        accelerators=_accelerators(),
        memory_bytes=_memory(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        packages=package_versions(),
    )


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

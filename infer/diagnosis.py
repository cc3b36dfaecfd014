"""Can mattekit work here, and would its measurements mean anything? What was found, and what to do about it."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from ..core import BASE, Condition, Limits, Machine, Need, needs
from .devices import Device, describe_devices, hidden_hardware, this_machine

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Diagnosis", "Finding", "diagnose", "examine", "how_to_install"]

_GIB = 1 << 30
_INT8 = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp")
_OPENVINO = "https://docs.openvino.ai/2026/get-started/install-openvino/configurations"


class Finding(BaseModel):
    """What is the matter, and what to do.

    Attributes:
        level: only what is `broken` keeps mattekit from working.
        text: a sentence or two.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["broken", "warning", "note"]
    text: str


class Diagnosis(BaseModel):
    """What mattekit finds here.

    Attributes:
        machine: its processors, memory and system.
        limits: of this process.
        condition: of the machine: its load and heat.
        devices: of OpenVINO.
        hardware: accelerators, and whether the kernel shows them.
        needs: packages, and what of them is installed.
        extras: whether all packages of each are there.
        failures: of what could not even be asked, by what it is.
        findings: what follows, the worst first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    limits: Limits
    condition: Condition
    devices: tuple[Device, ...]
    hardware: dict[str, bool]
    needs: tuple[Need, ...]
    extras: dict[str, bool]
    failures: dict[str, str]
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 1 if something is broken, else 0."""
        return int(any(finding.level == "broken" for finding in self.findings))

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each finding: its `level` and its `text`."""
        import pandas as pd

        rows = [finding.model_dump() for finding in self.findings]
        return pd.DataFrame(rows, columns=["level", "text"])

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def diagnose() -> Diagnosis:
    """Look at the machine, its devices and packages, and let every device compute; takes a second or two.

    Returns:
        What was found, and what to do about it.

    Example:
        >>> import mattekit
        >>> sorted(device.name for device in mattekit.diagnose().devices if device.name == "CPU")
        ['CPU']
    """
    failures: dict[str, str] = {}
    devices: list[Device] = []
    try:
        devices = describe_devices()
    except (ImportError, RuntimeError) as error:
        failures["OpenVINO"] = str(error)
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        failures["OpenCV"] = str(error)
    every = needs()
    extras = {name: all(need.met for need in every if need.extra == name) for name in _extras(every)}
    found = Diagnosis(
        machine=this_machine(),
        limits=Limits.current(),
        condition=Condition.current(),
        devices=tuple(devices),
        hardware=hidden_hardware(),
        needs=tuple(every),
        extras=extras,
        failures=failures,
    )
    return found.model_copy(update={"findings": tuple(examine(found))})


def examine(found: Diagnosis, system: str = platform.system()) -> list[Finding]:
    """Say what follows from what was found, the worst first.

    Args:
        found: its own findings are not looked at.
        system: `Linux`, `Windows` or `Darwin`.
    """
    broken = [f"{what} does not start: {why}" for what, why in found.failures.items()]
    broken += [
        f"{need.package} is {need.installed or 'not installed'}, and mattekit needs {need.wanted or 'it'}; "
        "install it with: pip install --upgrade mattekit"
        for need in found.needs
        if need.extra == BASE and not need.met
    ]
    if "OpenVINO" not in found.failures and not any(device.name == "CPU" for device in found.devices):
        broken.append("OpenVINO has no CPU device; install it anew: pip install --force-reinstall openvino")
    broken += [f"{device.name} does not compute: {device.error}" for device in found.devices if device.error]
    warnings = [*_limits(found.limits), *_condition(found.condition, found.limits), *_extra_packages(found)]
    notes = _arithmetic(found.machine)
    notes += [
        f"{name} is not there. {how_to_install(name, system, found.hardware)}"
        for name in ("GPU", "NPU")
        if not any(device.name.partition(".")[0] == name for device in found.devices)
    ]
    notes += [
        f"the extra {name} is not installed; what it is for needs: pip install 'mattekit[{name}]'"
        for name, complete in found.extras.items()
        if not complete
    ]
    return [
        *(Finding(level="broken", text=text) for text in broken),
        *(Finding(level="warning", text=text) for text in warnings),
        *(Finding(level="note", text=text) for text in notes),
    ]


def how_to_install(device: str, system: str, hardware: Mapping[str, bool]) -> str:
    """Say what OpenVINO needs for an Intel GPU or NPU.

    Args:
        device: `GPU` or `NPU`.
        system: `Linux`, `Windows` or `Darwin`.
        hardware: whether the kernel shows it, as `hidden_hardware` tells.
    """
    page = f"{_OPENVINO}/configurations-intel-{device.lower()}.html"
    if system == "Windows":
        driver = "graphics driver" if device == "GPU" else "NPU driver"
        return f"Where the machine has one from Intel, install Intel's {driver} (Windows Update brings one); see {page}"
    if system != "Linux":
        return "OpenVINO has no plugin for it on this system."
    node = "/dev/dri/renderD*" if device == "GPU" else "/dev/accel/accel*"
    packages = (
        "ocl-icd-libopencl1 intel-opencl-icd (Ubuntu; on Fedora intel-compute-runtime)"
        if device == "GPU"
        else "intel-driver-compiler-npu intel-fw-npu intel-level-zero-npu level-zero (from the releases of "
        "intel/linux-npu-driver)"
    )
    rights = "let the user into the group that owns the node: sudo usermod -aG render $USER"
    if hardware.get(device):
        return f"The kernel shows one ({node}): if it is Intel's, install {packages}, and {rights}; see {page}"
    return (
        f"The kernel shows none ({node}). In a container, pass the node in (--device {node.rpartition('/')[0]}); on a "
        f"machine that has one from Intel, install {packages}, and {rights}; see {page}"
    )


def _extras(every: Sequence[Need]) -> list[str]:
    return sorted({need.extra for need in every} - {BASE})


def _extra_packages(found: Diagnosis) -> list[str]:
    return [
        f"{need.package} is {need.installed}, and the extra {need.extra} needs {need.wanted}; upgrade it with: pip "
        f"install --upgrade 'mattekit[{need.extra}]'"
        for need in found.needs
        if need.extra != BASE and need.installed is not None and not need.met
    ]


def _limits(limits: Limits) -> list[str]:
    found: list[str] = []
    if limits.quota and limits.quota < limits.affinity:
        found.append(
            f"the container may use the time of {limits.quota:g} processors but sees {limits.affinity}: more threads "
            f"are stopped for a part of each period; measure with --threads {max(1, int(limits.quota))}"
        )
    if limits.throttled and limits.throttled > 0.01:
        found.append(f"the container's processor limit stopped it in {limits.throttled:.0%} of the periods so far")
    if limits.memory_bytes and limits.memory_bytes < 2 * _GIB:
        found.append(
            f"the container's memory limit is {limits.memory_bytes / _GIB:.1f} GiB; large models and exports "
            "need 2 or more"
        )
    for name, value in limits.threads_env.items():
        if value.isdecimal() and int(value) < limits.usable:
            found.append(f"{name}={value} leaves torch and ONNX Runtime fewer threads than OpenVINO takes; unset it")
    return found


def _condition(condition: Condition, limits: Limits) -> list[str]:
    found: list[str] = []
    if condition.load is not None and condition.load > 0.5 * limits.usable:
        found.append(
            f"{condition.load:.1f} processes ran or waited in the last minute, on {limits.usable:g} usable processors: "
            "times measured now are not the machine's own"
        )
    if condition.stolen is not None and condition.stolen > 0.01:
        found.append(f"the hypervisor gave {condition.stolen:.1%} of the processors' time to others")
    if condition.throttle_events:
        found.append(f"the processors slowed down {condition.throttle_events} times to stay cool since the start")
    found += [f"{name} is at {value:.0f} °C" for name, value in condition.temperatures.items() if value >= 90]
    if condition.on_battery:
        found.append("the machine runs on its battery, and slows down for it; connect it to mains before measuring")
    slow = [name for name in condition.governors if name in {"powersave", "conservative"}]
    if slow and condition.frequency is not None and condition.frequency < 0.7:
        found.append(
            f"the processors run at {condition.frequency:.0%} of their frequency by the governor {slow[0]}; for "
            "measurements: sudo cpupower frequency-set -g performance"
        )
    if condition.memory_available_bytes is not None and condition.memory_available_bytes < _GIB:
        found.append(f"only {condition.memory_available_bytes / _GIB:.1f} GiB of memory are available")
    return found


def _arithmetic(machine: Machine) -> list[str]:
    flags = machine.cpu_features
    if not flags:
        return []
    fast = [name for name in _INT8 if name in flags]
    if not fast:
        return [
            "the processor has no instructions for INT8 dot products (VNNI, AMX): INT8 gains less here than elsewhere"
        ]
    if "amx_bf16" in flags:
        return [
            "the processor has AMX: OpenVINO alone would compute in bf16; mattekit asks for f32 unless told otherwise"
        ]
    return []

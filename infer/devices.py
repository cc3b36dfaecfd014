"""The devices that OpenVINO finds here, what they can do, and whether they compute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..core import last_line

if TYPE_CHECKING:
    import openvino

__all__ = ["Device", "describe_devices", "hidden_hardware"]


class Device(BaseModel):
    """A device: its names, capabilities (f16, bf16, INT8, …), arithmetic unless told otherwise, plugin, and streams.

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
    return {
        "GPU": any((root / "dev/dri").glob("renderD*")),
        "NPU": any((root / "dev/accel").glob("accel*")),
    }


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

"""Which devices OpenVINO finds on this machine."""

from __future__ import annotations

from ...core import DeviceError
from .forking import native_calls

__all__ = ["available_devices", "require_device"]


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

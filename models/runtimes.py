"""The runtimes by their names: what a user calls them, and what each of them opens."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from ..core import ArithmeticUnavailableError, DeviceError, InputError, ModelFormat, Stage, needs_extra
from ..infer import DEFAULTS, OnnxRuntime, OpenVinoRuntime, Runtime, RuntimeSettings, TorchRuntime, read_model

__all__ = ["RUNTIMES", "RuntimeEntry", "open_runtime", "require_offered"]


class RuntimeEntry(NamedTuple):
    """A runtime: what opens a file on it, and which stage of an export it executes.

    Attributes:
        open: opens a file with settings.
        stage: of an export that is given to it.
        cpu_alone: it computes on the CPU in f32 and nowhere else: other settings are refused before it is tried.
    """

    open: Callable[[Path, RuntimeSettings], Runtime]
    stage: Stage
    cpu_alone: bool = True

    @property
    def formats(self) -> tuple[ModelFormat, ...]:
        """Return the formats that it opens; of a folder that has several, the first one is taken."""
        return _FORMATS[self.stage]


_FORMATS: dict[Stage, tuple[ModelFormat, ...]] = {"ir": ("openvino", "onnx"), "onnx": ("onnx",), "torch": ("torch",)}


def _openvino(file: Path, settings: RuntimeSettings) -> Runtime:
    return OpenVinoRuntime(read_model(file, settings.shape), settings)


def _torch(file: Path, settings: RuntimeSettings) -> Runtime:
    from ..convert import load_module, spec_for

    with needs_extra("running a checkpoint", "torch", "export"):
        # Its import is no part of what loading takes.
        import_module("torch")
    started = time.perf_counter()
    module = load_module(spec_for(settings.model, file), file)
    return TorchRuntime(module, settings, compile_ms=(time.perf_counter() - started) * 1000)


RUNTIMES: dict[str, RuntimeEntry] = {
    "openvino": RuntimeEntry(_openvino, "ir", cpu_alone=False),
    "onnxruntime": RuntimeEntry(OnnxRuntime, "onnx"),
    "torch": RuntimeEntry(_torch, "torch"),
}
"""Every runtime, in the order in which they are listed."""


def require_offered(name: str, settings: RuntimeSettings) -> None:
    """Make sure that a runtime offers a device and an arithmetic, as far as that is known without trying.

    Raises:
        DeviceError: it has no such device.
        ArithmeticUnavailableError: it doesn't compute in this arithmetic.
    """
    if not RUNTIMES[name].cpu_alone:
        return
    if settings.device != "CPU":
        raise DeviceError(f"{settings.device}: mattekit runs {name} on the CPU only")
    if settings.arithmetic not in {"f32", "device"}:
        raise ArithmeticUnavailableError(f"mattekit runs {name} in f32 only")


def open_runtime(name: str, file: Path, settings: RuntimeSettings = DEFAULTS) -> Runtime:
    """Open a file on a runtime.

    Args:
        name: one of `RUNTIMES`.
        file: what it executes: an IR or ONNX file for OpenVINO, a checkpoint for torch, an ONNX file for the others.
        settings: how; hints and streams are OpenVINO's, and of no effect elsewhere.

    Raises:
        InputError: there is no such runtime.
        DeviceError: the device is not there, or it refused the model, or doesn't compute in the arithmetic.
        DependencyError: the runtime is not installed.
        ModelError: the file cannot be executed, or not in this shape.
    """
    if name not in RUNTIMES:
        raise InputError(f"{name!r} is no runtime; give {', '.join(RUNTIMES)}")
    require_offered(name, settings)
    return RUNTIMES[name].open(file, settings)

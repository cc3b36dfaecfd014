"""Open a candidate on its runtime."""

from __future__ import annotations

from .candidates import Candidate
from .engines import Engine

__all__ = ["open_engine"]


def open_engine(candidate: Candidate) -> Engine:
    """Open a candidate and prepare its input; only its own runtime is imported.

    Raises:
        DependencyError: its runtime is not installed.
        DeviceError: the device is not there, or refused the model.
        ModelError: the file cannot be executed, or not in this size or batch.
    """
    if candidate.runtime == "openvino":
        from .openvino_engine import OpenVinoEngine

        return OpenVinoEngine(candidate)
    if candidate.runtime == "onnxruntime":
        from .onnx_engine import OnnxEngine

        return OnnxEngine(candidate)
    from .torch_engine import TorchEngine

    return TorchEngine(candidate)

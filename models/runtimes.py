"""The runtimes by name, one line each: what a user may ask for, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.artifact import ModelFormat

__all__ = ["RUNTIMES", "RuntimeEntry"]


@dataclass(frozen=True)
class RuntimeEntry:
    """A runtime that can be asked for; formats: of the files that it opens, the preferred one first."""

    formats: tuple[ModelFormat, ...]


RUNTIMES: dict[str, RuntimeEntry] = {
    "openvino": RuntimeEntry(("openvino", "onnx")),
    "onnxruntime": RuntimeEntry(("onnx",)),
    "torch": RuntimeEntry(("torch",)),
}

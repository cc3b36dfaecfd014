"""What every runtime is: tensors in, tensors out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from ...core.artifact import Precision, Provenance
from ...core.contract import Contract
from ...core.files import sha256_of
from ...core.record import ArtifactRef

__all__ = ["LoadedModel", "Runtime", "Spent", "Tensor"]

Tensor = NDArray[np.float32]


class Spent(NamedTuple):
    """Seconds in which the device worked on a thread's calls, and in which they waited for their turn."""

    working: float
    waiting: float


class Runtime(Protocol):
    """What executes a model."""

    @property
    def name(self) -> str:
        """Name of the runtime with its device."""
        ...

    @property
    def arithmetic(self) -> str:
        """What its floating-point numbers are computed in: `f32`, `bf16` or `f16`; empty where nobody tells."""
        ...

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return its first output as float32."""
        ...

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        ...


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run, with all that is needed to run it correctly.

    provenance is None for a model that mattekit did not export itself, and whose contract the caller gave.
    """

    path: Path
    contract: Contract
    provenance: Provenance | None
    runtime: Runtime

    @property
    def id(self) -> str:
        """Return the zoo's id of the model, or the file's name where it says none."""
        return self.provenance.model if self.provenance else self.path.stem

    def ref(self) -> ArtifactRef:
        """Return what a record keeps of the model; its precision is that of the folder that it lies in, or empty."""
        files = [self.path, self.path.with_suffix(".bin")] if self.path.suffix == ".xml" else [self.path]
        folder = self.path.absolute().parent.name
        return ArtifactRef(
            model=self.id,
            format="openvino" if self.path.suffix == ".xml" else "onnx" if self.path.suffix == ".onnx" else "torch",
            precision=folder if folder in get_args(Precision) else "",
            sha256={file.name: sha256_of(file) for file in files if file.is_file()},
            weights=self.provenance.weights_sha256 if self.provenance else "",
        )

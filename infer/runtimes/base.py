"""What every runtime is: tensors in, tensors out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.artifact import Provenance
from ...core.contract import Contract

__all__ = ["LoadedModel", "Runtime", "Tensor"]

Tensor = NDArray[np.float32]


class Runtime(Protocol):
    """What executes a model."""

    @property
    def name(self) -> str:
        """Name of the runtime with its device."""
        ...

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return its first output as float32."""
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

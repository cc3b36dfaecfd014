"""What every runtime is: tensors in, tensors out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.contract import Contract
from ...core.variant import Variant

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
    """A model that is ready to run: what it is, and what executes it."""

    variant: Variant
    runtime: Runtime

    @property
    def path(self) -> Path:
        """Return the model's file."""
        return self.variant.path

    @property
    def contract(self) -> Contract:
        """Return what surrounds the network."""
        return self.variant.contract

    @property
    def id(self) -> str:
        """Return the zoo's id of the model, or the file's name where it says none."""
        return self.variant.id

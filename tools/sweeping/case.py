"""One graph of a sweep, and the constants in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Case", "real", "whole"]

Array = Any
"""Of any type and shape, a single number too."""


@dataclass(frozen=True)
class Case:
    """One operator in a graph of its own.

    Attributes:
        kind: the operator.
        data: what the graph is fed with.
        constants: inputs behind those, as initializers; None leaves an optional one out.
        attributes: of the node.
        outputs: how many are compared.
        since: the first version of operators that it is tried with.
        until: the last one.
    """

    kind: str
    data: tuple[Array, ...]
    constants: tuple[Array | None, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1
    since: int = 1
    until: int = 99

    def __str__(self) -> str:
        """Return the operator with its attributes and constants."""
        said = [f"{name}={value}" for name, value in self.attributes.items()]
        said += [
            f"#{number}={value.tolist()}"
            for number, value in enumerate(self.constants, len(self.data))
            if value is not None and value.size <= 8
        ]
        return f"{self.kind}({', '.join(said)})"


def whole(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def real(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)

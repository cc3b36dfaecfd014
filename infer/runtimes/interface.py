"""What a model's file takes and gives, whatever executes it, and what a recurrent one remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino

__all__ = ["FrameMemory", "Interface", "TensorInfo", "interface_of"]


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of a file.

    Attributes:
        name: that is shown.
        names: all of its names.
        shape: a number for each axis, None where it is free; None where even their number is.
        type: of its elements, as OpenVINO calls it, such as `f32`.
    """

    name: str
    names: frozenset[str]
    shape: tuple[int | None, ...] | None
    type: str

    @property
    def shown_shape(self) -> str:
        """Return the shape as people read it, `?` for what is free."""
        return "?" if self.shape is None else "x".join("?" if side is None else str(side) for side in self.shape)

    def __str__(self) -> str:
        """Return name, shape and type as people read them."""
        return f"{self.name} ({self.shown_shape}, {self.type})"


@dataclass
class FrameMemory:
    """What a recurrent network remembers of a film's frames so far; one for each film.

    Attributes:
        states: in the contract's order; empty before the first frame.
    """

    states: tuple[NDArray[np.float32], ...] = ()

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self.states = ()


@dataclass(frozen=True)
class Interface:
    """What a file takes and gives."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def interface_of(model: openvino.Model) -> Interface:
    """Return what a model that OpenVINO has read takes and gives."""

    def port(place: openvino.Output, number: int) -> TensorInfo:
        names = frozenset({*place.get_names(), place.get_node().get_friendly_name()})
        shown = min(place.get_names(), default="") or f"number {number + 1}"
        shape = place.get_partial_shape()
        sides = None if shape.rank.is_dynamic else tuple(s.get_length() if s.is_static else None for s in shape)
        return TensorInfo(shown, names, sides, place.get_element_type().get_type_name())

    return Interface(
        tuple(port(each, number) for number, each in enumerate(model.inputs)),
        tuple(port(each, number) for number, each in enumerate(model.outputs)),
    )

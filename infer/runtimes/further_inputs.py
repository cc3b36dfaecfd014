"""What a network takes beside the image: a recurrent one's states, and numbers that are always the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import Contract, ContractError, StateContract, did_you_mean
from .base import Feed, Tensor
from .interface import Interface, TensorInfo

__all__ = ["FurtherInputs", "further_inputs", "port_number"]

_TYPES = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i32": np.int32, "i64": np.int64}


class _State(NamedTuple):
    place: int
    output: int
    shape: tuple[int | None, ...]
    type: str
    stride: int | None


class FurtherInputs(NamedTuple):
    """What a file takes beside the image.

    Attributes:
        image: the number of the input that takes that.
        layout: of its axes, and of the states'.
        states: of a recurrent network.
        constants: the numbers of inputs, and what they get.
    """

    image: int
    layout: str
    states: tuple[_State, ...]
    constants: tuple[tuple[int, NDArray[np.generic]], ...]

    def around(self, image: NDArray[np.generic], shape: tuple[int, ...], states: Sequence[Tensor]) -> Feed:
        """Return all inputs in the file's order.

        Args:
            image: as the file takes it.
            shape: of its tensor (N, C, H, W).
            states: zeros where empty.
        """
        fed = {self.image: image, **dict(self.constants)}
        for number, state in enumerate(self.states):
            kind = _TYPES[state.type]
            fed[state.place] = (
                np.ascontiguousarray(states[number], dtype=kind)
                if states
                else np.zeros(self._sides(state, shape), kind)
            )
        return tuple(fed[place] for place in sorted(fed))

    def states_of(self, outputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the states that the outputs hold."""
        return tuple(outputs[state.output] for state in self.states)

    def _sides(self, state: _State, image: tuple[int, ...]) -> list[int]:
        across = {2: image[2], 3: image[3]} if self.layout == "NCHW" else {1: image[2], 2: image[3]}
        free = [1] * len(state.shape)
        free[:1] = [image[0]] if len(state.shape) > 1 else [1]
        for axis, side in across.items():
            if state.stride is not None and len(state.shape) == 4:
                free[axis] = -(-side // state.stride)
        return [own if side is None else side for side, own in zip(state.shape, free, strict=True)]


def further_inputs(interface: Interface, contract: Contract, path: Path) -> FurtherInputs | None:
    """Find the inputs and outputs that a contract names beside the image; None where it names none.

    Raises:
        ContractError: the file has no such input or output, or they don't fit each other.
    """
    if not contract.states and not contract.constants:
        return None
    states = tuple(_state(interface, each, path) for each in contract.states)
    constants: list[tuple[int, NDArray[np.generic]]] = []
    for each in contract.constants:
        place = port_number(interface.inputs, each.input, "input", path)
        given = interface.inputs[place]
        if given.shape is None or any(side not in {None, 1} for side in given.shape) or given.type not in _TYPES:
            raise ContractError(f"{path}: the input {given} takes more than one number, so it is no constant")
        constants.append((place, np.full([1] * len(given.shape), each.value, _TYPES[given.type])))
    taken = {state.place for state in states} | {place for place, _ in constants}
    image = next((place for place in range(len(interface.inputs)) if place not in taken), 0)
    return FurtherInputs(image, contract.input.layout, states, tuple(constants))


def _state(interface: Interface, state: StateContract, path: Path) -> _State:
    place = port_number(interface.inputs, state.input, "input", path)
    output = port_number(interface.outputs, state.output, "output", path)
    taken, given = interface.inputs[place], interface.outputs[output]
    if taken.shape is None or taken.type not in _TYPES:
        raise ContractError(
            f"{path}: the input {taken} can't take a state; its axes must be known, its type f32 or f16"
        )
    if given.shape is not None and not _fit(taken.shape, given.shape):
        raise ContractError(f"{path}: the output {given} is no next value of the input {taken}: their shapes differ")
    return _State(place, output, taken.shape, taken.type, state.stride)


def _fit(taken: tuple[int | None, ...], given: tuple[int | None, ...]) -> bool:
    pairs = zip(taken, given, strict=False)
    return len(taken) == len(given) and all(one is None or other is None or one == other for one, other in pairs)


def port_number(ports: Sequence[TensorInfo], name: str, what: str, path: Path) -> int:
    """Return the number of an input or output by one of its names.

    Raises:
        ContractError: there is none of that name.
    """
    for number, port in enumerate(ports):
        if name in port.names:
            return number
    names = [port.name for port in ports]
    raise ContractError(
        f"{path}: the model has no {what} {name!r}{did_you_mean(name, names)}; it has: {', '.join(names)}"
    )

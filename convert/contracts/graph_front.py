"""What a graph computes of an image before its first layer: its own normalisation says what it is fed with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core import InputContract

if TYPE_CHECKING:
    import openvino

__all__ = ["Told", "is_as_told", "told_by"]

_NEAR = 0.01
"""Of the whole range, by which numbers that mean the same may differ: some are rounded, some are stored in FP16."""


class _Affine(NamedTuple):
    """Channel `c` is `factor[c]` times channel `source[c]` of what came in, and `shift[c]`."""

    source: tuple[int, ...]
    factor: NDArray[np.float64]
    shift: NDArray[np.float64]

    def then(self, other: _Affine) -> _Affine:
        taken = list(other.source)
        return _Affine(
            tuple(self.source[each] for each in taken),
            other.factor * self.factor[taken],
            other.factor * self.shift[taken] + other.shift,
        )


class Told(NamedTuple):
    """Somewhere in front of the first layer, values are colours.

    Attributes:
        before: what is computed of the input until there.
        order: of the channels there, `RGB` or `BGR`; empty where the graph does not tell.
        top: of white there: 1 or 255.
        how: by which numbers that is known, in words.
    """

    before: _Affine
    order: str
    top: float
    how: str


class _Numbers(NamedTuple):
    """Numbers by which colours are normalised, as everybody knows them: (colour - mean) / std."""

    how: str
    top: float
    mean: Sequence[float]
    std: Sequence[float]

    @property
    def tells_colours(self) -> bool:
        return len(self.mean) == 3


_KNOWN = (
    _Numbers("ImageNet's numbers", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    _Numbers("ImageNet's numbers in levels", 255.0, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    _Numbers("Caffe's means", 255.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
    _Numbers("0 to 1 made -1 to 1", 1.0, (0.5,), (0.5,)),
    _Numbers("levels made -1 to 1", 255.0, (127.5,), (127.5,)),
    _Numbers("0 to 1 made -0.5 to 0.5", 1.0, (0.5,), (1.0,)),
    _Numbers("levels made 0 to 1", 255.0, (0.0,), (255.0,)),
    _Numbers("0 to 1 made levels", 1.0, (0.0,), (1 / 255,)),
)


def told_by(model: openvino.Model) -> tuple[Told, ...]:
    """Return where in front of a graph's first layer values are colours, by numbers that are known for that."""
    shape = model.inputs[0].partial_shape
    if shape.rank.is_dynamic or len(shape) != 4:
        return ()
    axis = next((axis for axis in (1, 3) if shape[axis].is_static and shape[axis].get_length() == 3), None)
    if axis is None:
        return ()
    steps = list(_steps(model.inputs[0], axis))
    nothing = _Affine((0, 1, 2), np.ones(3), np.zeros(3))
    found: list[Told] = []
    for place in range(len(steps) + 1):
        before, after = (reduce(_Affine.then, part, nothing) for part in (steps[:place], steps[place:]))
        found += _read(before, after)
    return tuple(found)


def is_as_told(wanted: InputContract, told: Told) -> bool:
    """Tell whether images that are prepared as a contract says become the colours that the graph takes them for."""
    divide = 255.0 if wanted.divide_by == "image_max" else wanted.divide_by
    mean, std = (np.array(wanted.per_channel(each), np.float64) for each in (wanted.mean, wanted.std))
    if wanted.colour_order not in {"RGB", "BGR"}:
        return True
    prepared = _Affine((0, 1, 2), 255 / divide / std, -mean / std)
    whole = prepared.then(told.before)
    colours = "".join(wanted.colour_order[each] for each in whole.source)
    as_colours = _are_near(whole.factor, told.top, told.top) and _are_near(whole.shift, 0, told.top)
    return as_colours and (not told.order or told.order == colours)


def _read(before: _Affine, after: _Affine) -> Iterator[Told]:
    for numbers in _KNOWN:
        for order in ("RGB", "BGR") if numbers.tells_colours else ("",):
            step = -1 if order == "BGR" else 1
            mean, std = (np.array(tuple(each)[::step] * (3 // len(each)), np.float64) for each in numbers[2:])
            if _is(after, 1 / std, -mean / std):
                there = "".join(order[after.source.index(channel)] for channel in range(3)) if order else ""
                yield Told(before, there, numbers.top, numbers.how)
            elif numbers.tells_colours and _is(before, std, mean):
                yield Told(before, order, numbers.top, f"{numbers.how}, undone")


def _is(found: _Affine, factor: NDArray[np.float64], shift: NDArray[np.float64]) -> bool:
    if len(set(found.source)) != 3:
        return False
    scale = float(np.abs(factor).max())
    return _are_near(found.factor, factor, scale) and _are_near(
        found.shift, shift, max(scale, float(np.abs(shift).max()))
    )


def _are_near(found: NDArray[np.float64], wanted: NDArray[np.float64] | float, scale: float) -> bool:
    return bool((np.abs(found - wanted) <= _NEAR * scale).all())


def _steps(port: openvino.Output, axis: int) -> Iterator[_Affine]:
    """Give what is done to each channel by itself, and turns of channels, up to the first that is neither."""
    while True:
        readers = list(port.get_target_inputs())
        if len(readers) != 1:
            return
        node, place = readers[0].get_node(), readers[0].get_index()
        kind = node.get_type_name()
        if kind == "Transpose" and (order := _constant(node.input_value(1))) is not None:
            axis = [int(each) for each in order.ravel()].index(axis)
        elif kind in {"Gather", "Slice"} and place == 0 and (turn := _turn(node, axis)) is not None:
            yield _Affine(turn, np.ones(3), np.zeros(3))
        elif kind in {"Multiply", "Divide", "Add", "Subtract"}:
            numbers = _of_channels(node.input_value(1 - place), axis)
            if numbers is None or (kind == "Divide" and place == 1):
                return
            yield _arithmetic(kind, numbers, place)
        elif kind != "Convert":
            return
        port = node.output(0)


def _arithmetic(kind: str, numbers: NDArray[np.float64], place: int) -> _Affine:
    one, zero, same = np.ones(3), np.zeros(3), (0, 1, 2)
    if kind == "Multiply":
        return _Affine(same, numbers, zero)
    if kind == "Divide":
        return _Affine(same, 1 / numbers, zero)
    if kind == "Add":
        return _Affine(same, one, numbers)
    return _Affine(same, one, -numbers) if place == 0 else _Affine(same, -one, numbers)


def _turn(node: openvino.Node, axis: int) -> tuple[int, ...] | None:
    """Return which channels a Gather or a Slice takes; None where it takes something else."""
    given = [_constant(port) for port in node.input_values()[1:]]
    if any(each is None or each.size > 3 for each in given):
        return None
    numbers = [[int(each) for each in value.ravel()] for value in given if value is not None]
    along = numbers[1] if node.get_type_name() == "Gather" else numbers[3] if len(numbers) == 4 else []
    if [each % 4 for each in along] != [axis]:
        return None
    if node.get_type_name() == "Gather":
        turn = tuple(each % 3 for each in numbers[0])
    else:
        (start,), (stop,), (step,) = numbers[:3]
        # From the last channel down, a stop of -4 or less is before the first.
        turn = tuple(range(3))[slice(start, stop, step)]
    return turn if sorted(turn) == [0, 1, 2] else None


def _of_channels(port: openvino.Output, axis: int) -> NDArray[np.float64] | None:
    """Return a constant's three numbers; None where it is none, or has others at each place."""
    value = _constant(port)
    if value is None or value.ndim > 4:
        return None
    shape = [1] * (4 - value.ndim) + list(value.shape)
    if value.size == 1:
        return np.full(3, float(value.ravel()[0]))
    return value.astype(np.float64).ravel() if value.size == 3 and shape[axis] == 3 else None


def _constant(port: openvino.Output) -> NDArray[np.generic] | None:
    """Return what a constant holds, also behind a change of its type or its shape; None where it is none."""
    node, shape = port.get_node(), port.get_partial_shape()
    while node.get_type_name() in {"Convert", "Reshape", "Unsqueeze", "Squeeze"}:
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant" or shape.is_dynamic:
        return None
    # The stub says of any node what only a constant has.
    return np.asarray(node.get_data()).reshape(list(port.get_shape()))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]

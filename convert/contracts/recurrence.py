"""Which of a network's inputs takes the image, and what the others are: states that are fed back, or mere numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core import ContractError
from ...infer import Interface, TensorInfo, interface_of, read_model
from .inspection import layout_of

if TYPE_CHECKING:
    import openvino

__all__ = ["InputRoles", "input_roles", "port_of", "stride_of"]

_ENDS = re.compile(
    r"^(?:prev(?:ious)?|last|past|next|new|in|out)[._-]|[._-]?(?:input|output|in|out|prev|next|new|i|o|n)$"
)
"""What tells a state's input and output apart in their names, as in RVM's `r1i` and `r1o`."""


class InputRoles(NamedTuple):
    """What a network's inputs are.

    Attributes:
        image: that takes the image.
        states: input and output of each.
        constants: that take one number.
    """

    image: TensorInfo
    states: tuple[tuple[TensorInfo, TensorInfo], ...] = ()
    constants: tuple[TensorInfo, ...] = ()


def input_roles(interface: Interface, path: Path) -> InputRoles:
    """Tell a network's inputs apart, by their shapes and names.

    Raises:
        ContractError: none takes an image, or one is neither a state nor a number.
    """
    listed = ", ".join(map(str, interface.inputs))
    images = [each for each in interface.inputs if layout_of(each)]
    image = next((each for each in images if _channels(each) != 1), next(iter(images), None))
    if image is None:
        raise ContractError(
            f"{path}: its input is {listed}; a contract is for one image with 1, 3 or 4 channels; export the "
            "network with such an input"
        )
    states: list[tuple[TensorInfo, TensorInfo]] = []
    constants: list[TensorInfo] = []
    left = list(interface.outputs)
    for each in interface.inputs:
        if each is image:
            continue
        if each.shape is not None and len(each.shape) < 2 and set(each.shape) <= {1, None}:
            constants.append(each)
            continue
        fitting = [output for output in left if _fit(each, output)]
        same = [output for output in fitting if _stem(output.name) == _stem(each.name)]
        if not fitting:
            raise ContractError(
                f"{path}: its inputs are {listed}; {each.name} is neither an image nor a state that an output gives "
                "again; export the network with it fixed"
            )
        states.append((each, (same or fitting)[0]))
        left.remove(states[-1][1])
    return InputRoles(image, tuple(states), tuple(constants))


def stride_of(path: Path, image: TensorInfo, state: tuple[TensorInfo, TensorInfo], probe: int) -> int | None:
    """Return by what the image's height is divided in a state that leaves its own free; None where nothing tells."""
    taken, given = state
    if taken.shape is None or len(taken.shape) != 4 or taken.shape[2] is not None or image.shape is None:
        return None
    model = read_model(path)
    shape: list[Any] = [1 if not axis else probe if side is None else side for axis, side in enumerate(image.shape)]
    try:
        model.reshape({port_of(model, image): shape})
    except RuntimeError:
        return None
    found = next(each for each in interface_of(model).outputs if each.names & given.names).shape
    side = found[2] if found is not None and len(found) == 4 else None
    return round(probe / side) if side else None


def port_of(model: openvino.Model, image: TensorInfo) -> openvino.Output:
    """Return a graph's input by what was said of it."""
    return next(each for each in model.inputs if image.names & {*each.get_names(), each.get_node().get_friendly_name()})


def _channels(image: TensorInfo) -> int | None:
    return (image.shape or (None,) * 4)[1 if layout_of(image) == "NCHW" else 3]


def _fit(taken: TensorInfo, given: TensorInfo) -> bool:
    if taken.shape is None or given.shape is None:
        return taken.shape is given.shape
    pairs = zip(taken.shape, given.shape, strict=False)
    return len(taken.shape) == len(given.shape) and all(a is None or b is None or a == b for a, b in pairs)


def _stem(name: str) -> str:
    return re.sub(_ENDS, "", name.lower())

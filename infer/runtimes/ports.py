"""Which of a graph's inputs and outputs a contract means, and what such an input is fed with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...core import Contract, ContractError
from .adapter import adapter_for
from .base import Tensor
from .interface import interface_of

if TYPE_CHECKING:
    import openvino

__all__ = ["feeder_of", "input_of", "output_of", "require_still"]


def input_of(model: openvino.Model, contract: Contract) -> openvino.Output:
    """Return the input that takes the image: the one that the contract names, or the first that it doesn't name."""
    others = {each.input for each in (*contract.states, *contract.constants)}
    return _named([port for port in model.inputs if not others & port.get_names()], contract.input.name)


def output_of(model: openvino.Model, contract: Contract) -> openvino.Output:
    """Return the output that counts: the one that the contract names, or the first."""
    return _named(model.outputs, contract.output.name)


def feeder_of(model: openvino.Model, contract: Contract, path: Path) -> Callable[[Tensor], NDArray[np.generic]]:
    """Return what makes of one image, (1, C, H, W) float32, what a graph takes: of its type, layout and batch.

    Args:
        model: the graph.
        contract: its own.
        path: of its file, for messages.

    Raises:
        ContractError: the graph takes or gives other than the contract says.
    """
    require_still(contract, path, "compared or quantized")
    adapter = adapter_for(interface_of(model), contract, path)
    return lambda tensor: adapter.feed(np.repeat(tensor, adapter.batch or 1, axis=0))


def require_still(contract: Contract, path: Path, doing: str) -> None:
    """Refuse a network that takes more than an image, where nothing else can be given to it.

    Raises:
        ContractError: it is such a network.
    """
    if contract.states or contract.constants:
        what = "is recurrent" if contract.states else "takes numbers beside the image"
        raise ContractError(
            f"{path}: the network {what}, and such a one can't be {doing} yet; it can be run on images and videos"
        )


def _named(ports: list[openvino.Output], name: str | None) -> openvino.Output:
    return next((port for port in ports if name is not None and name in port.get_names()), ports[0])

"""Which of a graph's inputs and outputs a contract means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import Contract

if TYPE_CHECKING:
    import openvino

__all__ = ["input_of", "output_of"]


def input_of(model: openvino.Model, contract: Contract) -> openvino.Output:
    """Return the input that takes the image: the one that the contract names, or the first."""
    return _named(model.inputs, contract.input.name)


def output_of(model: openvino.Model, contract: Contract) -> openvino.Output:
    """Return the output that counts: the one that the contract names, or the first."""
    return _named(model.outputs, contract.output.name)


def _named(ports: list[openvino.Output], name: str | None) -> openvino.Output:
    return next((port for port in ports if name is not None and name in port.get_names()), ports[0])

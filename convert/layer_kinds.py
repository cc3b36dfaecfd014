"""Kinds of layers of an OpenVINO graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino

__all__ = ["WEIGHTED", "is_constant"]

WEIGHTED = frozenset({"Convolution", "ConvolutionBackpropData", "GroupConvolution", "MatMul"})
"""Layers whose second input is their weights."""


def is_constant(value: openvino.Output) -> bool:
    """Whether a value is known before the network runs: weights, and the steps that widen whole numbers to them."""
    node = value.get_node()
    inputs = node.input_values()
    if not inputs:
        return node.get_type_name() == "Constant"
    # Weights are at most a few steps from their constant; anything else has a long way to the network's input.
    kinds = {"Convert", "Multiply", "Subtract", "FakeQuantize", "Reshape"}
    return node.get_type_name() in kinds and all(is_constant(before) for before in inputs)

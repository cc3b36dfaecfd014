"""What OpenVINO makes of an ONNX file otherwise than ONNX means it, and that can be set right in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import openvino

__all__ = ["mend_graph"]

_FLATTENING = (11, 12)
"""Versions of ONNX's operators whose softmax OpenVINO takes for that of later ones."""


def mend_graph(model: openvino.Model, opset: int | None = None) -> None:
    """Let a graph compute what ONNX means.

    A split of a free length into equal parts gives its last one what is left: OpenVINO's own takes for granted that the
    length can be divided, and where it cannot, what it answers has other shapes, or it dies. Where it can, both give
    the same. Up to opset 12, a softmax is one over its axis and all behind it.

    Args:
        model: that was read.
        opset: of the ONNX file that it is of; None for an IR, of which no one knows.
    """
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind == "Split" and _is_free(node):
            _replace_split(node)
        elif kind == "Softmax" and opset in _FLATTENING and _has_more_behind(node):
            _replace_softmax(node)
        else:
            continue
        model.validate_nodes_and_infer_types()


def _has_more_behind(node: openvino.Node) -> bool:
    shape = node.get_input_partial_shape(0)
    if shape.rank.is_dynamic:
        return False
    behind = list(shape)[int(node.get_attributes()["axis"]) % len(shape) + 1 :]
    return any(side.is_dynamic or side.get_length() != 1 for side in behind)


def _replace_softmax(node: openvino.Node) -> None:
    from openvino import opset13 as ops

    data, rank = node.input_value(0), len(node.get_input_partial_shape(0))
    axes = ops.constant(np.arange(int(node.get_attributes()["axis"]) % rank, rank))
    powers = ops.exp(ops.subtract(data, ops.reduce_max(data, axes, keep_dims=True)))
    _replace(node, ops.divide(powers, ops.reduce_sum(powers, axes, keep_dims=True)))


def _is_free(node: openvino.Node) -> bool:
    axis, shape = node.input_value(1).get_node(), node.get_input_partial_shape(0)
    if axis.get_type_name() != "Constant" or shape.rank.is_dynamic:
        return True
    return shape[int(axis.get_data()) % len(shape)].is_dynamic


def _replace_split(node: openvino.Node) -> None:
    from openvino import opset13 as ops

    data, axis = node.input_value(0), node.input_value(1)
    parts, zero = int(node.get_attributes()["num_splits"]), ops.constant(np.int64(0))
    length = ops.gather(ops.shape_of(data), axis, zero)
    each = ops.divide(ops.add(length, ops.constant(np.int64(parts - 1))), ops.constant(np.int64(parts)))
    rest = ops.constant(np.array([-1], np.int64))
    sizes = ops.concat([*[ops.unsqueeze(each, zero)] * (parts - 1), rest], 0)
    _replace(node, ops.variadic_split(data, axis, sizes))


def _replace(node: openvino.Node, other: openvino.Node) -> None:
    other.set_friendly_name(node.get_friendly_name())
    for old, new in zip(node.outputs(), other.outputs(), strict=True):
        names = old.get_names()
        old.replace(new)
        new.set_names(names)

"""Splits into equal parts of a length that is known only when an image is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import openvino

__all__ = ["mend_splits"]


def mend_splits(model: openvino.Model) -> None:
    """Let each split of a free length give its last part what is left, as ONNX's `num_outputs` means it.

    OpenVINO's own takes for granted that the length can be divided: where it cannot, what it answers has other
    shapes, or it dies. Where it can, both give the same.
    """
    for node in model.get_ops():
        if node.get_type_name() == "Split" and _is_free(node):
            _replace(node)
            model.validate_nodes_and_infer_types()


def _is_free(node: openvino.Node) -> bool:
    axis, shape = node.input_value(1).get_node(), node.get_input_partial_shape(0)
    if axis.get_type_name() != "Constant" or shape.rank.is_dynamic:
        return True
    return shape[int(axis.get_data()) % len(shape)].is_dynamic


def _replace(node: openvino.Node) -> None:
    from openvino import opset13 as ops

    data, axis = node.input_value(0), node.input_value(1)
    parts, zero = int(node.get_attributes()["num_splits"]), ops.constant(np.int64(0))
    length = ops.gather(ops.shape_of(data), axis, zero)
    each = ops.divide(ops.add(length, ops.constant(np.int64(parts - 1))), ops.constant(np.int64(parts)))
    rest = ops.constant(np.array([-1], np.int64))
    split = ops.variadic_split(data, axis, ops.concat([*[ops.unsqueeze(each, zero)] * (parts - 1), rest], 0))
    split.set_friendly_name(node.get_friendly_name())
    for old, new in zip(node.outputs(), split.outputs(), strict=True):
        names = old.get_names()
        old.replace(new)
        new.set_names(names)

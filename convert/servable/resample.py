"""Resizing inside an OpenVINO graph, with the arithmetic of the tools that the contracts name.

OpenVINO rewrites some operators when it compiles a graph, and what takes their place is no longer pinned to f32
(`pinning`). So none of those is used: a division is a product with a reciprocal, a difference a sum, a matrix has as
many axes as what it is multiplied with, `interpolate` is of an older operator set, and single numbers are no constants.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from openvino import Node, opset10, opset13 as ops

from ...core import ResizeFilter

if TYPE_CHECKING:
    from openvino import Output

__all__ = ["Number", "constant", "difference", "numbers", "one", "quotient", "resize", "side"]

Number = Callable[[float], Node]
"""Makes a number that operators of the graph take."""

_REACH: dict[ResizeFilter, float] = {"bilinear_antialias": 1.0, "bicubic_antialias": 2.0, "lanczos": 3.0}


def constant(value: float | list[int] | list[float]) -> Node:
    """Return a constant: float32, or int64 for whole numbers in a list."""
    whole = isinstance(value, list) and all(isinstance(number, int) for number in value)
    return ops.constant(np.array(value, dtype=np.int64 if whole else np.float32))


def one(value: int) -> Node:
    """Return an int64 constant of one element."""
    return constant([value])


def numbers(length: Node) -> Number:
    """Return what makes numbers that are found out when the graph runs, though they are always the same.

    OpenVINO rewrites operators that have a single number as a constant.

    Args:
        length: a length above 0, int64 of one element, that is not known when the graph is compiled.
    """
    known = ops.greater(length, one(0))
    return lambda value: ops.select(known, constant([value]), constant([0.0]))


def quotient(dividend: Node | Output, divisor: Node, number: Number) -> Node:
    """Divide float32 numbers."""
    return ops.multiply(dividend, ops.power(divisor, number(-1.0)))


def difference(term: Node | Output, less: Node | Output, number: Number) -> Node:
    """Subtract float32 numbers."""
    return ops.add(term, ops.multiply(less, number(-1.0)))


def side(image: Node | Output, axis: int) -> Node:
    """Return the length of one axis as an int64 tensor of one element."""
    return ops.gather(ops.shape_of(image, "i64"), one(axis), ops.constant(np.int64(0)))


def resize(image: Node, height: Node, width: Node, filter_: ResizeFilter) -> Node:
    """Resize an image.

    `linear` interpolates between the two nearest pixels of each side. The others multiply with the matrix of Pillow's
    resampling, columns first, and round to whole numbers after each side as Pillow does with 8-bit images. Pillow's
    fixed-point coefficients, and its taking the rows first where that is less work, make one level of difference here
    and there.

    Args:
        image: (1, C, H, W) float32, 0-255, H and W free.
        height: of the result, int64 of one element.
        width: the same.
        filter_: how.

    Returns:
        (1, C, height, width) float32.
    """
    if filter_ == "linear":
        return opset10.interpolate(
            image,
            ops.concat([height, width], 0),
            constant([1.0, 1.0]),
            mode="linear_onnx",
            shape_calculation_mode="sizes",
            coordinate_transformation_mode="half_pixel",
            axes=np.array([2, 3], dtype=np.int64),
        )
    across = _whole(ops.matmul(image, _matrix(side(image, 3), width, filter_), transpose_a=False, transpose_b=True))
    return _whole(ops.matmul(_matrix(side(image, 2), height, filter_), across, transpose_a=False, transpose_b=False))


def _whole(image: Node) -> Node:
    # Pillow rounds halves up.
    return ops.floor(ops.add(ops.clamp(image, 0.0, 255.0), constant(0.5)))


def _matrix(source: Node, target: Node, filter_: ResizeFilter) -> Node:
    """Return the (1, 1, target, source) matrix of Pillow's resampling, whose rows sum to 1."""
    number = numbers(ops.maximum(source, target))
    length, wanted = ops.convert(source, "f32"), ops.convert(target, "f32")
    ratio = quotient(length, wanted, number)
    stretch = ops.maximum(ratio, constant(1.0))
    rows = ops.multiply(ops.add(_counted(target, [1, 1, -1, 1]), number(0.5)), ratio)
    columns = ops.add(_counted(source, [1, 1, 1, -1]), number(0.5))
    distance = quotient(ops.abs(difference(columns, rows, number)), stretch, number)
    weights = ops.select(
        ops.less(distance, constant(_REACH[filter_])), _kernel(distance, filter_, number), constant(0.0)
    )
    return quotient(weights, ops.reduce_sum(weights, one(3), keep_dims=True), number)


def _counted(length: Node, shape: list[int]) -> Node:
    """0, 1, … up to the length, float32, in a shape."""
    zero, step = ops.constant(np.int64(0)), ops.constant(np.int64(1))
    counted = ops.range(zero, ops.squeeze(length, one(0)), step, "i64")
    return ops.convert(ops.reshape(counted, constant(shape), special_zero=False), "f32")


def _kernel(distance: Node, filter_: ResizeFilter, number: Number) -> Node:
    """The filter's value at a distance of 0 or more, within its reach."""
    if filter_ == "bilinear_antialias":
        return difference(number(1.0), distance, number)
    if filter_ == "lanczos":
        return ops.multiply(_sinc(distance, number), _sinc(ops.multiply(distance, number(1 / 3)), number))
    # Cubic convolution with a = -0.5 (Keys, 1981).
    square = ops.multiply(distance, distance)
    cube = ops.multiply(square, distance)
    near = _sum([(1.5, cube), (-2.5, square)], 1.0, number)
    far = _sum([(-0.5, cube), (2.5, square), (-4.0, distance)], 2.0, number)
    return ops.select(ops.less(distance, constant(1.0)), near, far)


def _sum(terms: list[tuple[float, Node]], start: float, number: Number) -> Node:
    total = number(start)
    for factor, node in terms:
        total = ops.add(total, ops.multiply(node, number(factor)))
    return total


def _sinc(x: Node, number: Number) -> Node:
    angle = ops.multiply(x, number(math.pi))
    value = quotient(ops.sin(angle), ops.maximum(angle, constant(1e-6)), number)
    return ops.select(ops.less(x, constant(1e-6)), constant(1.0), value)

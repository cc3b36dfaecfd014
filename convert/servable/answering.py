"""From what a network gives to a mask or an image, as operators of a graph; the same as `infer` does with arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import openvino
from openvino import opset1, opset3, opset10, opset13 as ops

from ...core import Contract, OutputContract
from ...infer import output_of
from .feeding import ImagePlace, Sides, luma_of, rounded
from .resample import Number, constant, difference, one, quotient, side

if TYPE_CHECKING:
    from openvino import Node

__all__ = ["answer_of", "enlarged", "mask_of"]

_WHOLE = np.array([1, 2, 3])
_NEAR_ONE = 1e-3 + 1e-5


def answer_of(network: openvino.Model, contract: Contract) -> Node:
    """Return the output that counts, (1, C, h, w) float32; of class numbers C is 1."""
    port, wanted = output_of(network, contract), contract.output
    answer = port.get_node().input_value(0)
    if port.get_element_type() != openvino.Type.f32:
        answer = ops.convert(answer, "f32")
    axes = len(port.get_partial_shape())
    if axes < 4:
        return ops.unsqueeze(answer, constant([1] if axes == 3 else [0, 1]))
    if wanted.layout == "NHWC":
        return ops.transpose(answer, constant([0, 3, 1, 2]))
    return answer


def mask_of(
    answer: Node, contract: Contract, place: ImagePlace, least_spread: float, number: Number
) -> tuple[Node, Node]:
    """Return the mask at the network's size, (1, 1, h, w) with whole numbers of 0-255, and the confidence.

    Args:
        answer: (1, C, h, w) float32.
        contract: the network's.
        place: how the image lies in what the network saw.
        least_spread: the smallest range of a raw mask that min-max normalisation stretches.
        number: makes numbers.
    """
    wanted, answer = contract.output, _inside(answer, place)
    if wanted.kind == "classes":
        return _classes(answer, wanted, number)
    alpha, spread = _alpha(_activated(answer, wanted), wanted, least_spread, number)
    scaled = ops.multiply(alpha, number(255.0))
    return (ops.floor(scaled) if wanted.rounding == "down" else ops.round(scaled, "half_to_even")), spread


def _inside(answer: Node, place: ImagePlace) -> Node:
    """Leave away what lies around the image; the answer may have another size than the network's input."""
    if place.top is None or place.left is None:
        return answer
    starts: list[Node] = []
    ends: list[Node] = []
    for axis, first, length, whole in (
        (2, place.top, place.inner.height, place.whole.height),
        (3, place.left, place.inner.width, place.whole.width),
    ):
        own = side(answer, axis)
        start = rounded(ops.multiply(first, own), whole)
        end = rounded(ops.multiply(ops.add(first, length), own), whole)
        starts.append(start)
        ends.append(ops.maximum(end, ops.add(start, one(1))))
    return ops.slice(answer, ops.concat(starts, 0), ops.concat(ends, 0), constant([1, 1]), constant([2, 3]))


def _classes(answer: Node, wanted: OutputContract, number: Number) -> tuple[Node, Node]:
    kept = [name in (wanted.foreground or wanted.labels[1:]) for name in wanted.labels]
    if wanted.indices:
        best, confidence = ops.convert(ops.round(answer, "half_to_even"), "i32"), number(1.0)
    else:
        best = opset3.topk(answer, ops.constant(np.int64(1)), 1, "max", "value").output(1)
        confidence = _sureness(answer, wanted)
    subject = ops.gather(ops.constant(np.array(kept, np.float32)), best, ops.constant(np.int64(0)))
    return ops.multiply(subject, number(255.0)), confidence


def _sureness(answer: Node, wanted: OutputContract) -> Node:
    """Return the winner's mean probability: as it is, or by softmax where the answer is one of scores."""
    if wanted.activation == "softmax":
        return _winners(opset1.softmax(answer, 1))
    if wanted.activation == "sigmoid":
        return _winners(ops.sigmoid(answer))
    total = ops.reduce_sum(answer, one(1), keep_dims=True)
    far = ops.reduce_max(ops.abs(ops.add(total, constant([-1.0]))), ops.constant(_WHOLE), keep_dims=True)
    lowest = ops.reduce_min(answer, ops.constant(_WHOLE), keep_dims=True)
    are_shares = ops.logical_and(ops.less_equal(far, constant([_NEAR_ONE])), ops.greater_equal(lowest, constant([0.0])))
    return _winners(ops.select(are_shares, answer, opset1.softmax(answer, 1)))


def _winners(shares: Node) -> Node:
    return ops.reduce_mean(ops.reduce_max(shares, one(1), keep_dims=True), ops.constant(_WHOLE), keep_dims=False)


def _activated(answer: Node, wanted: OutputContract) -> Node:
    """Return the channel that is the subject, activated."""
    if wanted.activation == "softmax":
        answer = opset1.softmax(answer, 1)
    if wanted.channel is not None:
        answer = ops.gather(answer, one(wanted.channel), ops.constant(np.int64(1)))
    return ops.sigmoid(answer) if wanted.activation == "sigmoid" else answer


def _alpha(raw: Node, wanted: OutputContract, least_spread: float, number: Number) -> tuple[Node, Node]:
    if wanted.value_max != 1:
        raw = ops.multiply(raw, constant([1 / wanted.value_max]))
    if wanted.invert:
        raw = difference(number(1.0), raw, number)
    every = ops.constant(_WHOLE)
    low = ops.reduce_min(raw, every, keep_dims=True)
    high = ops.reduce_max(raw, every, keep_dims=True)
    spread = difference(high, low, number)
    # Where even the largest value says background, nothing of it is shown.
    alpha = ops.select(ops.greater_equal(high, constant(0.5)), ops.clamp(raw, 0.0, 1.0), constant(0.0))
    if wanted.min_max:
        stretched = quotient(difference(raw, low, number), ops.maximum(spread, constant(least_spread)), number)
        alpha = ops.select(ops.less(spread, constant(least_spread)), alpha, stretched)
    return alpha, spread


def enlarged(answer: Node, planes: Node, contract: Contract, sides: Sides, colour_order: str) -> Node:
    """Return the enlarged image, (1, scale*H, scale*W, 3) uint8, without what the border was repeated for.

    Args:
        answer: (1, C, h, w) float32.
        planes: the image that was enlarged, (1, 3, h', w') float32, 0-255: of a network of luma the colour is its.
        contract: the network's.
        sides: of the image, without what was repeated.
        colour_order: of the planes and of the result.
    """
    levels = ops.multiply(answer, constant(255.0 / contract.output.value_max))
    if contract.input.colour_order == "Y":
        levels = _coloured(levels, planes, contract, colour_order)
    elif contract.input.colour_order[:3] != colour_order:
        levels = ops.gather(levels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    scale = one(contract.output.scale)
    ends = ops.concat([ops.multiply(sides.height, scale), ops.multiply(sides.width, scale)], 0)
    zeros, ones = ops.constant(np.array([0, 0])), ops.constant(np.array([1, 1]))
    cropped = ops.slice(levels, zeros, ends, ones, ops.constant(np.array([2, 3])))
    whole = ops.convert(ops.round(ops.clamp(cropped, 0.0, 255.0), "half_to_even"), "u8")
    return ops.transpose(whole, ops.constant(np.array([0, 2, 3, 1])))


def _coloured(luma: Node, planes: Node, contract: Contract, colour_order: str) -> Node:
    """Return three channels of 0-255: an enlarged luma, with the small image's colour by cubic interpolation."""
    full = contract.input.model_copy(update={"luma": "full"})
    if contract.input.luma == "studio":
        luma = ops.multiply(ops.add(luma, constant([-16.0])), constant([255 / 219]))
    own = luma_of(planes, full, colour_order)
    colour = ops.add(planes, ops.multiply(own, constant([-1.0])))
    size = ops.concat([side(luma, 2), side(luma, 3)], 0)
    larger = opset10.interpolate(
        colour,
        size,
        constant([1.0, 1.0]),
        mode="cubic",
        shape_calculation_mode="sizes",
        coordinate_transformation_mode="half_pixel",
        cube_coeff=-0.75,
        axes=np.array([2, 3], dtype=np.int64),
    )
    return ops.add(larger, luma)

"""From what a network gives to a mask or an image, as operators of a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import openvino
from openvino import opset1, opset3, opset13 as ops

from ...core import Contract, OutputContract
from ...infer import output_of
from .feeding import Place, Sides
from .resample import Number, constant, difference, one, quotient

if TYPE_CHECKING:
    from openvino import Node

__all__ = ["answer_of", "enlarged", "mask_of"]

_WHOLE = np.array([1, 2, 3])


def answer_of(network: openvino.Model, contract: Contract) -> Node:
    """Return the output that counts, (1, C, h, w) float32; of class indices C is 1, and they are whole numbers."""
    port, wanted = output_of(network, contract), contract.output
    answer = ops.convert(port.get_node().input_value(0), "f32")
    if len(port.get_partial_shape()) == 3:
        return ops.unsqueeze(answer, constant([3 if wanted.layout == "NHWC" else 1]))
    return ops.transpose(answer, constant([0, 3, 1, 2])) if wanted.layout == "NHWC" else answer


def mask_of(
    answer: Node, contract: Contract, place: Place | None, least_spread: float, number: Number
) -> tuple[Node, Node]:
    """Return the mask at the network's size, (1, 1, h, w) with whole numbers of 0-255, and the confidence.

    Args:
        answer: (1, C, h, w) float32.
        contract: the network's.
        place: where the image lies in what the network saw; all of it where None.
        least_spread: the smallest range of a raw mask that min-max normalisation stretches.
        number: makes numbers.
    """
    wanted = contract.output
    if wanted.kind == "classes":
        mask, confidence = _classes(answer, wanted, number)
        return _cut(mask, place), confidence
    alpha, spread = _alpha(_cut(_activated(answer, wanted), place), wanted, least_spread, number)
    scaled = ops.multiply(alpha, number(255.0))
    return (ops.floor(scaled) if wanted.rounding == "down" else ops.round(scaled, "half_to_even")), spread


def _cut(mask: Node, place: Place | None) -> Node:
    """Leave away what lies around the image."""
    if place is None:
        return mask
    starts = ops.concat([place.top, place.left], 0)
    ends = ops.add(starts, ops.concat([place.sides.height, place.sides.width], 0))
    return ops.slice(mask, starts, ends, constant([1, 1]), constant([2, 3]))


def _classes(answer: Node, wanted: OutputContract, number: Number) -> tuple[Node, Node]:
    kept = [label in wanted.foreground if wanted.foreground else place > 0 for place, label in enumerate(wanted.labels)]
    if wanted.indices:
        best = ops.convert(answer, "i32")
        confidence = number(1.0)
    else:
        probabilities = opset1.softmax(answer, 1)
        confidence = ops.reduce_mean(
            ops.reduce_max(probabilities, one(1), keep_dims=True), ops.constant(_WHOLE), keep_dims=False
        )
        best = opset3.topk(answer, ops.constant(np.int64(1)), 1, "max", "value").output(1)
    subject = ops.gather(ops.constant(np.array(kept, np.float32)), best, ops.constant(np.int64(0)))
    return ops.multiply(subject, number(255.0)), confidence


def _activated(answer: Node, wanted: OutputContract) -> Node:
    if wanted.activation == "softmax":
        answer = opset1.softmax(answer, 1)
    if wanted.channel is not None:
        answer = ops.gather(answer, constant([wanted.channel]), ops.constant(np.int64(1)))
    return ops.sigmoid(answer) if wanted.activation == "sigmoid" else answer


def _alpha(raw: Node, wanted: OutputContract, least_spread: float, number: Number) -> tuple[Node, Node]:
    if wanted.value_max != 1:
        raw = ops.multiply(raw, constant([1 / wanted.value_max]))
    if wanted.invert:
        raw = difference(number(1.0), raw, number)
    every = ops.constant(_WHOLE)
    low = ops.reduce_min(raw, every, keep_dims=True)
    spread = difference(ops.reduce_max(raw, every, keep_dims=True), low, number)
    alpha = ops.clamp(raw, 0.0, 1.0)
    if wanted.min_max:
        stretched = quotient(difference(raw, low, number), ops.maximum(spread, constant(least_spread)), number)
        alpha = ops.select(ops.less(spread, constant(least_spread)), alpha, stretched)
    return alpha, spread


def enlarged(answer: Node, contract: Contract, sides: Sides, colour_order: str) -> Node:
    """Return the enlarged image, (1, scale*H, scale*W, 3) uint8, without what the border was repeated for."""
    scale = one(contract.output.scale)
    ends = ops.concat([ops.multiply(sides.height, scale), ops.multiply(sides.width, scale)], 0)
    cropped = ops.slice(answer, constant([0, 0]), ends, constant([1, 1]), constant([2, 3]))
    levels = ops.multiply(cropped, constant(255.0 / contract.output.value_max))
    if contract.input.colour_order != colour_order:
        levels = ops.gather(levels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    whole = ops.convert(ops.round(ops.clamp(levels, 0.0, 255.0), "half_to_even"), "u8")
    return ops.transpose(whole, ops.constant(np.array([0, 2, 3, 1])))

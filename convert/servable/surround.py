"""Put what a contract says around its network, as operators of the same graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

import numpy as np
import openvino
from openvino import opset1, opset3, opset13 as ops

from ...core import Contract
from .package_manifest import ALPHA, CONFIDENCE, IMAGE, UPSCALED
from .resample import Number, constant, difference, numbers, one, quotient, resize, side

if TYPE_CHECKING:
    from openvino import Node, Output

__all__ = ["SURROUNDING", "pin_surrounding", "surround"]

SURROUNDING = "surrounding/"
"""Start of the names of all operators that are not the network's own."""

_INSIDE = "mattekit_network"
_NO_OPERATORS = frozenset({"Parameter", "Result"})


def surround(
    network: openvino.Model, contract: Contract, *, least_spread: float, colour_order: Literal["RGB", "BGR"] = "RGB"
) -> openvino.Model:
    """Return a model that takes and gives 8-bit pixels, whatever the image's size.

    Its input is `image`, (1, H, W, 3) uint8. A segmentation network gives `alpha`, (1, H, W, 1) uint8, and
    `confidence`, (1,) float32: the range of the raw mask, or of a network of classes the winner's mean probability. A
    network of classes keeps all but its background. A super-resolution network gives `upscaled`,
    (1, scale*H, scale*W, 3) uint8; the image is not cut into tiles, so memory grows with it. The names of all that
    is put around the network start with `SURROUNDING`.

    Args:
        network: with one input (1, 3, h, w), float32; taken apart.
        contract: the network's.
        least_spread: the smallest range of a raw mask that min-max normalisation stretches.
        colour_order: of the pixels, in and out; BGR is OpenCV's.
    """
    import openvino

    for node in network.get_ops():
        node.get_rt_info()[_INSIDE] = 1
    entry = network.inputs[0].get_node()
    image = ops.parameter([1, -1, -1, 3], np.uint8, name=IMAGE)
    image.output(0).set_names({IMAGE})
    image.set_layout(openvino.Layout("NHWC"))
    planes = ops.transpose(ops.convert(image, "f32"), ops.constant(np.array([0, 3, 1, 2])))
    height, width = side(planes, 2), side(planes, 3)
    number = numbers(height)
    if contract.output.kind == "image":
        prepared = _padded(planes, height, width, contract)
        network.reshape([1, 3, -1, -1])
    else:
        # The contract of a segmentation network always has a size.
        rows, columns = contract.input.height or 0, contract.input.width or 0
        prepared = resize(planes, one(rows), one(columns), contract.input.resize)
        network.reshape([1, 3, rows, columns])
    prepared = _normalised(prepared, contract, number, flip=contract.input.colour_order != colour_order)
    for consumer in list(entry.output(0).get_target_inputs()):
        consumer.replace_source_output(prepared.output(0))
    answer = network.outputs[0].get_node().input_value(0)
    if contract.output.kind == "image":
        results = [_named(_pixels(answer, contract, height, width, colour_order), UPSCALED)]
    else:
        mask, confidence = _mask(answer, contract, least_spread, number)
        alpha = resize(mask, height, width, contract.output.resize)
        alpha = ops.convert(ops.clamp(ops.round(alpha, "half_to_even"), 0.0, 255.0), "u8")
        results = [_named(ops.transpose(alpha, ops.constant(np.array([0, 2, 3, 1]))), ALPHA)]
        results.append(_named(ops.reshape(confidence, one(1), special_zero=False), CONFIDENCE))
    # The stub of the constructor knows only the extension class underneath.
    whole = openvino.Model(results, [image], network.get_friendly_name())  # pyright: ignore[reportGeneralTypeIssues]
    _name_surrounding(whole)
    return whole


def pin_surrounding(path: Path) -> int:
    """Pin all that `surround` put around a network, and return how many operators that are.

    A device that would compute in bf16 or f16 then leaves them in f32. The mark is an attribute of OpenVINO's own,
    which Python can only give to a graph by way of its file.

    Args:
        path: the `.xml` file, written by us just now; replaced.
    """
    tree = ET.parse(path)  # noqa: S314
    pinned = 0
    for layer in tree.iterfind("layers/layer"):
        if layer.get("name", "").startswith(SURROUNDING) and layer.get("type") not in _NO_OPERATORS:
            info = layer.find("rt_info")
            if info is None:
                info = ET.SubElement(layer, "rt_info")
            ET.SubElement(info, "attribute", {"name": "precise", "version": "0"})
            pinned += 1
    tree.write(path, encoding="unicode", xml_declaration=True)
    return pinned


def _name_surrounding(model: openvino.Model) -> None:
    """Name all that is not the network's by its position, and take the network's marks away."""
    for position, node in enumerate(model.get_ordered_ops()):
        marks = node.get_rt_info()
        if _INSIDE in marks:
            del marks[_INSIDE]
        elif node.get_type_name() not in _NO_OPERATORS:
            node.set_friendly_name(f"{SURROUNDING}{node.get_type_name()}_{position}")


def _named(node: Node, name: str) -> Node:
    result = ops.result(node)
    result.set_friendly_name(name)
    result.output(0).set_names({name})
    return result


def _normalised(pixels: Node, contract: Contract, number: Number, *, flip: bool) -> Node:
    wanted = contract.input
    if flip:
        pixels = ops.gather(pixels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    std = np.array(wanted.std, dtype=np.float32).reshape(1, 3, 1, 1)
    shift = np.array(wanted.mean, dtype=np.float32).reshape(1, 3, 1, 1) / std
    if wanted.divide_by == "image_max":
        largest = ops.reduce_max(pixels, ops.constant(np.array([1, 2, 3])), keep_dims=True)
        scaled = quotient(pixels, ops.multiply(ops.maximum(largest, constant(1e-6)), ops.constant(std)), number)
    else:
        scaled = ops.multiply(pixels, ops.constant(1 / (np.float32(wanted.divide_by) * std)))
    return ops.add(scaled, ops.constant(-shift))


def _padded(planes: Node, height: Node, width: Node, contract: Contract) -> Node:
    """Repeat the lower and right border up to what the network takes."""
    if contract.input.multiple == contract.input.min_side == 1:
        return planes
    missing = [ops.subtract(_rounded_up(length, contract), length) for length in (height, width)]
    ends = ops.concat([ops.constant(np.array([0, 0], dtype=np.int64)), *missing], 0)
    # The value, which no edge needs, is given: OpenVINO would add one when it writes the graph, named from a counter.
    return opset1.pad(planes, ops.constant(np.zeros(4, dtype=np.int64)), ends, "edge", constant(0.0))


def _rounded_up(length: Node, contract: Contract) -> Node:
    multiple = one(contract.input.multiple)
    enough = ops.maximum(length, one(contract.input.min_side))
    steps = ops.divide(ops.add(enough, one(contract.input.multiple - 1)), multiple)
    return ops.multiply(steps, multiple)


def _mask(answer: Output, contract: Contract, least_spread: float, number: Number) -> tuple[Node, Node]:
    """Return the mask at the network's size, (1, 1, h, w) with whole numbers of 0-255, and the confidence."""
    wanted = contract.output
    if wanted.kind == "classes":
        probabilities = opset1.softmax(answer, 1)
        confidence = ops.reduce_mean(
            ops.reduce_max(probabilities, one(1), keep_dims=True), ops.constant(np.array([1, 2, 3])), keep_dims=False
        )
        best = opset3.topk(answer, ops.constant(np.int64(1)), 1, "max", "value").output(1)
        subject = ops.convert(ops.greater(best, ops.constant(np.int32(0))), "f32")
        return ops.multiply(subject, number(255.0)), confidence
    raw = ops.sigmoid(answer) if wanted.activation == "sigmoid" else answer
    if wanted.invert:
        raw = difference(number(1.0), raw, number)
    every = ops.constant(np.array([1, 2, 3]))
    low = ops.reduce_min(raw, every, keep_dims=True)
    spread = difference(ops.reduce_max(raw, every, keep_dims=True), low, number)
    alpha = ops.clamp(raw, 0.0, 1.0)
    if wanted.min_max:
        stretched = quotient(difference(raw, low, number), ops.maximum(spread, constant(least_spread)), number)
        alpha = ops.select(ops.less(spread, constant(least_spread)), alpha, stretched)
    scaled = ops.multiply(alpha, number(255.0))
    return (ops.floor(scaled) if wanted.rounding == "down" else ops.round(scaled, "half_to_even")), spread


def _pixels(answer: Output, contract: Contract, height: Node, width: Node, colour_order: str) -> Node:
    scale = one(contract.output.scale)
    ends = ops.concat([ops.multiply(height, scale), ops.multiply(width, scale)], 0)
    zeros, ones = ops.constant(np.array([0, 0])), ops.constant(np.array([1, 1]))
    cropped = ops.slice(answer, zeros, ends, ones, ops.constant(np.array([2, 3])))
    levels = ops.multiply(cropped, constant(255.0 / contract.output.value_max))
    if contract.input.colour_order != colour_order:
        levels = ops.gather(levels, ops.constant(np.array([2, 1, 0])), ops.constant(np.int64(1)))
    whole = ops.convert(ops.round(ops.clamp(levels, 0.0, 255.0), "half_to_even"), "u8")
    return ops.transpose(whole, ops.constant(np.array([0, 2, 3, 1])))

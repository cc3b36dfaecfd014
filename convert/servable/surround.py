"""Put what a contract says around its network, as operators of the same graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import openvino
from openvino import opset13 as ops, passes

from ...core import Contract, ModelError, last_line
from ...infer import input_of, output_of
from ..full_precision import keep_in_f32
from .answering import answer_of, enlarged, mask_of
from .feeding import Sides, as_stored, fed, padded, placed
from .package_manifest import ALPHA, CONFIDENCE, IMAGE, SCORES, UPSCALED
from .resample import numbers, one, resize, side

if TYPE_CHECKING:
    from openvino import Node, Output

__all__ = ["SURROUNDING", "pin_surrounding", "surround"]

SURROUNDING = "surrounding/"
"""Start of the names of all operators that are not the network's own."""

_INSIDE = "mattekit_network"
_NO_OPERATORS = frozenset({"Parameter", "Result"})


def surround(
    network: openvino.Model,
    contract: Contract,
    *,
    least_spread: float,
    colour_order: Literal["RGB", "BGR"] = "RGB",
    size: tuple[int, int] | None = None,
    scores: bool = False,
) -> openvino.Model:
    """Return a model that takes and gives 8-bit pixels, whatever the image's size.

    Its input is `image`, (1, H, W, 3) uint8. A segmentation network gives `alpha`, (1, H, W, 1) uint8, and
    `confidence`, (1,) float32: the range of the raw mask, or of a network of classes the winner's mean probability. A
    network of classes keeps what its contract calls foreground. A super-resolution network gives `upscaled`,
    (1, scale*H, scale*W, 3) uint8; the image is not cut into tiles, so memory grows with it. A network of four channels
    gets an opaque image. The names of all that is put around the network start with `SURROUNDING`.

    Args:
        network: whose input and output are what its contract says; taken apart.
        contract: the network's.
        least_spread: the smallest range of a raw mask that min-max normalisation stretches.
        colour_order: of the pixels, in and out; BGR is OpenCV's.
        size: height and width of the images; all sizes in the graph are then fixed, as some devices need it.
        scores: a segmentation network gives one output, `scores`, (1, 2, H, W) float32: what is left of `alpha`, and
            `alpha`, as shares of one.

    Raises:
        ModelError: a super-resolution network takes a fixed size alone, or sizes stay free that are to be fixed.
    """
    for node in network.get_ops():
        node.get_rt_info()[_INSIDE] = 1
    wanted = contract.input
    image = ops.parameter([1, -1, -1, 3], np.uint8, name=IMAGE)
    image.output(0).set_names({IMAGE})
    image.set_layout(openvino.Layout("NHWC"))
    planes = ops.transpose(ops.convert(image, "f32"), ops.constant(np.array([0, 3, 1, 2])))
    sides = Sides(side(planes, 2), side(planes, 3))
    number = numbers(sides.height)
    place = placed(sides, wanted)
    if contract.output.kind == "image":
        planes, tensor = padded(planes, sides, wanted, number, colour_order)
    else:
        tensor = fed(planes, place, wanted, number, colour_order)
    prepared = as_stored(tensor, wanted)
    entry = input_of(network, contract)
    _reshape(network, entry, contract)
    for consumer in list(entry.get_target_inputs()):
        consumer.replace_source_output(prepared.output(0))
    answer = answer_of(network, contract)
    if contract.output.kind == "image":
        results = [_named(enlarged(answer, planes, contract, sides, colour_order), UPSCALED)]
    else:
        mask, confidence = mask_of(answer, contract, place, least_spread, number)
        alpha = resize(mask, sides.height, sides.width, contract.output.resize)
        alpha = ops.clamp(ops.round(alpha, "half_to_even"), 0.0, 255.0)
        if scores:
            subject = ops.divide(alpha, number(255.0))
            results = [_named(ops.concat([ops.subtract(number(1.0), subject), subject], 1), SCORES)]
        else:
            opacity = ops.transpose(ops.convert(alpha, "u8"), ops.constant(np.array([0, 2, 3, 1])))
            results = [_named(opacity, ALPHA)]
            results.append(_named(ops.reshape(confidence, one(1), special_zero=False), CONFIDENCE))
    # The stub of the constructor knows only the extension class underneath.
    whole = openvino.Model(results, [image], network.get_friendly_name())  # pyright: ignore[reportGeneralTypeIssues]
    if size is not None:
        _fix(whole, size)
    _name_surrounding(whole)
    return whole


def _fix(model: openvino.Model, size: tuple[int, int]) -> None:
    """Give a surrounded network one size of images, and compute what follows from that alone."""
    reason = ""
    try:
        model.reshape({IMAGE: openvino.PartialShape([1, *size, 3])})
        folding = passes.Manager()
        folding.register_pass(passes.ConstantFolding())
        folding.run_passes(model)
    except RuntimeError as error:
        reason = last_line(error)
    free = [
        node for node in model.get_ordered_ops() if any(out.get_partial_shape().is_dynamic for out in node.outputs())
    ]
    if reason or free:
        raise ModelError(
            f"{model.get_friendly_name()}: sizes in it stay free for images of {size[0]}x{size[1]} "
            f"({reason or free[0].get_friendly_name()}); write it anew with a fixed size, or leave --size out"
        )


def _reshape(network: openvino.Model, entry: Output, contract: Contract) -> None:
    """Give the network the sizes that it gets: one image, and what the contract says, or whatever comes."""
    wanted = contract.input
    enlarges = contract.output.kind == "image"
    height, width = (-1, -1) if enlarges else (wanted.height or -1, wanted.width or -1)
    reason = ""
    try:
        if entry.get_partial_shape() != openvino.PartialShape(list(wanted.shape(1, height, width))):
            network.reshape({entry: openvino.PartialShape(list(wanted.shape(1, height, width)))})
    except RuntimeError as error:
        reason = last_line(error)
    given = output_of(network, contract).get_partial_shape()
    # A graph may hold sizes in its middle that no reshape finds.
    if enlarges and all(given[axis].is_static for axis in (1, 2, 3)):
        reason = f"its answers are {given}, whatever it is given"
    if reason:
        mend = "a free height and width" if enlarges else "a batch of 1"
        raise ModelError(
            f"{network.get_friendly_name()}: it cannot be packaged: the network does not take "
            f"{'images of any size' if enlarges else 'one image at a time'} ({reason}); write it anew with {mend}"
        )


def pin_surrounding(path: Path, *, network: bool = False) -> int:
    """Pin all that `surround` put around a network, and return how many operators that are.

    A device that would compute in bf16 or f16 then leaves them in f32.

    Args:
        path: the `.xml` file, written by us just now; replaced.
        network: pin the network too, for a program that can't ask its device for f32.
    """
    chosen = (lambda _: True) if network else (lambda name: name.startswith(SURROUNDING))
    return keep_in_f32(path, chosen)


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

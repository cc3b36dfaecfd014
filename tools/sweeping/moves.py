"""Operators that move values, or choose among them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from sweeping.case import Array, Case, real, whole

__all__ = ["choices", "moves"]


def moves(image: Array, noise: Any) -> Iterator[Case]:
    for mode, pads in product(
        ("constant", "reflect", "edge", "wrap"), ([0, 0, 1, 2, 0, 0, 2, 1], [0, 0, -1, 1, 0, 0, 1, -2])
    ):
        since = 19 if mode == "wrap" else 11
        if mode != "wrap":
            yield Case("Pad", (image,), attributes={"mode": mode, "pads": pads}, since=2, until=10)
        yield Case("Pad", (image,), (whole(*pads),), {"mode": mode}, since=since)
        yield Case("Pad", (image,), (whole(*pads), np.float32(0.7)), {"mode": mode}, since=since)
        yield Case("Pad", (image,), (whole(*pads[2:4], *pads[6:]), None, whole(2, 3)), {"mode": mode}, since=18)
    yield Case("Pad", (image,), attributes={"pads": [0, 0, 1, 2, 0, 0, 2, 1], "value": 0.6}, since=2, until=10)
    for starts, ends, axes, steps in (
        ((1, 2), (5, 8), (2, 3), (1, 1)),
        ((-3, -4), (100, -1), (2, 3), (1, 1)),
        ((6, 8), (-100, -100), (2, 3), (-1, -2)),
        ((0, 1), (7, 9), (2, 3), (2, 2)),
        ((1,), (-1,), (-1,), (1,)),
    ):
        given = (whole(*starts), whole(*ends), whole(*axes), whole(*steps))
        yield Case("Slice", (image,), given, since=10)
        if set(steps) == {1}:
            old = {"starts": list(starts), "ends": list(ends), "axes": list(axes)}
            yield Case("Slice", (image,), attributes=old, until=9)
    for axis in (1, -1, 0):
        yield Case("Concat", (image, image + 1), attributes={"axis": axis}, since=4)
    yield Case("Split", (image,), attributes={"axis": 1, "split": [1, 3]}, outputs=2, since=2, until=12)
    yield Case("Split", (image,), (whole(1, 3),), {"axis": 1}, outputs=2, since=13)
    yield Case("Split", (image,), attributes={"axis": 1}, outputs=2, since=2, until=17)
    for axis, parts in ((-1, 2), (2, 3), (-2, 7), (1, 2)):
        yield Case("Split", (image,), attributes={"axis": axis, "num_outputs": parts}, outputs=parts, since=18)
    yield Case("Transpose", (image,), attributes={"perm": [0, 2, 3, 1]})
    yield Case("Transpose", (image,))
    for shape in ((0, -1, 9), (1, 2, 2, 7, 9), (-1,)):
        yield Case("Reshape", (image,), (whole(*shape),), since=5)
    yield Case("Reshape", (image,), (whole(4, -1),), {"allowzero": 1}, since=14)
    for axis in (0, 1, 2, -1):
        yield Case("Flatten", (image,), attributes={"axis": axis}, since=11)
    yield Case("Squeeze", (image,), attributes={"axes": [0]}, until=12)
    yield Case("Squeeze", (image,), (whole(0),), since=13)
    yield Case("Squeeze", (image,))
    yield Case("Unsqueeze", (image,), attributes={"axes": [0, 2]}, until=12)
    yield Case("Unsqueeze", (image,), (whole(0, -1),), since=13)
    yield Case("Expand", (noise(4, 1, 1),), (whole(2, 4, 7, 9),), since=8)
    yield Case("Expand", (noise(4, 7, 1),), (whole(1, 1),), since=8)
    yield Case("Tile", (image,), (whole(1, 2, 1, 3),), since=6)
    for block, mode in product((2,), ("DCR", "CRD")):
        yield Case("DepthToSpace", (noise(1, 8, 3, 5),), attributes={"blocksize": block, "mode": mode}, since=11)
    yield Case("DepthToSpace", (noise(1, 8, 3, 5),), attributes={"blocksize": 2}, until=10)
    yield Case("SpaceToDepth", (noise(1, 2, 4, 6),), attributes={"blocksize": 2})
    for axis in (0, 1, 3):
        yield Case("Gather", (image,), (whole(0, -1),), {"axis": axis if axis != 0 else 2}, since=11)
    yield Case("GatherElements", (image,), (np.zeros((1, 4, 7, 2), np.int64) - 1,), {"axis": 3}, since=11)
    yield Case("GatherND", (image,), (whole(0, 1, 0, -1).reshape(2, 2),), since=11)
    yield Case("GatherND", (image,), (whole(1, 2).reshape(1, 1, 2),), {"batch_dims": 1}, since=12)
    for reduction in ("none", "add", "mul", "max", "min"):
        since = {"none": 11, "add": 16, "mul": 16}.get(reduction, 18)
        named = {} if reduction == "none" else {"reduction": reduction}
        places, updates = whole(0, 1, 0, 2).reshape(2, 2), noise(2, 7, 9)
        yield Case("ScatterND", (image,), (places, updates), named, since=since)
        where = np.array([[[[0, -1]] * 7] * 4], np.int64)
        yield Case("ScatterElements", (image,), (where, noise(1, 4, 7, 2)), named | {"axis": 3}, since=since)
    yield Case("OneHot", (np.array([[0, 2], [1, -1]], np.int64),), (np.int64(3), real(0, 1)), {"axis": 1}, since=11)
    for inner in ({}, {"start": 1}, {"start": -2, "end": 4}):
        yield Case("Shape", (image,), attributes=inner, since=15 if inner else 1)
    yield Case("Size", (image,))
    yield Case("ConstantOfShape", (whole(2, 3),), since=9)
    yield Case("Range", (np.int64(1), np.int64(9), np.int64(3)), since=11)
    yield Case("NonZero", (np.round(image),), since=9)
    yield Case("ReverseSequence", (noise(4, 3),), (whole(2, 3, 4),), {"batch_axis": 1, "time_axis": 0}, since=10)
    yield Case("Compress", (image,), (np.array([True, False, True, True]),), {"axis": 1}, since=11)


def choices(image: Array, noise: Any) -> Iterator[Case]:
    for axis, largest in product((1, -1), (0, 1)):
        common = {"axis": axis, "largest": largest}
        yield Case("TopK", (image,), (whole(2),), common | {"sorted": 1}, outputs=2, since=11)
    for p in (0, 1):
        yield Case("IsInf", (np.where(image > p, np.float32(np.inf), -image),), since=10)
    yield Case("BitShift", (np.arange(8, dtype=np.uint8),), (np.array([2], np.uint8),), {"direction": "LEFT"}, since=11)
    query, key, value = noise(1, 2, 5, 8), noise(1, 2, 6, 8), noise(1, 2, 6, 8)
    yield Case("Attention", (query, key, value), since=23)

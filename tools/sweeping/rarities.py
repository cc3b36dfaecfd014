"""Operators that few networks of images use: recurrent layers, transforms, bits, windows put together again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from sweeping.case import Array, Case, real, whole

__all__ = ["rarities"]


def rarities(image: Array, noise: Any) -> Iterator[Case]:
    """Yield them; `noise` makes an array of a shape."""
    for kind, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
        for direction, outputs in product(("forward", "reverse", "bidirectional"), (1, 2)):
            ways = 2 if direction == "bidirectional" else 1
            weights = (noise(ways, gates * 5, 4), noise(ways, gates * 5, 5), noise(ways, gates * 10))
            attributes = {"direction": direction, "hidden_size": 5}
            yield Case(kind, (noise(6, 2, 4),), weights, attributes, outputs=outputs, since=7)
            if kind == "GRU":
                yield Case(kind, (noise(6, 2, 4),), weights, attributes | {"linear_before_reset": 1}, since=7)
            yield Case(kind, (noise(6, 2, 4),), (*weights, np.array([6, 3], np.int32)), attributes, since=7)
    signal = noise(1, 8, 1)
    for inverse, onesided in ((0, 0), (0, 1), (1, 0)):
        given = noise(1, 8, 2) if inverse else signal
        attributes = {"inverse": inverse, "onesided": onesided}
        yield Case("DFT", (given,), (), attributes | {"axis": 1}, since=17, until=19)
        yield Case("DFT", (given,), (None, np.int64(1)), attributes, since=20)
    for kind in ("HannWindow", "HammingWindow", "BlackmanWindow"):
        yield Case(kind, (np.int64(10),), attributes={"periodic": 0}, since=17)
    bits = np.arange(24, dtype=np.int32).reshape(2, 12)
    for kind in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield Case(kind, (bits, bits[::-1].copy()), since=18)
    yield Case("BitwiseNot", (bits,), since=18)
    for steps, dilations in (([1, 1], [1, 1]), ([2, 2], [1, 1]), ([1, 1], [2, 2])):
        reach = [
            (side - dilation * 2 - 1) // step + 1 for side, step, dilation in zip((7, 9), steps, dilations, strict=True)
        ]
        blocks = noise(1, 18, reach[0] * reach[1])
        attributes = {"strides": steps, "dilations": dilations}
        yield Case("Col2Im", (blocks,), (whole(7, 9), whole(3, 3)), attributes, since=18)
    for target in ((5, 11), (10, 4)):
        yield Case("CenterCropPad", (image,), (whole(*target),), {"axes": [2, 3]}, since=18)
    for kind in ("Sum", "Max", "Min", "Mean"):
        yield Case(kind, (image, noise(4, 1, 1), noise(9)), since=8)
    yield Case("CastLike", (image * 9,), (np.int64(1),), since=15)
    yield Case("EyeLike", (image[0, 0],), attributes={"k": 1}, since=9)
    yield Case("Det", (noise(2, 3, 3),), since=11)
    boxes = np.sort(np.abs(noise(1, 6, 2, 2)), 2).transpose(0, 1, 2, 3).reshape(1, 6, 4)
    yield Case(
        "NonMaxSuppression", (boxes, np.abs(noise(1, 2, 6))), (np.int64(3), np.float32(0.5), np.float32(0.1)), since=11
    )
    for storage in (0, 1):
        attributes = {"kernel_shape": [2, 2], "strides": [2, 2], "storage_order": storage}
        yield Case("MaxPool", (image,), attributes=attributes, outputs=2, since=8)
    yield Case("MaxRoiPool", (image, real(0, 0, 0, 5, 5).reshape(1, 5)), attributes={"pooled_shape": [2, 2]})
    yield Case("TopK", (image,), attributes={"axis": 1, "k": 2}, outputs=2, until=9)
    yield Case("Unique", (np.round(image),), since=11)
    for axis in (0, 1, 2, 3):
        yield Case("Softmax", (image,), attributes={"axis": axis}, until=12)
    yield Case("GatherND", (image,), (whole(0, -1).reshape(2, 1),), {"batch_dims": 0}, since=12)
    yield Case("Reshape", (image,), (whole(-1, 0, 7, 9),), since=5)

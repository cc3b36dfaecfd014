"""Operators that look at windows of an image, or give it another size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from sweeping.case import Array, Case, real, whole

__all__ = ["convolutions", "pools", "sizes"]


def convolutions(noise: Any) -> Iterator[Case]:
    image = noise(1, 4, 9, 11)
    for group, dilation, stride in product((1, 2, 4), (1, 2), (1, 2)):
        common = {"group": group, "dilations": [dilation] * 2, "strides": [stride] * 2}
        weights, bias = noise(8, 4 // group, 3, 3), noise(8)
        for pads in ([1, 1, 1, 1], [0, 1, 2, 0]):
            yield Case("Conv", (image,), (weights, bias), common | {"pads": pads, "kernel_shape": [3, 3]})
        for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
            yield Case("Conv", (image,), (weights,), common | {"auto_pad": auto})
    yield Case("Conv", (noise(1, 4, 9),), (noise(8, 4, 3), noise(8)), {"pads": [1, 1]})
    for group, dilation, stride in product((1, 2, 4), (1, 2), (1, 2, 3)):
        common = {"group": group, "dilations": [dilation] * 2, "strides": [stride] * 2}
        weights, bias = noise(4, 8 // group, 3, 3), noise(8)
        for pads, more in product(([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]), ([0, 0], [1, 1], [1, 0])):
            if max(more) < stride:
                yield Case("ConvTranspose", (image,), (weights, bias), common | {"pads": pads, "output_padding": more})
        for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
            yield Case("ConvTranspose", (image,), (weights,), common | {"auto_pad": auto})
        for auto in ("NOTSET", "SAME_UPPER", "SAME_LOWER"):
            shape = [9 * stride, 11 * stride]
            yield Case("ConvTranspose", (image,), (weights,), common | {"auto_pad": auto, "output_shape": shape})
    yield Case("ConvTranspose", (noise(1, 4, 9),), (noise(4, 8, 3), noise(8)), {"strides": [2]})
    yield Case("MatMul", (noise(2, 3, 5),), (noise(5, 4),))
    yield Case("MatMul", (noise(5),), (noise(5, 4),))
    yield Case("MatMul", (noise(2, 1, 3, 5), noise(4, 5, 2)))
    for a, b, alpha, beta in product((0, 1), (0, 1), (1.0, 0.5), (1.0, 0.3)):
        one = noise(5, 3) if a else noise(3, 5)
        two = noise(4, 5) if b else noise(5, 4)
        yield Case("Gemm", (one,), (two, noise(4)), {"transA": a, "transB": b, "alpha": alpha, "beta": beta}, since=7)
    for equation in ("bchw,bcd->bdhw", "bchw,bchw->bhw", "bchw->bc", "bcij,bcjk->bcik"):
        first = noise(1, 4, 5, 5)
        second = {"bchw,bcd->bdhw": noise(1, 4, 3), "bchw->bc": None}.get(equation, noise(1, 4, 5, 5))
        yield Case("Einsum", (first,) if second is None else (first, second), (), {"equation": equation}, since=12)
    flow = np.clip(noise(1, 5, 6, 2), -1.4, 1.4)
    for mode, padding, corners in product(
        ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (0, 1)
    ):
        attributes = {"padding_mode": padding, "align_corners": corners}
        yield Case("GridSample", (image, flow), (), attributes | {"mode": mode}, since=16, until=19)
        newer = {"bilinear": "linear", "bicubic": "cubic"}.get(mode, mode)
        yield Case("GridSample", (image, flow), (), attributes | {"mode": newer}, since=20)
    boxes = real(0.5, 0.7, 7.1, 6.2, 1.0, 2.0, 5.0, 8.0).reshape(2, 4)
    for mode, ratio, coordinates in product(("avg", "max"), (0, 2), ("half_pixel", "output_half_pixel")):
        attributes = {"mode": mode, "output_height": 3, "output_width": 4, "sampling_ratio": ratio}
        yield Case("RoiAlign", (image, boxes), (whole(0, 0),), attributes, since=10, until=15)
        kept = attributes | {"coordinate_transformation_mode": coordinates}
        yield Case("RoiAlign", (image, boxes), (whole(0, 0),), kept, since=16)
    for corners in (0, 1):
        yield Case("AffineGrid", (noise(1, 2, 3),), (whole(1, 3, 4, 5),), {"align_corners": corners}, since=20)
    offset = noise(1, 18, 7, 9)
    yield Case("DeformConv", (image, noise(8, 4, 3, 3), offset), (), {"kernel_shape": [3, 3]}, since=19)


def pools(image: Array) -> Iterator[Case]:
    for kind, ceil, stride, pads in product(
        ("MaxPool", "AveragePool"), (0, 1), ([2, 2], [3, 2]), ([0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 1])
    ):
        common = {"kernel_shape": [3, 3], "strides": stride, "pads": pads, "ceil_mode": ceil}
        if kind == "MaxPool":
            yield Case(kind, (image,), attributes=common, since=10)
            yield Case(kind, (image,), attributes=common | {"dilations": [2, 1]}, since=10)
            yield Case(kind, (image,), attributes=common, outputs=2, since=10)
        else:
            for counted in (0, 1):
                yield Case(kind, (image,), attributes=common | {"count_include_pad": counted}, since=10)
            yield Case(kind, (image,), attributes=common | {"dilations": [2, 1]}, since=19)
    for kind, auto in product(("MaxPool", "AveragePool", "LpPool"), ("SAME_UPPER", "SAME_LOWER", "VALID")):
        yield Case(kind, (image,), attributes={"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": auto})
    for kind in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
        yield Case(kind, (image,))
    for p in (1, 2, 3):
        yield Case("LpPool", (image,), attributes={"kernel_shape": [3, 3], "strides": [2, 2], "p": p})
        yield Case("GlobalLpPool", (image,), attributes={"p": p})


def sizes(image: Array) -> Iterator[Case]:
    height, width = image.shape[2:]
    empty = np.zeros(0, np.float32)
    for mode, (down, across) in product(("nearest", "linear"), ((2.0, 2.0), (1.5, 3.0))):
        yield Case("Upsample", (image,), (real(1, 1, down, across),), {"mode": mode}, since=9, until=9)
        yield Case("Resize", (image,), (real(1, 1, down, across),), {"mode": mode}, since=10, until=10)
    modes = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")
    targets = ((14, 18), (13, 20), (4, 5), (1, 3))
    for coordinates, target in product(modes, targets):
        sizes = whole(*image.shape[:2], *target)
        scales = real(1, 1, target[0] / height, target[1] / width)
        since = 19 if coordinates == "half_pixel_symmetric" else 11
        for interpolation in ("linear", "cubic", "nearest"):
            named = {"mode": interpolation, "coordinate_transformation_mode": coordinates}
            choices: list[dict[str, Any]] = [{}]
            if interpolation == "cubic":
                choices += [{"cubic_coeff_a": -0.5}, {"exclude_outside": 1}]
            if interpolation == "nearest":
                rounds = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
                choices = [{"nearest_mode": each} for each in rounds]
            for each in choices:
                yield Case("Resize", (image,), (empty, empty, sizes), named | each, since=since)
                yield Case("Resize", (image,), (empty, scales), named | each, since=since)
            if interpolation != "nearest":
                smooth = named | {"antialias": 1}
                yield Case("Resize", (image,), (None, None, sizes), smooth, since=18)
            partly = named | {"axes": [2, 3]}
            yield Case("Resize", (image,), (None, None, sizes[2:]), partly, since=18)
            yield Case("Resize", (image,), (None, scales[2:]), partly, since=18)
            for policy in ("not_larger", "not_smaller"):
                kept = partly | {"keep_aspect_ratio_policy": policy}
                yield Case("Resize", (image,), (None, None, sizes[2:]), kept, since=18)
    region = real(0, 0, 0.1, 0.2, 1, 1, 0.9, 0.8)
    for interpolation in ("linear", "nearest", "cubic"):
        named = {"mode": interpolation, "coordinate_transformation_mode": "tf_crop_and_resize"}
        yield Case("Resize", (image,), (region, empty, whole(*image.shape[:2], 6, 7)), named, since=11)

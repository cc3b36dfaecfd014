"""The graphs of a sweep: each operator that networks of images use, with the attributes that change what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "cases"]

Array = Any
"""Of any type and shape, a single number too."""


@dataclass(frozen=True)
class Case:
    """One operator in a graph of its own.

    Attributes:
        kind: the operator.
        data: what the graph is fed with.
        constants: inputs behind those, as initializers; None leaves an optional one out.
        attributes: of the node.
        outputs: how many are compared.
        since: the first version of operators that it is tried with.
        until: the last one.
    """

    kind: str
    data: tuple[Array, ...]
    constants: tuple[Array | None, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1
    since: int = 1
    until: int = 99

    def __str__(self) -> str:
        """Return the operator with its attributes and constants."""
        said = [f"{name}={value}" for name, value in self.attributes.items()]
        said += [
            f"#{number}={value.tolist()}"
            for number, value in enumerate(self.constants, len(self.data))
            if value is not None and value.size <= 8
        ]
        return f"{self.kind}({', '.join(said)})"


def cases(seed: int) -> Iterator[Case]:
    """Yield all cases; the numbers in them depend on the seed."""
    rng = np.random.default_rng(seed)

    def noise(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    image = noise(1, 4, 7, 9)
    yield from _elementwise(image, noise)
    yield from _reductions(image)
    yield from _convolutions(noise)
    yield from _pools(image)
    yield from _sizes(image)
    yield from _moves(image, noise)
    yield from _norms(image, noise)
    yield from _choices(image, noise)
    yield from _quantized(image, noise)


def _whole(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _real(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def _elementwise(image: Array, noise: Any) -> Iterator[Case]:
    plain = (
        "Abs Neg Exp Sigmoid Tanh Relu Softplus Softsign Erf Sign Ceil Floor Round Identity Sin Cos Tan Sinh Cosh Atan "
        "Asinh HardSwish Mish Elu Selu LeakyRelu HardSigmoid ThresholdedRelu Celu Shrink IsNaN"
    )
    for kind in plain.split():
        yield Case(kind, (image,))
    for kind in ("Sqrt", "Log", "Reciprocal", "Acosh"):
        yield Case(kind, (np.abs(image) + np.float32(1.1),))
    for kind in ("Asin", "Acos", "Atanh"):
        yield Case(kind, (np.clip(image, -0.9, 0.9),))
    for approximate in ("none", "tanh"):
        yield Case("Gelu", (image,), attributes={"approximate": approximate}, since=20)
    for kind, name in (("Elu", "alpha"), ("LeakyRelu", "alpha"), ("ThresholdedRelu", "alpha"), ("Celu", "alpha")):
        yield Case(kind, (image,), attributes={name: 0.3})
    yield Case("Selu", (image,), attributes={"alpha": 1.2, "gamma": 0.8})
    yield Case("HardSigmoid", (image,), attributes={"alpha": 0.3, "beta": 0.4})
    yield Case("Shrink", (image,), attributes={"lambd": 0.4, "bias": 0.2})
    yield Case("Swish", (image,), attributes={"alpha": 0.7}, since=24)
    yield Case("Clip", (image,), attributes={"min": -0.5, "max": 0.7}, until=10)
    yield Case("Clip", (image,), (np.float32(-0.5), np.float32(0.7)), since=11)
    yield Case("Clip", (image,), (None, np.float32(0.7)), since=11)
    yield Case("Clip", (image,), (np.float32(0.7), np.float32(-0.5)), since=11)
    for slope in (noise(4, 1, 1), noise(1), noise(9), noise(1, 4, 1, 1)):
        yield Case("PRelu", (image,), (slope,))
    for kind in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Mean", "Sum"]:
        for other in (noise(1, 4, 7, 9), noise(4, 1, 1), noise(9), noise(2, 1, 1, 1)):
            yield Case(kind, (image, other + np.float32(3)))
    for exponent in (2.0, 0.5, 3.0):
        yield Case("Pow", (np.abs(image) + np.float32(0.1),), (np.float32(exponent),), since=7)
    for kind in ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]:
        yield Case(kind, (image, np.round(image)), since=9)
    whole = np.arange(-12, 12, dtype=np.int64).reshape(2, 12)
    yield Case("Mod", (whole,), (_whole(5),), since=10)
    yield Case("Mod", (whole,), (_whole(-5),), since=10)
    yield Case("Mod", (image,), (_real(0.7),), {"fmod": 1}, since=10)
    yield Case("Div", (whole,), (_whole(5),), since=7)
    for kind in ("And", "Or", "Xor"):
        yield Case(kind, (image > 0, image > 0.5), since=7)
    yield Case("Not", (image > 0,))
    yield Case("Where", (image > 0, image), (_real(0),), since=9)
    for to in (1, 6, 7, 10, 9, 2):
        yield Case("Cast", (image * 30,), attributes={"to": to}, since=9)
    yield Case("CumSum", (image,), (np.int64(2),), since=11)
    for exclusive, reverse in product((0, 1), (0, 1)):
        yield Case("CumSum", (image,), (np.int64(-1),), {"exclusive": exclusive, "reverse": reverse}, since=11)
    for upper in (0, 1):
        yield Case("Trilu", (image,), (np.int64(1),), {"upper": upper}, since=14)


def _reductions(image: Array) -> Iterator[Case]:
    kinds = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare"
    for kind, axes, keep in product(kinds.split(), ((1,), (2, 3), (-1,), (0, 1), None), (0, 1)):
        name, attributes = f"Reduce{kind}", {"keepdims": keep}
        data = np.abs(image) + np.float32(0.1)
        last = 12 if kind == "Sum" else 17
        named = {"axes": list(axes)} if axes else {}
        yield Case(name, (data,), attributes=attributes | named, until=last)
        yield Case(name, (data,), (_whole(*axes) if axes else None,), attributes, since=last + 1)
        if axes is None:
            kept = attributes | {"noop_with_empty_axes": 1}
            yield Case(name, (data,), (None,), kept, since=last + 1)
            yield Case(name, (data,), (np.zeros(0, np.int64),), kept, since=last + 1)
    for kind, axis, keep, last in product(("ArgMax", "ArgMin"), (0, 1, -1), (0, 1), (0, 1)):
        tied = np.round(image)
        yield Case(kind, (tied,), attributes={"axis": axis, "keepdims": keep, "select_last_index": last}, since=12)
        if not last:
            yield Case(kind, (image,), attributes={"axis": axis, "keepdims": keep}, until=11)


def _convolutions(noise: Any) -> Iterator[Case]:
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
    boxes = _real(0.5, 0.7, 7.1, 6.2, 1.0, 2.0, 5.0, 8.0).reshape(2, 4)
    for mode, ratio, coordinates in product(("avg", "max"), (0, 2), ("half_pixel", "output_half_pixel")):
        attributes = {"mode": mode, "output_height": 3, "output_width": 4, "sampling_ratio": ratio}
        yield Case("RoiAlign", (image, boxes), (_whole(0, 0),), attributes, since=10, until=15)
        kept = attributes | {"coordinate_transformation_mode": coordinates}
        yield Case("RoiAlign", (image, boxes), (_whole(0, 0),), kept, since=16)
    for corners in (0, 1):
        yield Case("AffineGrid", (noise(1, 2, 3),), (_whole(1, 3, 4, 5),), {"align_corners": corners}, since=20)
    offset = noise(1, 18, 7, 9)
    yield Case("DeformConv", (image, noise(8, 4, 3, 3), offset), (), {"kernel_shape": [3, 3]}, since=19)


def _pools(image: Array) -> Iterator[Case]:
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


def _sizes(image: Array) -> Iterator[Case]:
    height, width = image.shape[2:]
    empty = np.zeros(0, np.float32)
    for mode, (down, across) in product(("nearest", "linear"), ((2.0, 2.0), (1.5, 3.0))):
        yield Case("Upsample", (image,), (_real(1, 1, down, across),), {"mode": mode}, since=9, until=9)
        yield Case("Resize", (image,), (_real(1, 1, down, across),), {"mode": mode}, since=10, until=10)
    modes = ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")
    targets = ((14, 18), (13, 20), (4, 5), (1, 3))
    for coordinates, target in product(modes, targets):
        sizes = _whole(*image.shape[:2], *target)
        scales = _real(1, 1, target[0] / height, target[1] / width)
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
    region = _real(0, 0, 0.1, 0.2, 1, 1, 0.9, 0.8)
    for interpolation in ("linear", "nearest", "cubic"):
        named = {"mode": interpolation, "coordinate_transformation_mode": "tf_crop_and_resize"}
        yield Case("Resize", (image,), (region, empty, _whole(*image.shape[:2], 6, 7)), named, since=11)


def _moves(image: Array, noise: Any) -> Iterator[Case]:
    for mode, pads in product(
        ("constant", "reflect", "edge", "wrap"), ([0, 0, 1, 2, 0, 0, 2, 1], [0, 0, -1, 1, 0, 0, 1, -2])
    ):
        since = 19 if mode == "wrap" else 11
        if mode != "wrap":
            yield Case("Pad", (image,), attributes={"mode": mode, "pads": pads}, since=2, until=10)
        yield Case("Pad", (image,), (_whole(*pads),), {"mode": mode}, since=since)
        yield Case("Pad", (image,), (_whole(*pads), np.float32(0.7)), {"mode": mode}, since=since)
        yield Case("Pad", (image,), (_whole(*pads[2:4], *pads[6:]), None, _whole(2, 3)), {"mode": mode}, since=18)
    yield Case("Pad", (image,), attributes={"pads": [0, 0, 1, 2, 0, 0, 2, 1], "value": 0.6}, since=2, until=10)
    for starts, ends, axes, steps in (
        ((1, 2), (5, 8), (2, 3), (1, 1)),
        ((-3, -4), (100, -1), (2, 3), (1, 1)),
        ((6, 8), (-100, -100), (2, 3), (-1, -2)),
        ((0, 1), (7, 9), (2, 3), (2, 2)),
        ((1,), (-1,), (-1,), (1,)),
    ):
        given = (_whole(*starts), _whole(*ends), _whole(*axes), _whole(*steps))
        yield Case("Slice", (image,), given, since=10)
        if set(steps) == {1}:
            old = {"starts": list(starts), "ends": list(ends), "axes": list(axes)}
            yield Case("Slice", (image,), attributes=old, until=9)
    for axis in (1, -1, 0):
        yield Case("Concat", (image, image + 1), attributes={"axis": axis}, since=4)
    yield Case("Split", (image,), attributes={"axis": 1, "split": [1, 3]}, outputs=2, since=2, until=12)
    yield Case("Split", (image,), (_whole(1, 3),), {"axis": 1}, outputs=2, since=13)
    yield Case("Split", (image,), attributes={"axis": 1}, outputs=2, since=2, until=17)
    for axis, parts in ((-1, 2), (2, 3), (-2, 7), (1, 2)):
        yield Case("Split", (image,), attributes={"axis": axis, "num_outputs": parts}, outputs=parts, since=18)
    yield Case("Transpose", (image,), attributes={"perm": [0, 2, 3, 1]})
    yield Case("Transpose", (image,))
    for shape in ((0, -1, 9), (1, 2, 2, 7, 9), (-1,)):
        yield Case("Reshape", (image,), (_whole(*shape),), since=5)
    yield Case("Reshape", (image,), (_whole(4, -1),), {"allowzero": 1}, since=14)
    for axis in (0, 1, 2, -1):
        yield Case("Flatten", (image,), attributes={"axis": axis}, since=11)
    yield Case("Squeeze", (image,), attributes={"axes": [0]}, until=12)
    yield Case("Squeeze", (image,), (_whole(0),), since=13)
    yield Case("Squeeze", (image,))
    yield Case("Unsqueeze", (image,), attributes={"axes": [0, 2]}, until=12)
    yield Case("Unsqueeze", (image,), (_whole(0, -1),), since=13)
    yield Case("Expand", (noise(4, 1, 1),), (_whole(2, 4, 7, 9),), since=8)
    yield Case("Expand", (noise(4, 7, 1),), (_whole(1, 1),), since=8)
    yield Case("Tile", (image,), (_whole(1, 2, 1, 3),), since=6)
    for block, mode in product((2,), ("DCR", "CRD")):
        yield Case("DepthToSpace", (noise(1, 8, 3, 5),), attributes={"blocksize": block, "mode": mode}, since=11)
    yield Case("DepthToSpace", (noise(1, 8, 3, 5),), attributes={"blocksize": 2}, until=10)
    yield Case("SpaceToDepth", (noise(1, 2, 4, 6),), attributes={"blocksize": 2})
    for axis in (0, 1, 3):
        yield Case("Gather", (image,), (_whole(0, -1),), {"axis": axis if axis != 0 else 2}, since=11)
    yield Case("GatherElements", (image,), (np.zeros((1, 4, 7, 2), np.int64) - 1,), {"axis": 3}, since=11)
    yield Case("GatherND", (image,), (_whole(0, 1, 0, -1).reshape(2, 2),), since=11)
    yield Case("GatherND", (image,), (_whole(1, 2).reshape(1, 1, 2),), {"batch_dims": 1}, since=12)
    for reduction in ("none", "add", "mul", "max", "min"):
        since = {"none": 11, "add": 16, "mul": 16}.get(reduction, 18)
        named = {} if reduction == "none" else {"reduction": reduction}
        places, updates = _whole(0, 1, 0, 2).reshape(2, 2), noise(2, 7, 9)
        yield Case("ScatterND", (image,), (places, updates), named, since=since)
        where = np.array([[[[0, -1]] * 7] * 4], np.int64)
        yield Case("ScatterElements", (image,), (where, noise(1, 4, 7, 2)), named | {"axis": 3}, since=since)
    yield Case("OneHot", (np.array([[0, 2], [1, -1]], np.int64),), (np.int64(3), _real(0, 1)), {"axis": 1}, since=11)
    for inner in ({}, {"start": 1}, {"start": -2, "end": 4}):
        yield Case("Shape", (image,), attributes=inner, since=15 if inner else 1)
    yield Case("Size", (image,))
    yield Case("ConstantOfShape", (_whole(2, 3),), since=9)
    yield Case("Range", (np.int64(1), np.int64(9), np.int64(3)), since=11)
    yield Case("NonZero", (np.round(image),), since=9)
    yield Case("ReverseSequence", (noise(4, 3),), (_whole(2, 3, 4),), {"batch_axis": 1, "time_axis": 0}, since=10)
    yield Case("Compress", (image,), (np.array([True, False, True, True]),), {"axis": 1}, since=11)


def _norms(image: Array, noise: Any) -> Iterator[Case]:
    four = tuple(np.abs(noise(4)) + np.float32(0.2) for _ in range(4))
    for epsilon in (1e-5, 1e-2):
        yield Case("BatchNormalization", (image,), four, {"epsilon": epsilon}, since=9)
        yield Case("InstanceNormalization", (image,), four[:2], {"epsilon": epsilon}, since=6)
        yield Case("GroupNormalization", (image,), four[:2], {"epsilon": epsilon, "num_groups": 2}, since=21)
        yield Case(
            "GroupNormalization",
            (image,),
            (four[0][:2], four[1][:2]),
            {"epsilon": epsilon, "num_groups": 2},
            since=18,
            until=20,
        )
    for axis in (-1, 2, 1):
        shape = image.shape[axis:]
        yield Case("LayerNormalization", (image,), (noise(*shape), noise(*shape)), {"axis": axis}, since=17)
        yield Case("LayerNormalization", (image,), (noise(*shape),), {"axis": axis, "epsilon": 0.01}, since=17)
        yield Case("RMSNormalization", (image,), (noise(*shape),), {"axis": axis}, since=23)
        for kind in ("Softmax", "LogSoftmax", "Hardmax"):
            yield Case(kind, (image,), attributes={"axis": axis})
        for p in (1, 2):
            yield Case("LpNormalization", (image,), attributes={"axis": axis, "p": p})
    for kind in ("Softmax", "LogSoftmax", "Hardmax"):
        yield Case(kind, (image,))
    for size in (1, 3):
        yield Case("LRN", (image,), attributes={"size": size, "alpha": 0.3, "beta": 0.6, "bias": 1.2})
    for axes in ([0, 2, 3], [2, 3], [1]):
        yield Case("MeanVarianceNormalization", (image,), attributes={"axes": axes}, since=9)
    yield Case("Dropout", (image,))
    yield Case("Dropout", (image,), (np.float32(0.4),), since=12)


def _choices(image: Array, noise: Any) -> Iterator[Case]:
    for axis, largest in product((1, -1), (0, 1)):
        common = {"axis": axis, "largest": largest}
        yield Case("TopK", (image,), (_whole(2),), common | {"sorted": 1}, outputs=2, since=11)
    for p in (0, 1):
        yield Case("IsInf", (np.where(image > p, np.float32(np.inf), -image),), since=10)
    yield Case("BitShift", (np.arange(8, dtype=np.uint8),), (np.array([2], np.uint8),), {"direction": "LEFT"}, since=11)
    query, key, value = noise(1, 2, 5, 8), noise(1, 2, 6, 8), noise(1, 2, 6, 8)
    yield Case("Attention", (query, key, value), since=23)


def _quantized(image: Array, noise: Any) -> Iterator[Case]:
    for zero, low in ((np.uint8(128), 0), (np.int8(0), -128)):
        yield Case("QuantizeLinear", (image,), (np.float32(0.02), zero), since=10)
        levels = (np.arange(1 * 4 * 7 * 9).reshape(1, 4, 7, 9) % 256 + low).astype(zero.dtype)
        yield Case("DequantizeLinear", (levels,), (np.float32(0.02), zero), since=10)
        scales, zeros = np.abs(noise(4)) + np.float32(0.01), np.full(4, zero, zero.dtype)
        yield Case("QuantizeLinear", (image,), (scales, zeros), {"axis": 1}, since=13)
        yield Case("DequantizeLinear", (levels,), (scales, zeros), {"axis": 1}, since=13)
    yield Case("DynamicQuantizeLinear", (image,), outputs=3, since=11)

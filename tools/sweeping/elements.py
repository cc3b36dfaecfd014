"""Operators that compute each value by itself, reduce, normalise, or change the type."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from sweeping.case import Array, Case, real, whole

__all__ = ["elementwise", "norms", "quantized", "reductions"]


def elementwise(image: Array, noise: Any) -> Iterator[Case]:
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
    counted = np.arange(-12, 12, dtype=np.int64).reshape(2, 12)
    yield Case("Mod", (counted,), (whole(5),), since=10)
    yield Case("Mod", (counted,), (whole(-5),), since=10)
    yield Case("Mod", (image,), (real(0.7),), {"fmod": 1}, since=10)
    yield Case("Div", (counted,), (whole(5),), since=7)
    for kind in ("And", "Or", "Xor"):
        yield Case(kind, (image > 0, image > 0.5), since=7)
    yield Case("Not", (image > 0,))
    yield Case("Where", (image > 0, image), (real(0),), since=9)
    for to in (1, 6, 7, 10, 9, 2):
        yield Case("Cast", (image * 30,), attributes={"to": to}, since=9)
    yield Case("CumSum", (image,), (np.int64(2),), since=11)
    for exclusive, reverse in product((0, 1), (0, 1)):
        yield Case("CumSum", (image,), (np.int64(-1),), {"exclusive": exclusive, "reverse": reverse}, since=11)
    for upper in (0, 1):
        yield Case("Trilu", (image,), (np.int64(1),), {"upper": upper}, since=14)


def reductions(image: Array) -> Iterator[Case]:
    kinds = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare"
    for kind, axes, keep in product(kinds.split(), ((1,), (2, 3), (-1,), (0, 1), None), (0, 1)):
        name, attributes = f"Reduce{kind}", {"keepdims": keep}
        data = np.abs(image) + np.float32(0.1)
        last = 12 if kind == "Sum" else 17
        named = {"axes": list(axes)} if axes else {}
        yield Case(name, (data,), attributes=attributes | named, until=last)
        yield Case(name, (data,), (whole(*axes) if axes else None,), attributes, since=last + 1)
        if axes is None:
            kept = attributes | {"noop_with_empty_axes": 1}
            yield Case(name, (data,), (None,), kept, since=last + 1)
            yield Case(name, (data,), (np.zeros(0, np.int64),), kept, since=last + 1)
    for kind, axis, keep, last in product(("ArgMax", "ArgMin"), (0, 1, -1), (0, 1), (0, 1)):
        tied = np.round(image)
        yield Case(kind, (tied,), attributes={"axis": axis, "keepdims": keep, "select_last_index": last}, since=12)
        if not last:
            yield Case(kind, (image,), attributes={"axis": axis, "keepdims": keep}, until=11)


def norms(image: Array, noise: Any) -> Iterator[Case]:
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


def quantized(image: Array, noise: Any) -> Iterator[Case]:
    for zero, low in ((np.uint8(128), 0), (np.int8(0), -128)):
        yield Case("QuantizeLinear", (image,), (np.float32(0.02), zero), since=10)
        levels = (np.arange(1 * 4 * 7 * 9).reshape(1, 4, 7, 9) % 256 + low).astype(zero.dtype)
        yield Case("DequantizeLinear", (levels,), (np.float32(0.02), zero), since=10)
        scales, zeros = np.abs(noise(4)) + np.float32(0.01), np.full(4, zero, zero.dtype)
        yield Case("QuantizeLinear", (image,), (scales, zeros), {"axis": 1}, since=13)
        yield Case("DequantizeLinear", (levels,), (scales, zeros), {"axis": 1}, since=13)
    yield Case("DynamicQuantizeLinear", (image,), outputs=3, since=11)

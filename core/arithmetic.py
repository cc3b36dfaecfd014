"""How a model is to be executed, in a word: its arithmetic, its weights' precision, a hint for the device."""

from __future__ import annotations

from typing import Literal, TypeGuard, get_args

from .errors import InputError

__all__ = ["ARITHMETICS", "Arithmetic", "Hint", "Precision", "parse_arithmetic"]

Arithmetic = Literal["f32", "bf16", "f16", "device"]
"""What the floating-point part of a model is computed in; `device` leaves the choice to the device.

The weights' stored precision is another thing: an IR of FP16 weights computes in f32 where that is asked for, and what
quantization leaves in floating point, or adds, is computed in it too.
"""

Hint = Literal["latency", "throughput"]
"""What a device is prepared for: one short answer after another, or as many as possible at a time."""

Precision = Literal["fp32", "fp16", "int8"]

ARITHMETICS: tuple[Arithmetic, ...] = get_args(Arithmetic)


def _is_arithmetic(text: str) -> TypeGuard[Arithmetic]:
    return text in ARITHMETICS


def parse_arithmetic(text: str) -> Arithmetic:
    """Return the arithmetic of this name, in any case.

    Raises:
        InputError: there is none.
    """
    name = text.strip().lower()
    if not _is_arithmetic(name):
        raise InputError(f"{text!r} is no arithmetic; give {', '.join(ARITHMETICS)}")
    return name

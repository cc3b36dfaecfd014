"""What was really executed, as the runtime tells it, and whether that is what was asked for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from .candidates import Candidate

__all__ = ["INT8", "Executed", "Layers", "fallback"]

INT8 = frozenset({"i8", "u8", "int8", "uint8"})
"""Precisions of layers, as OpenVINO's plugins call them (in any case), that are integer arithmetic."""

_COMPUTING = frozenset({"convolution", "deconvolution", "fullyconnected", "matmul", "gemm"})

_FREE = frozenset({"AUTO", "MULTI", "BATCH"})
"""Devices that choose among others: whatever executes is what was asked for, and is told."""


class Layers(BaseModel):
    """Executed layers of one type, precision and implementation (such as `brgconv_avx2_f32`), and how many."""

    model_config = ConfigDict(frozen=True)

    type: str
    precision: str
    primitive: str
    count: int

    @property
    def computes(self) -> bool:
        """Return whether its arithmetic is what a network's time goes into; others only move or map 8-bit values."""
        return self.type.lower() in _COMPUTING


class Executed(BaseModel):
    """What was really executed.

    devices: that executed it. plugin: its full name and version, or provider. arithmetic: of the layers in floating
    point, `f32`, `f16` or `bf16`; empty where nobody tells. streams, threads: 0 where nobody tells. requests: how many
    were in flight where the scenario allows it. layers: of the runtime model, constants left out; empty where the
    device gives none. quantized: whether the model asks for integer arithmetic.
    """

    model_config = ConfigDict(frozen=True)

    devices: list[str]
    plugin: str
    arithmetic: str
    streams: int
    threads: int
    requests: int
    layers: list[Layers] = []
    quantized: bool = False

    @property
    def int8_layers(self) -> int:
        """Return how many layers are executed in integers."""
        return sum(each.count for each in self.layers if each.precision.lower() in INT8 and each.computes)


def fallback(candidate: Candidate, executed: Executed) -> str | None:
    """Say what was executed in place of what was asked for; None where it is the same.

    Another device than the named one, or no computing layer in integers though the model is quantized.
    """
    head, _, listed = candidate.device.partition(":")
    # With a minus in front, a list names what is not to be used.
    names = {name.strip() for name in (listed or head).split(",")}
    asked = {name for name in names if not name.startswith("-")} - _FREE
    for device in executed.devices:
        plain = device.strip("()")
        if asked and not any(plain == name or plain.split(".")[0] == name for name in asked):
            return f"{candidate.device} was asked for, but {device} executed it"
    wants_int8 = executed.quantized or candidate.precision == "int8"
    if wants_int8 and executed.layers and not executed.int8_layers:
        found = sorted({each.precision for each in executed.layers if each.computes})
        return f"INT8 was asked for, but no computing layer was executed in it (executed: {', '.join(found) or 'none'})"
    return None

"""What was really executed, as the runtime tells it, and whether that is what was asked for."""

from __future__ import annotations

from collections import Counter

from ...core import ExecutedLayers, Execution
from ...infer import OpenVinoRuntime, Runtime
from .candidates import Candidate

__all__ = ["INT8", "Executed", "executed_by", "fallback"]

INT8 = frozenset({"i8", "u8", "int8", "uint8"})
"""Precisions of layers, as OpenVINO's plugins call them (in any case), that are integer arithmetic."""

_FREE = frozenset({"AUTO", "MULTI", "BATCH"})
"""Devices that choose among others: whatever executes is what was asked for, and is told."""


class Executed(Execution):
    """What was really executed: how, and in which layers.

    layers: of the runtime model, constants left out; empty where the device gives none. quantized: whether the model
    asks for integer arithmetic.
    """

    layers: tuple[ExecutedLayers, ...] = ()
    quantized: bool = False

    @property
    def plain(self) -> Execution:
        """Return how it was executed, without the layers."""
        return Execution.model_validate(self.model_dump(include=set(Execution.model_fields)))

    @property
    def int8_layers(self) -> int:
        """Return how many layers are executed in integers."""
        return sum(each.count for each in self.layers if each.precision.lower() in INT8 and each.computes)


def executed_by(runtime: Runtime) -> Executed:
    """Ask a runtime what it executes; OpenVINO alone tells its layers."""
    layers: tuple[ExecutedLayers, ...] = ()
    quantized = False
    if isinstance(runtime, OpenVinoRuntime):
        counted = Counter((layer.type, layer.precision, layer.primitive) for layer in runtime.executed_layers())
        layers = tuple(
            ExecutedLayers(type=a, precision=b, primitive=c, count=n) for (a, b, c), n in sorted(counted.items())
        )
        quantized = runtime.quantized
    return Executed(**runtime.info.model_dump(), layers=layers, quantized=quantized)


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
    wants_int8 = executed.quantized or candidate.variant.precision == "int8"
    if wants_int8 and executed.layers and not executed.int8_layers:
        found = sorted({each.precision for each in executed.layers if each.computes})
        return f"INT8 was asked for, but no computing layer was executed in it (executed: {', '.join(found) or 'none'})"
    return None

"""What a checkpoint's tensors say of a network that differs from its entry's: classes, channels, heads.

Nothing of it needs torch: names and shapes are enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core import Contract, ModelError
from .spec import ModelSpec

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Shapes", "count_of", "fitted", "length_of"]

Shapes = Mapping[str, tuple[int, ...]]

_ORDERS = {1: "Y", 4: "RGBA"}
"""The channels that a network of another number than three is taken to have."""


def length_of(shapes: Shapes, name: str, axis: int = 0) -> int | None:
    """Return the length of a tensor's axis; None where there is no such tensor or axis."""
    shape = shapes.get(name, ())
    return shape[axis] if axis < len(shape) else None


def count_of(shapes: Shapes, pattern: str) -> int:
    """Return how many numbers, from 0 or 1 on without a gap, the names have where `pattern` has its group."""
    found = {int(match[1]) for match in (re.match(pattern, name) for name in shapes) if match}
    first = min(found, default=0)
    return next(number for number in range(len(found) + 1) if first + number not in found) if first <= 1 else 0


def fitted(
    spec: ModelSpec,
    build: Callable[[], nn.Module],
    *,
    classes: int | None,
    channels: int | None,
    activated: bool = False,
) -> ModelSpec | None:
    """Return the entry of a network of so many classes and channels; None where there is no such.

    Args:
        spec: the entry.
        build: makes the network.
        classes: of the output; None where the tensors don't say.
        channels: of the input; None where the tensors don't say.
        activated: of one class, the network gives a probability.

    Raises:
        ModelError: no image has so many channels.
    """
    if classes is None or channels is None or classes < 1:
        return None
    if channels not in {*_ORDERS, spec.contract.input.channels}:
        raise ModelError(f"a fine-tune of {spec.id} for {channels} channels can't be exported; for 1, 3 or 4 it can")
    contract = _of_channels(_of_classes(spec.contract, classes, activated=activated), channels)
    return replace(spec, build=build, contract=contract)


def _of_classes(contract: Contract, classes: int, *, activated: bool) -> Contract:
    """Return the contract for so many outputs: one is an alpha, several are classes."""
    output = contract.output
    if classes == max(len(output.labels), 1):
        return contract
    labels = tuple(f"class-{number}" for number in range(classes)) if classes > 1 else ()
    changed: dict[str, Any] = {"kind": "classes" if labels else "alpha", "labels": labels, "foreground": ()}
    if labels:
        changed |= {"activation": "none", "min_max": False, "invert": False, "rounding": "nearest"}
    elif not activated:
        changed |= {"activation": "sigmoid"}
    return contract.model_copy(update={"output": output.model_copy(update=changed)})


def _of_channels(contract: Contract, channels: int) -> Contract:
    """Return the contract for so many channels: grey has the mean of the colours' numbers, an alpha is 0-1."""
    given = contract.input
    if channels == given.channels:
        return contract
    mean, std = given.per_channel(given.mean), given.per_channel(given.std)
    if channels == 1:
        mean, std = (round(sum(mean) / len(mean), 6),), (round(sum(std) / len(std), 6),)
    else:
        mean, std = (*mean, 0.0), (*std, 1.0)
    changed = {"colour_order": _ORDERS[channels], "mean": mean, "std": std}
    return contract.model_copy(update={"input": given.model_copy(update=changed)})

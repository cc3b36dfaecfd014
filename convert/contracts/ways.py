"""Ways to prepare photos for a network and to read its answers, which are tried when its contract is inferred."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ...core import Contract, digest_of
from ...infer import read_model
from ..spec import ModelSpec
from ..zoo import list_models
from .graph_front import is_as_told, told_by
from .inspection import inspect_model
from .presets import PRESETS
from .proposal import readable_outputs

__all__ = ["Left", "Way", "ways_left", "ways_to_try"]

_CHANNELS = 4
"""Up to so many, each may be the subject's; of more, the largest score wins."""


class Way(NamedTuple):
    """A contract under trial: its photos are prepared as `prepared` says, which ways share."""

    contract: Contract
    prepared: str
    read: str

    @property
    def name(self) -> str:
        """Return the way in words."""
        return f"{self.prepared}, {self.read}" if self.read else self.prepared


class Left(NamedTuple):
    """What is left to try, and why no more.

    Attributes:
        ways: contracts to try.
        known: how the file itself tells, in words; empty where it does not.
        sure: nothing is left to be tried: the file is a published one.
    """

    ways: list[Way]
    known: str = ""
    sure: bool = False


def ways_left(path: Path, first: Contract) -> Left:
    """Return what the file itself leaves to try."""
    published = _published(path)
    if published is not None:
        only = Way(published.contract, f"as the zoo's {published.id}", "")
        return Left([only], f"the file is the zoo's {published.id}, by its hash", sure=True)
    ways, told = list(ways_to_try(path, first)), told_by(read_model(path))
    kept = [way for way in ways if all(is_as_told(way.contract.input, each) for each in told)]
    # Numbers that fit nothing that is tried are no evidence.
    return Left(kept, f"the graph itself normalises: {told[0].how}") if told and kept else Left(ways)


def _published(path: Path) -> ModelSpec | None:
    """Return the zoo's entry whose ready-made ONNX file this is; None where it is none."""
    size = path.stat().st_size
    for spec in list_models():
        weights = spec.weights
        if spec.source != "onnx" or weights.size not in {None, size} or not (weights.sha256 or weights.md5):
            continue
        if (digest_of(path, "sha256") == weights.sha256) if weights.sha256 else (digest_of(path, "md5") == weights.md5):
            return spec
    return None


def ways_to_try(path: Path, first: Contract) -> Iterator[Way]:
    """Give all contracts to try; impossible ones are left out."""
    wanted = first.input
    orders = {1: ("Y",), 3: ("RGB", "BGR"), 4: ("RGBA", "BGRA")}[wanted.channels]
    normals: dict[str, dict[str, Any]] = {
        name: {"divide_by": 255.0, **{k: v for k, v in preset.input.items() if k in {"divide_by", "mean", "std"}}}
        for name, preset in PRESETS.items()
        if preset.infers
    }
    if first.task == "super_resolution":
        normals = {name: normals[name] for name in ("unit", "levels", "half")}
    if wanted.dtype == "u8":
        normals = {"bytes": {"divide_by": 1.0}}
    readings = list(_readings(path, first))
    for order, (name, numbers) in product(orders, normals.items()):
        own = dict(numbers)
        if order.startswith("BGR") != (name == "caffe-bgr"):
            # The numbers are those of red, green and blue, whatever their order.
            own |= {key: tuple(reversed(own[key])) for key in ("mean", "std") if key in own}
        if wanted.channels != 3:
            own |= {key: (sum(own[key]) / len(own[key]),) for key in ("mean", "std") if key in own}
        given = wanted.model_dump() | {"colour_order": order, "mean": (0.0,), "std": (1.0,)} | own
        for said, output in readings:
            shown = f"{order}, {name.removesuffix('-bgr')}"
            try:
                contract = Contract.model_validate({"task": first.task, "input": given, "output": output})
            except ValidationError:
                continue
            yield Way(contract, shown, said)


def _readings(path: Path, first: Contract) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the ways to read the answers: each output, channel and activation."""
    base = first.output.model_dump()
    if first.task == "super_resolution":
        yield "", base | {"value_max": 1.0}
        yield "values to 255", base | {"value_max": 255.0}
        return
    if first.output.indices:
        yield "", base
        return
    outputs = readable_outputs(inspect_model(path))
    for name, channels, layout in outputs:
        labels = ["background", *(f"class_{number}" for number in range(1, channels))]
        named = {"name": name} if len(outputs) > 1 else {}
        said = f"output {name}, " if named else ""
        common = {"kind": "alpha", "layout": layout, **named}
        for channel in range(channels if channels <= _CHANNELS else 0):
            which = {"channel": channel} if channels > 1 else {}
            shown = f"{said}channel {channel}, " if which else said
            activations = ("none", "sigmoid", "softmax") if which else ("none", "sigmoid")
            for activation, invert in product(activations, (False, True)):
                turned = ", inverted" if invert else ""
                yield f"{shown}{activation}{turned}", common | which | {"activation": activation, "invert": invert}
            yield f"{shown}min-max", common | which | {"min_max": True}
            yield f"{shown}min-max, inverted", common | which | {"min_max": True, "invert": True}
        if channels > 1:
            yield f"{said}classes", {"kind": "classes", "layout": layout, "labels": labels, **named}

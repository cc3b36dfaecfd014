"""The rungs of the parity ladder: what executes one model at one precision, opened by what a user types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...core.arithmetic import Arithmetic
from ...core.contract import Contract
from ...core.errors import ArithmeticUnavailableError, InputError, ModelError
from ...core.variant import Variant
from ...infer.runtimes import Runtime, RuntimeSettings
from ...models.opening import open_variant
from ...models.reference import ModelRef

__all__ = ["Kind", "Rung", "open_rungs"]

Kind = Literal["exact", "half", "arithmetic", "quantized"]
"""What a rung changes: nothing but the order of single-precision sums, the weights' precision, the precision that the
device computes in, or both to 8 bits."""


_KINDS: dict[str, Kind] = {"fp16": "half", "int8": "quantized"}


@dataclass(frozen=True)
class Rung:
    """One stage of a model's way: its name in tables, what it changes, its contract, what executes it, its file."""

    label: str
    kind: Kind
    contract: Contract
    runtime: Runtime
    path: Path | None = None


def open_rungs(artifacts: Sequence[str], device: str = "CPU", arithmetic: Arithmetic = "f32") -> list[Rung]:
    """Open the rungs in the order in which they are given.

    An IR is run in f32; where another arithmetic is asked for, that is a rung of its own behind it. A device that has
    no f32 gives the latter alone.

    Args:
        artifacts: as `ModelRef.parse` takes them. An ONNX file is run by ONNX Runtime; the folder of an export means
            its ONNX file and IR, that of a model all variants in it, an entry of the zoo its module and its IR.
        device: an OpenVINO device string, for the IRs.
        arithmetic: of the IRs.

    Raises:
        InputError: there are fewer than two rungs, or they are of models with different contracts.
        MattekitError: one cannot be opened.
    """
    rungs = [rung for text in artifacts for rung in _of(ModelRef.parse(text), device, arithmetic)]
    rungs = _told_apart(rungs)
    if len(rungs) < 2:
        raise InputError("a ladder needs two rungs or more; give the folder of a model, or several artifacts")
    first = rungs[0]
    for rung in rungs[1:]:
        # The names of the layers may differ from one route to the next, what surrounds the network may not.
        if rung.contract != first.contract:
            raise InputError(
                f"{rung.label} and {first.label} have different contracts, so they are not stages of one model; "
                f"give artifacts of one export"
            )
    return rungs


def _told_apart(rungs: Sequence[Rung]) -> list[Rung]:
    """Number the rungs of one label, from the second on."""
    counts: Counter[str] = Counter()
    found: list[Rung] = []
    for rung in rungs:
        counts[rung.label] += 1
        number = counts[rung.label]
        found.append(rung if number == 1 else replace(rung, label=f"{rung.label} #{number}"))
    return found


def _of(ref: ModelRef, device: str, arithmetic: Arithmetic) -> list[Rung]:
    """Open what one reference stands for, in the order in which an export makes it."""
    if ref.runtime == "openvino":
        return [rung for variant in ref.variants() for rung in _ir(variant, device, arithmetic)]
    if ref.runtime:
        return [_exact(variant, ref.runtime) for variant in ref.variants()]
    exact: list[Rung] = []
    if ref.name:
        # Some entries are an ONNX file, and have no module.
        first = "torch" if ref.has_module else "onnxruntime"
        exact.append(_exact(ref.one(first), first))
    elif ref.path is not None and (ref.path.is_dir() or ref.path.suffix == ".onnx"):
        exact += [_exact(ref.variant_at(path), "onnxruntime") for path in _onnx_files(ref)]
    irs = [variant for variant in ref.variants() if variant.format == "openvino"]
    return [*exact, *(rung for variant in irs for rung in _ir(variant, device, arithmetic))]


def _onnx_files(ref: ModelRef) -> list[Path]:
    """The ONNX files beside the IRs; none where these were made without."""
    try:
        return ref.paths("onnxruntime")
    except ModelError:
        return []


def _exact(variant: Variant, runtime: str) -> Rung:
    model = open_variant(variant, runtime)
    label = "onnx" if runtime == "onnxruntime" else runtime
    return Rung(label, "exact", model.contract, model.runtime, variant.path)


def _ir(variant: Variant, device: str, arithmetic: Arithmetic) -> list[Rung]:
    asked = open_variant(variant, settings=RuntimeSettings(device, arithmetic))
    kind, label, path = _KINDS.get(variant.precision, "exact"), f"ir {variant.precision}", variant.path
    found = asked.runtime.info.arithmetic
    if found == "f32":
        return [Rung(label, kind, asked.contract, asked.runtime, path)]
    lower = Rung(f"{label} in {found}", "arithmetic", asked.contract, asked.runtime, path)
    try:
        exact = open_variant(variant, settings=RuntimeSettings(device))
    except ArithmeticUnavailableError:
        return [lower]
    return [Rung(label, kind, exact.contract, exact.runtime, path), lower]

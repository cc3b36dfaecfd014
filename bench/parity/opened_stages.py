"""The stages of a model, opened by what a user types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...core import Arithmetic, ArithmeticUnavailableError, Contract, InputError, ModelError, Variant
from ...infer import Runtime, RuntimeSettings
from ...models import ModelRef, open_variant

__all__ = ["Kind", "ModelStage", "open_stages"]

Kind = Literal["exact", "half", "arithmetic", "quantized"]
"""What a stage changes: nothing but the order of single-precision sums, the weights' precision, the precision that the
device computes in, or both to 8 bits."""


_KINDS: dict[str, Kind] = {"fp16": "half", "int8": "quantized"}


@dataclass(frozen=True)
class ModelStage:
    """One stage of a model's way.

    Attributes:
        label: its name in tables.
        kind: what it changes.
        contract: what surrounds the network.
        runtime: what executes it.
        variant: what is executed.
    """

    label: str
    kind: Kind
    contract: Contract
    runtime: Runtime
    variant: Variant


def open_stages(
    models: Sequence[str | Path],
    device: str = "CPU",
    arithmetic: Arithmetic = "f32",
    contract: Contract | None = None,
) -> list[ModelStage]:
    """Open the stages in the order in which they are given.

    An IR is run in f32; where another arithmetic is asked for, that is a stage of its own behind it. A device that has
    no f32 gives the latter alone.

    Args:
        models: as `ModelRef.parse` takes them. An ONNX file is run by ONNX Runtime; the folder of an export means
            its ONNX file and IR, that of a model all variants in it, an entry of the zoo its module and its IR.
        device: an OpenVINO device string, for the IRs.
        arithmetic: of the IRs.
        contract: as `ModelRef.parse_all` takes it.

    Raises:
        InputError: there are fewer than two stages, or they are of models with different contracts.
        MattekitError: one cannot be opened.
    """
    stages = [stage for ref in ModelRef.parse_all(models, contract) for stage in _of(ref, device, arithmetic)]
    stages = _told_apart(stages)
    if len(stages) < 2:
        raise InputError("parity compares two stages or more; give the folder of a model, or several artifacts")
    first = stages[0]
    for stage in stages[1:]:
        # The names of the layers may differ from one route to the next, what surrounds the network may not.
        if stage.contract.meaning != first.contract.meaning:
            raise InputError(
                f"{stage.label} and {first.label} have different contracts, so they are not stages of one model; "
                f"give artifacts of one export"
            )
    return stages


def _told_apart(stages: Sequence[ModelStage]) -> list[ModelStage]:
    """Number the stages of one label, from the second on."""
    counts: Counter[str] = Counter()
    found: list[ModelStage] = []
    for stage in stages:
        counts[stage.label] += 1
        number = counts[stage.label]
        found.append(stage if number == 1 else replace(stage, label=f"{stage.label} #{number}"))
    return found


def _of(ref: ModelRef, device: str, arithmetic: Arithmetic) -> list[ModelStage]:
    """Open what one reference stands for, in the order in which an export makes it."""
    if ref.runtime == "openvino":
        return [stage for variant in ref.variants() for stage in _ir(variant, device, arithmetic)]
    if ref.runtime:
        return [_exact(variant, ref.runtime) for variant in ref.variants()]
    exact: list[ModelStage] = []
    if ref.name:
        # Some entries are an ONNX file, and have no module.
        first = "torch" if ref.has_module else "onnxruntime"
        exact.append(_exact(ref.one(first), first))
    elif ref.path is not None and (ref.path.is_dir() or ref.path.suffix == ".onnx"):
        exact += [_exact(ref.variant_at(path), "onnxruntime") for path in _onnx_files(ref)]
    irs = [variant for variant in ref.variants() if variant.format == "openvino"]
    return [*exact, *(stage for variant in irs for stage in _ir(variant, device, arithmetic))]


def _onnx_files(ref: ModelRef) -> list[Path]:
    """The ONNX files beside the IRs; none where these were made without."""
    try:
        return ref.paths("onnxruntime")
    except ModelError:
        return []


def _exact(variant: Variant, runtime: str) -> ModelStage:
    model = open_variant(variant, runtime)
    label = "onnx" if runtime == "onnxruntime" else runtime
    return ModelStage(label, "exact", model.contract, model.runtime, variant)


def _ir(variant: Variant, device: str, arithmetic: Arithmetic) -> list[ModelStage]:
    asked = open_variant(variant, settings=RuntimeSettings(device, arithmetic))
    kind, label = _KINDS.get(variant.precision, "exact"), f"ir {variant.precision}"
    found = asked.runtime.info.arithmetic
    if found == "f32":
        return [ModelStage(label, kind, asked.contract, asked.runtime, variant)]
    lower = ModelStage(f"{label} in {found}", "arithmetic", asked.contract, asked.runtime, variant)
    try:
        exact = open_variant(variant, settings=RuntimeSettings(device))
    except ArithmeticUnavailableError:
        return [lower]
    return [ModelStage(label, kind, exact.contract, exact.runtime, variant), lower]

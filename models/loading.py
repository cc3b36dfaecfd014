"""A model that a user names → that model, ready to run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core import Arithmetic, Contract, Hint, Progress, Task, Variant, contract_from
from ..infer import DEFAULTS, LoadedModel, RuntimeSettings, adapted, adapter_for, load
from .reference import ModelRef
from .runtimes import open_runtime

__all__ = ["open_at", "open_model", "open_variant"]


def open_model(
    model: str | Path | ModelRef,
    task: Task | None = None,
    device: str = "CPU",
    *,
    hint: Hint = "latency",
    arithmetic: Arithmetic = "f32",
    threads: int | None = None,
    contract: str | Path | Contract | None = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> LoadedModel:
    """Open the one model that a user names, on the runtime that is named with it, or OpenVINO.

    Args:
        model: as `ModelRef.parse` takes it.
        task: that the model must be for.
        device: an OpenVINO device string; other runtimes know the CPU alone.
        hint: of OpenVINO: one short answer after another, or many at a time.
        arithmetic: of floating-point numbers.
        threads: of a CPU; as many as it has cores where None.
        contract: what surrounds the network, in place of what its file says: a TOML file, or a `Contract`.
        offline: never download.
        progress: called during a download.

    Returns:
        The model, ready to run; `Remover` and `Upscaler` take it.

    Raises:
        DeviceError: the device is not there, it refused the model, or the runtime does not know it.
        ArithmeticUnavailableError: the device does not compute in this arithmetic.
        MattekitError: as `ModelRef.one`.

    Example:
        >>> import mattekit
        >>> model = mattekit.open_model("srlite-x2")
        >>> mattekit.Upscaler(model)("photo.jpg").size
        (320, 240)
    """
    ref = model if isinstance(model, ModelRef) else ModelRef.parse(model)
    if contract is not None:
        ref = replace(ref, contract=contract_from(contract))
    path = ref.path_of_one(task=task, offline=offline, progress=progress)
    return open_at(ref, path, RuntimeSettings(device, arithmetic, hint, threads=threads))


def open_at(ref: ModelRef, path: Path, settings: RuntimeSettings = DEFAULTS) -> LoadedModel:
    """Open one of the files that a reference stands for, on its runtime.

    Raises:
        MattekitError: as `open_model`.
    """
    if ref.on_openvino:
        # Read once: what it says of itself is found while it is opened.
        return _on_openvino(path, settings, ref.contract, ref.otherwise)
    return open_variant(ref.variant_at(path), ref.runtime, settings)


def open_variant(variant: Variant, runtime: str = "openvino", settings: RuntimeSettings = DEFAULTS) -> LoadedModel:
    """Open a model on disk on a runtime.

    Raises:
        MattekitError: as `open_model`.
    """
    if runtime == "openvino":
        return _on_openvino(variant.path, settings, variant.contract)
    opened = open_runtime(runtime, variant.path, replace(settings, model=variant.id))
    adapter = adapter_for(opened.interface, variant.contract, variant.path)
    return LoadedModel(variant, adapted(opened, adapter), partial(open_variant, variant, runtime, settings))


def _on_openvino(
    path: Path, how: RuntimeSettings, contract: Contract | None, otherwise: Contract | None = None
) -> LoadedModel:
    return load(
        *(path, how.device),
        contract=contract,
        otherwise=otherwise,
        hint=how.hint,
        arithmetic=how.arithmetic,
        threads=how.threads,
    )

"""What is measured: models x runtimes x devices x hints x streams x batches x sizes become candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from ... import models as model_room
from ...core import (
    Arithmetic,
    ArithmeticUnavailableError,
    Contract,
    DependencyError,
    DeviceError,
    FetchError,
    Hint,
    InputError,
    ModelError,
    Variant,
    sha256_of,
)
from ...infer import (
    Runtime,
    RuntimeSettings,
    Tensor,
    adapted,
    adapter_for,
    require_device,
    require_still,
    this_machine,
)
from ..benchmark_settings import BenchmarkSettings, Size

__all__ = ["REMBG", "Candidate", "Planned", "RuntimeVariant", "Status", "find_variants", "plan"]

Status = Literal["measured", "missing device", "not on this device", "failed", "fallback"]
"""What came of a candidate.

`not on this device`: the device does not compute in the arithmetic that was asked for. `fallback`: it ran, but not on
the device or in the precision that was asked for.
"""

REMBG = "rembg"
"""In the place of a runtime: rembg executes the network, and prepares and finishes images by itself."""

FREE_SIDE = 128
"""Side of the input of a network that takes any size, in pixels, where no size is given."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One row of a benchmark.

    Attributes:
        variant: what is executed.
        runtime: its name, as `open_runtime` takes it.
        device: asked for.
        arithmetic: asked for; what `device` means is found out.
        hint: of OpenVINO; None for the others.
        streams: of OpenVINO; None leaves them to the hint.
        batch: images in one inference.
        height: of the input in pixels.
        width: of the input in pixels.
        threads: for the CPU, the same for all candidates.
        number: 2 and up where several candidates are the same but for their file.
        interpreter: of another environment that executes it, with the whole of its own way; None for mattekit's.
    """

    variant: Variant
    runtime: str
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    hint: Hint | None = None
    streams: int | None = None
    batch: int = 1
    height: int
    width: int
    threads: int
    number: int = 1
    interpreter: Path | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Return what tells its figures from others; `candidate` is its key. Empty: a setting without a meaning."""
        openvino = self.runtime == "openvino"
        return {
            "candidate": self.key,
            "model": self.variant.id,
            "precision": self.variant.precision,
            "runtime": self.runtime,
            "device": self.device,
            "arithmetic": self.arithmetic,
            "hint": self.hint or "",
            "streams": str(self.streams or "auto") if openvino else "",
            "batch": str(self.batch),
            "size": f"{self.height}x{self.width}",
        }

    @property
    def key(self) -> str:
        """Return its name in the record: the same settings give the same key in every run."""
        parts = [self.variant.id, self.variant.precision, f"{self.runtime}:{self.device}", self.arithmetic]
        parts += [self.hint] if self.hint else []
        parts += [f"s{self.streams}"] if self.streams else []
        parts += [f"b{self.batch}", f"{self.height}x{self.width}"]
        parts += [f"#{self.number}"] if self.number > 1 else []
        return " ".join(part for part in parts if part)

    @property
    def settings(self) -> RuntimeSettings:
        """Return how its runtime opens it; it has the machine to itself."""
        return RuntimeSettings(
            device=self.device,
            arithmetic=self.arithmetic,
            hint=self.hint or "latency",
            streams=self.streams,
            threads=self.threads,
            pinned=True,
            shape=self.shape,
            model=self.variant.id,
        )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the shape of the input, as the file takes it."""
        return self.variant.contract.input.shape(self.batch, self.height, self.width)

    def open(self) -> Runtime:
        """Open it on its runtime; only that one is imported.

        Raises:
            ModelError: the file takes another batch alone.
            MattekitError: as `open_runtime`.
        """
        path = self.variant.path
        require_still(self.variant.contract, path, "benchmarked")
        opened = model_room.open_runtime(self.runtime, path, self.settings)
        contract = self.variant.contract.with_size(self.height, self.width)
        adapter = adapter_for(opened.interface, contract, path, self.batch)
        if adapter.batch is not None:
            # Filled up with copies, it would be another batch that is measured.
            raise ModelError(f"{path}: {self.runtime} executes it in batches of {adapter.batch} alone")
        return adapted(opened, adapter)

    def sample_input(self) -> Tensor:
        """Return an input (N, C, H, W), values 0..1: how long a convolution takes does not depend on them."""
        shape = (self.batch, self.variant.contract.input.channels, self.height, self.width)
        return np.random.default_rng(0).random(shape, dtype=np.float32)


class RuntimeVariant(NamedTuple):
    """A variant as one runtime executes it.

    Attributes:
        variant: the model's file.
        runtime: by its name.
        missing: why that cannot be, where it cannot.
    """

    variant: Variant
    runtime: str
    missing: str | None = None


class Planned(NamedTuple):
    """A candidate, and why it cannot be measured, where that is known before it is tried."""

    candidate: Candidate
    status: Status = "measured"
    reason: str | None = None


def find_variants(
    models: Sequence[str | Path], runtimes: Sequence[str], contract: Contract | None = None
) -> list[RuntimeVariant]:
    """Find what each model means on each runtime.

    Args:
        models: as `ModelRef.parse` takes them; a model's folder means every variant in it.
        runtimes: for the models that do not name one. torch executes the checkpoint that an export was made from, and
            others, such as ONNX Runtime, its ONNX file: one of each for a model, however many variants its folder has.
        contract: as `ModelRef.parse_all` takes it.

    Raises:
        ModelError: a model cannot be found or read.
        ContractError: it carries no contract.
        IntegrityError: a file of it was changed since it was written.
    """
    found: list[RuntimeVariant] = []
    for ref in model_room.ModelRef.parse_all(models, contract):
        for runtime in [ref.runtime] if ref.runtime else runtimes:
            try:
                found += [RuntimeVariant(variant, runtime) for variant in ref.variants(runtime)]
            except (ModelError, DependencyError, FetchError) as error:
                if ref.runtime or runtime == "openvino":
                    raise
                # A row of its own says why, and the others are measured.
                found.append(RuntimeVariant(ref.variants()[0], runtime, str(error)))
    for each in found:
        # A file that was changed is told before anything is measured.
        _ = each.variant.sha256 if each.missing is None else {}
    # Several models may hold the same ONNX file, or were made from the same checkpoint.
    seen: dict[tuple[str, str, str], RuntimeVariant] = {}
    for each in found:
        path = each.variant.path
        whole = each.runtime == "openvino" or each.missing
        content = str(path.resolve()) if whole else sha256_of(path)
        seen.setdefault((each.variant.id, each.runtime, content), each)
    reachable = {(each.variant.id, each.runtime) for each in seen.values() if each.missing is None}
    return [s for s in seen.values() if s.missing is None or (s.variant.id, s.runtime) not in reachable]


def plan(models: Sequence[str | Path], settings: BenchmarkSettings) -> list[Planned]:
    """Make the candidates, and look for their devices.

    Hints and streams are OpenVINO's; the other runtimes execute on the CPU only, and so each other device that was
    asked for is a row of theirs that says so.

    Raises:
        InputError: there is no model, or none of the precisions that were asked for; or a size that a network does not
            take.
        DeviceError: a device is missing, and `require_device` is set.
        MattekitError: a model cannot be read.
    """
    variants = find_variants(models, settings.runtime, settings.given_contract)
    if settings.precision:
        variants = [each for each in variants if each.variant.precision in settings.precision]
    if not variants:
        raise InputError("there is nothing to measure; give a model, and a --precision that it is there in")
    planned: list[Planned] = []
    numbers: Counter[str] = Counter()
    for source, device, arithmetic in product(variants, settings.device, settings.arithmetic):
        on_openvino = source.runtime == "openvino"
        hints, streams = (settings.hint, settings.streams) if on_openvino else ((None,), ("auto",))
        sizes = _sizes(source.variant.contract, settings.size)
        foreseen = _foreseen(source, device, arithmetic)
        for hint, stream, batch, (height, width) in product(hints, streams, settings.batch, sizes):
            candidate = Candidate(
                variant=source.variant,
                runtime=source.runtime,
                device=device,
                arithmetic=arithmetic,
                hint=hint,
                streams=stream if isinstance(stream, int) else None,
                batch=batch,
                height=height,
                width=width,
                threads=settings.threads or this_machine().cores,
            )
            numbers[candidate.key] += 1
            planned.append(Planned(replace(candidate, number=numbers[candidate.key]), *foreseen))
    missing = next((entry.reason for entry in planned if entry.status == "missing device"), None)
    if settings.require_device and missing:
        raise DeviceError(f"{missing}; leave --require-device out to measure without it")
    return planned


def _sizes(contract: Contract, asked: Sequence[Size] | None) -> Sequence[Size]:
    wanted = contract.input
    for height, width in asked or ():
        if any(side % wanted.multiple or side < wanted.min_side for side in (height, width)):
            raise InputError(
                f"--size {height}x{width}: the network takes multiples of {wanted.multiple} from {wanted.min_side} on"
            )
    return asked or [wanted.fit(FREE_SIDE)]


def _foreseen(source: RuntimeVariant, device: str, arithmetic: Arithmetic) -> tuple[Status, str | None]:
    """Tell what will come of a candidate and why, as far as that is known before it is tried."""
    if source.missing:
        return "failed", source.missing
    try:
        model_room.require_offered(source.runtime, RuntimeSettings(device=device, arithmetic=arithmetic))
        if source.runtime == "openvino":
            require_device(device)
    except ArithmeticUnavailableError as error:
        return "not on this device", str(error)
    except DeviceError as error:
        return "missing device", str(error)
    return "measured", None

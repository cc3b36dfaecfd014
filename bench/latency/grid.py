"""The grid: artifacts x runtimes x devices x hints x streams x batches x sizes become candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from ...core import Arithmetic, ArithmeticUnavailableError, Contract, DeviceError, Hint, InputError
from ...infer import require_device, this_machine
from ...models import require_offered
from .candidates import Candidate, Status
from .scenarios import Scenario
from .sources import Source, find_sources

__all__ = ["BenchRequest", "Planned", "Size", "plan"]

Size = tuple[int, int]
"""Height and width in pixels."""

FREE_SIDE = 128
"""Side of the input of a network that takes any size, in pixels, where no size is given."""


@dataclass(frozen=True)
class BenchRequest:
    """What to measure, in the user's words.

    artifacts: as `find_sources` takes them. precisions: only these, all where empty. streams: None leaves them to the
    hint. sizes: the contract's own where empty. rounds: how often the candidates take turns. iterations, seconds: of
    each candidate in all rounds together; seconds count where iterations is None. warm_up: calls behind the first one.
    end_to_end: a folder of images. threads: for the CPU, of every candidate; all cores where None. baseline: words
    that occur in the key of the candidate that others are compared with; the first one where None. profile: list the
    layers. data, samples: a data set for accuracy beside latency, and how many samples of it.
    """

    artifacts: tuple[str, ...]
    runtimes: tuple[str, ...] = ("openvino",)
    devices: tuple[str, ...] = ("CPU",)
    arithmetics: tuple[Arithmetic, ...] = ("f32",)
    hints: tuple[Hint, ...] = ("latency",)
    streams: tuple[int | None, ...] = (None,)
    batches: tuple[int, ...] = (1,)
    sizes: tuple[Size, ...] = ()
    precisions: tuple[str, ...] = ()
    scenario: Scenario = field(default_factory=Scenario)
    rounds: int = 20
    iterations: int | None = None
    seconds: float = 10.0
    warm_up: int = 3
    end_to_end: Path | None = None
    require_device: bool = False
    threads: int | None = None
    baseline: str | None = None
    profile: bool = False
    data: str | None = None
    samples: int | None = None


@dataclass(frozen=True)
class Planned:
    """A candidate, and why it cannot be measured, where that is known before it is tried."""

    candidate: Candidate
    status: Status = "measured"
    reason: str | None = None


def plan(request: BenchRequest) -> list[Planned]:
    """Make the candidates, and look for their devices.

    Hints and streams are OpenVINO's; the other runtimes execute on the CPU only, and so each other device that was
    asked for is a row of theirs that says so.

    Raises:
        InputError: there is no artifact, or none of the precisions that were asked for; a size that a network does not
            take; or no candidate is the baseline.
        DeviceError: a device is missing, and `require_device` is set.
        MattekitError: an artifact cannot be read.
    """
    sources = find_sources(request.artifacts, request.runtimes)
    if request.precisions:
        sources = [source for source in sources if source.variant.precision in request.precisions]
    if not sources:
        raise InputError("there is nothing to measure; give an artifact, and a --precision that it is there in")
    threads = request.threads or this_machine().cores
    absent = _absent(request)
    planned: list[Planned] = []
    numbers: Counter[str] = Counter()
    for source, device, arithmetic in product(sources, request.devices, request.arithmetics):
        for hint, streams, batch, size in product(*_settings(request, source)):
            candidate = Candidate(
                variant=source.variant,
                runtime=source.runtime,
                device=device,
                arithmetic=arithmetic,
                hint=hint,
                streams=streams,
                batch=batch,
                height=size[0],
                width=size[1],
                threads=threads,
            )
            numbers[candidate.key] += 1
            candidate = candidate.model_copy(update={"number": numbers[candidate.key]})
            planned.append(_checked(candidate, source, absent))
    if request.require_device:
        for entry in planned:
            if entry.status == "missing device":
                raise DeviceError(f"{entry.reason}; leave --require-device out to measure without it")
    return planned


def _settings(
    request: BenchRequest, source: Source
) -> tuple[Sequence[Hint | None], Sequence[int | None], Sequence[int], Sequence[Size]]:
    """Return the settings that have a meaning for the source: hints and streams are OpenVINO's."""
    sizes = [_size(source.variant.contract, size) for size in request.sizes] or [
        source.variant.contract.input.fit(FREE_SIDE)
    ]
    if source.runtime == "openvino":
        return request.hints, request.streams, request.batches, sizes
    return (None,), (None,), request.batches, sizes


def _size(contract: Contract, size: Size) -> Size:
    wanted = contract.input
    if any(side % wanted.multiple or side < wanted.min_side for side in size):
        raise InputError(
            f"--size {size[0]}x{size[1]}: the network takes multiples of {wanted.multiple} from {wanted.min_side} on"
        )
    return size


def _absent(request: BenchRequest) -> dict[str, str]:
    """Return why a device cannot be used, by device."""
    found: dict[str, str] = {}
    for device in request.devices:
        try:
            require_device(device)
        except DeviceError as error:
            found[device] = str(error)
    return found


def _checked(candidate: Candidate, source: Source, absent: dict[str, str]) -> Planned:
    if source.missing:
        return Planned(candidate, "failed", source.missing)
    try:
        require_offered(candidate.runtime, candidate.settings)
    except ArithmeticUnavailableError as error:
        return Planned(candidate, "not on this device", str(error))
    except DeviceError as error:
        return Planned(candidate, "missing device", str(error))
    if candidate.runtime == "openvino" and candidate.device in absent:
        return Planned(candidate, "missing device", absent[candidate.device])
    return Planned(candidate)

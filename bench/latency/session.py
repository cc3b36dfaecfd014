"""The coordinator: opens each candidate in a process of its own, and lets exactly one of them run at a time."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ...core import BenchRecord, InputError, Progress, last_line
from ...infer import collect_inputs
from ..significance import compare_rounds
from .accuracy import measure_accuracy
from .candidates import Candidate
from .executed import fallback
from .grid import BenchRequest, plan
from .messages import BurstCommand, BurstTimes, InspectCommand, Inspected, Open, Opened, StagesCommand, StageTimes
from .outcomes import Outcome
from .process import CandidateError, WorkerProcess
from .recording import record_of
from .roofline import Roofline, measure_roofline
from .rounds import interleave

__all__ = ["run_benchmark"]

_INSPECTIONS = 5
_PROFILE = 20


def run_benchmark(request: BenchRequest, progress: Progress | None = None) -> BenchRecord:
    """Measure candidates in interleaved rounds.

    Every candidate is opened in a process of its own, one after another, with its threads limited like all others'.
    In each round each of them runs one burst, in an order that changes, while all others sleep. A candidate that cannot
    be opened, or that executes something else than it was asked for, is told as such and does not stop the others.

    Args:
        request: what to measure.
        progress: called as the work goes on.

    Raises:
        InputError: the request makes no sense, as its message says.
        DeviceError: a device is missing, and the request requires it.
        DependencyError: SciPy is not installed, and there is something to compare.
    """
    _check(request)
    outcomes = [Outcome(each.candidate, each.status, each.reason) for each in plan(request)]
    baseline = _baseline(outcomes, request.baseline)
    if len(outcomes) > 1:
        # What is missing for the verdicts is said before the measurement, not after it.
        compare_rounds([[1.0]], [[1.0]])
    images = collect_inputs([request.end_to_end]) if request.end_to_end else []
    tell = progress or _silent
    runnable = [outcome for outcome in outcomes if outcome.status == "measured"]
    with contextlib.ExitStack() as stack:
        workers: dict[str, WorkerProcess] = {}
        for number, outcome in enumerate(runnable):
            tell(f"opening {outcome.candidate.key}", number, len(runnable))
            worker = _open(outcome, request, images, stack)
            if worker is not None:
                workers[outcome.candidate.key] = worker
        live = [outcome for outcome in runnable if outcome.candidate.key in workers]
        for number, outcome in enumerate(live):
            tell(f"inspecting {outcome.candidate.key}", number, len(live))
            _inspect(outcome, _PROFILE if request.profile else _INSPECTIONS)
        # Right behind the layers that are compared with it: a machine's limits, too, depend on what else it does.
        rooflines = _rooflines(live, tell) if request.profile else {}
        interleave(
            {
                outcome.candidate.key: _turn(outcome, workers[outcome.candidate.key], request, images)
                for outcome in live
            },
            _rounds(request),
            progress=tell,
        )
        for outcome in live:
            if outcome.status == "measured":
                _close(outcome, workers[outcome.candidate.key])
    if request.data:
        measure_accuracy([o for o in outcomes if o.measured], request.data, request.samples, progress=tell)
    return record_of(
        outcomes,
        request,
        baseline,
        rounds=_rounds(request),
        images=[str(path) for path in images],
        rooflines=rooflines,
    )


def _silent(what: str, done: int, expected: int | None) -> None:
    """Nobody wants to know."""


def _check(request: BenchRequest) -> None:
    if request.rounds < 1 or request.warm_up < 0 or not request.seconds > 0:
        raise InputError("give 1 round or more, a warm-up of 0 or more, and more than 0 seconds")
    if request.iterations is not None and request.iterations < 1:
        raise InputError("--iterations: give 1 or more")


def _baseline(outcomes: Sequence[Outcome], words: str | None) -> Outcome:
    """The candidate in whose key all the words occur; of several, the first that can be measured."""
    fitting = [o for o in outcomes if words is None or all(word in o.candidate.key for word in words.split())]
    if not fitting:
        keys = "; ".join(outcome.candidate.key for outcome in outcomes)
        raise InputError(f"--baseline {words}: no candidate has these words in its name; there are: {keys}")
    return next((outcome for outcome in fitting if outcome.status == "measured"), fitting[0])


def _rooflines(outcomes: Sequence[Outcome], tell: Progress) -> dict[str, Roofline]:
    """Measure the limits of each device whose layers are known, by the device's name."""
    found: dict[str, Roofline] = {}
    refused: dict[str, str] = {}
    for outcome in outcomes:
        device = outcome.candidate.device
        if not outcome.inspected or not outcome.inspected.layers:
            continue
        if device not in found and device not in refused:
            tell(f"roofline of {device}", 0, 1)
            try:
                found[device] = measure_roofline(device, threads=outcome.candidate.threads)
            except RuntimeError as error:
                refused[device] = last_line(error)
        if device in refused:
            outcome.notes.append(f"no roofline: {refused[device]}")
    return found


def _rounds(request: BenchRequest) -> int:
    return min(request.rounds, request.iterations) if request.iterations else request.rounds


def _inspect(outcome: Outcome, iterations: int) -> None:
    if outcome.candidate.runtime != "openvino":
        return
    with tempfile.TemporaryDirectory() as folder, WorkerProcess(outcome.candidate) as worker:
        try:
            outcome.inspected = worker.ask(InspectCommand(cache=Path(folder), iterations=iterations), Inspected)
        except CandidateError as error:
            outcome.notes.append(f"its layers could not be timed: {error}")


def _open(
    outcome: Outcome, request: BenchRequest, images: Sequence[Path], stack: contextlib.ExitStack
) -> WorkerProcess | None:
    worker = stack.enter_context(WorkerProcess(outcome.candidate))
    try:
        outcome.opened = worker.ask(Open(warm_up=request.warm_up), Opened)
        instead = fallback(outcome.candidate, outcome.opened.executed)
        if instead is not None:
            outcome.fail(instead, "fallback")
            return None
        if _whole_way(outcome.candidate) and images:
            worker.ask(StagesCommand(images=[images[0]]), StageTimes)
    except CandidateError as error:
        outcome.fail(str(error), error.status)
        return None
    return worker


def _close(outcome: Outcome, worker: WorkerProcess) -> None:
    try:
        outcome.closed = worker.close()
    except CandidateError as error:
        outcome.notes.append(f"its memory is not known: {error}")


def _turn(
    outcome: Outcome, worker: WorkerProcess, request: BenchRequest, images: Sequence[Path]
) -> Callable[[int], None]:
    """What a candidate does in a round: a burst, and one image the whole way, the same for all candidates."""
    rounds = _rounds(request)
    each = math.ceil(request.iterations / rounds) if request.iterations else None

    def turn(number: int) -> None:
        if outcome.status != "measured":
            return
        command = BurstCommand(
            scenario=str(request.scenario), iterations=each, seconds=request.seconds / rounds, seed=number
        )
        try:
            outcome.bursts.append(worker.ask(command, BurstTimes))
            if images and _whole_way(outcome.candidate):
                image = images[number % len(images)]
                outcome.stages.append(worker.ask(StagesCommand(images=[image]), StageTimes))
        except CandidateError as error:
            outcome.fail(f"in round {number + 1}: {error}")

    return turn


def _whole_way(candidate: Candidate) -> bool:
    """Images pass one by one: a network for several at a time has no end-to-end figure."""
    return candidate.batch == 1

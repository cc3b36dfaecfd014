"""The coordinator: opens each candidate in a process of its own, and lets exactly one of them run at a time."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from ...core import MODEL, BenchRecord, InputError, Progress, Result, last_line, with_settings
from ...infer import collect_inputs
from ..benchmark_settings import BenchmarkSettings
from ..int8 import Int8Verdict, int8_verdicts
from .candidate_accuracy import AccuracySamples, measure_accuracy
from .candidates import Candidate, plan
from .machine_limits import Roofline, measure_roofline
from .process import CandidateError, WorkerProcess, fallback
from .recording import benchmark_exit_code, record_of, require_statistics
from .rembg_process import RembgProcess
from .trials import TOTAL, Trial
from .worker import Worker

__all__ = ["BenchmarkResult", "benchmark", "benchmark_until", "interleave", "run_benchmark"]

_INSPECTIONS = 5
_PROFILE = 20

_T = TypeVar("_T")


@dataclass(frozen=True)
class BenchmarkResult(Result[BenchRecord]):
    """What a benchmark measured."""

    @property
    def exit_code(self) -> int:
        """Return what the command line ends with."""
        return benchmark_exit_code(self.record)

    @property
    def verdicts(self) -> tuple[Int8Verdict, ...]:
        """Return whether INT8 pays, for each model that was measured in FP32 and in INT8."""
        return int8_verdicts(self.record)


def run_benchmark(models: str | Path | Sequence[str | Path], settings: BenchmarkSettings) -> BenchmarkResult:
    """Measure models on devices, runtimes and settings, in interleaved rounds, each in a process of its own.

    Every candidate is opened in its process, one after another, with its threads limited like all others'. In each
    round each of them runs one burst, in an order that changes, while all others sleep. A candidate that cannot be
    opened, or that executes something else than it was asked for, is told as such and does not stop the others.

    Args:
        models: what to measure, one or several; a model's folder means each variant in it.
        settings: how; as `BenchmarkSettings`.

    Returns:
        The record of all that was measured, and what follows from it.

    Raises:
        InputError: the settings make no sense, as the message says.
        DeviceError: a device is missing, and the settings require it.
        DependencyError: SciPy is not installed, and there is something to compare.
        MattekitError: a model cannot be read.

    Example:
        >>> from mattekit import benchmark
        >>> result = benchmark("srlite-x2", size="16", rounds=2, iterations=4)
        >>> result.exit_code, [figure.model for figure in result.record.of_metric("latency_p50")]
        (0, ['srlite-x2'])
    """
    return benchmark_until(models, settings, lambda _: True)


benchmark = with_settings(BenchmarkSettings, "benchmark")(run_benchmark)
"""`run_benchmark`, with the fields of its settings as keywords."""


def benchmark_until(
    models: str | Path | Sequence[str | Path],
    settings: BenchmarkSettings,
    enough: Callable[[BenchRecord], bool],
    *,
    samples: AccuracySamples | None = None,
    others: Sequence[Candidate] = (),
) -> BenchmarkResult:
    """Measure as `run_benchmark` does, and once the rounds are over more of them until that is enough.

    Args:
        models: what to measure.
        settings: how; `seconds`, `iterations` and `rounds` are those of the first part, and of each that follows.
        enough: told the record of all rounds so far, whether it will do.
        samples: for the accuracy, in place of the settings' data.
        others: further candidates, which are executed in other environments. With them, candidates are compared over
            the whole way of an image.

    Raises:
        MattekitError: as `run_benchmark`.
    """
    named = [models] if isinstance(models, str | Path) else models
    trials = [*(Trial(*each) for each in plan(named, settings)), *map(Trial, others)]
    baseline = _baseline(trials, settings.baseline)
    if len(trials) > 1:
        require_statistics()
    images = collect_inputs([settings.end_to_end]) if settings.end_to_end else []
    shown = [str(path) for path in images]
    tell: Progress = settings.progress or (lambda _what, _done, _expected: None)
    runnable = [trial for trial in trials if trial.status == "measured"]
    with contextlib.ExitStack() as stack:
        workers: dict[str, WorkerProcess] = {}
        for number, trial in enumerate(runnable):
            tell(f"opening {trial.candidate.key}", number, len(runnable))
            worker = _open(trial, settings, images, stack)
            if worker is not None:
                workers[trial.candidate.key] = worker
        live = [trial for trial in runnable if trial.candidate.key in workers]
        for number, trial in enumerate(live):
            tell(f"inspecting {trial.candidate.key}", number, len(live))
            _inspect(trial, _PROFILE if settings.profile else _INSPECTIONS)
        # Right behind the layers that are compared with it: a machine's limits, too, depend on what else it does.
        rooflines = _rooflines(live, tell) if settings.profile else {}
        turns = {trial.candidate.key: _turn(trial, workers[trial.candidate.key], settings, images) for trial in live}
        rounds = 0

        def record() -> BenchRecord:
            return record_of(trials, settings, baseline, images=shown, rooflines=rooflines, rounds=rounds)

        while rounds == 0 or not enough(record()):
            interleave(turns, settings.turns, start=rounds, progress=tell)
            rounds += settings.turns
            if not any(trial.status == "measured" for trial in live):
                break
        for trial in live:
            if trial.status != "measured":
                continue
            try:
                trial.memory = workers[trial.candidate.key].call(Worker.memory)
            except CandidateError as error:
                trial.notes.append(f"its memory is not known: {error}")
    if samples is None and settings.data:
        samples = AccuracySamples(settings.data, settings.limit)
    if samples:
        measure_accuracy([o for o in trials if o.measured], samples, baseline=baseline, progress=tell)
    return BenchmarkResult((record().model_copy(update={"compared": TOTAL if others and images else MODEL}),))


def interleave(
    runs: Mapping[str, Callable[[int], _T]],
    rounds: int,
    *,
    start: int = 0,
    progress: Progress | None = None,
) -> dict[str, list[_T]]:
    """Call each function once a round with the round's number; what it returned, by name and round.

    Whatever else a machine does falls on all of them alike. The order within a round is shuffled anew each time, always
    in the same way, so that no candidate always runs behind the same other one, whose caches and heat it would inherit.

    Args:
        runs: by name.
        rounds: how many.
        start: number of the first one, where others went before.
        progress: called after each round, with the rounds.
    """
    rng = np.random.default_rng(start)
    names = list(runs)
    found: dict[str, list[_T]] = {name: [] for name in names}
    for number in range(start, start + rounds):
        for index in rng.permutation(len(names)):
            name = names[int(index)]
            found[name].append(runs[name](number))
        if progress:
            progress("rounds", number + 1, start + rounds)
    return found


def _baseline(trials: Sequence[Trial], named: str | None) -> Trial:
    """The candidate in whose key all the words occur; of several, the first that can be measured."""
    fitting = [o for o in trials if named is None or all(word in o.candidate.key for word in named.split())]
    if not fitting:
        keys = "; ".join(trial.candidate.key for trial in trials)
        raise InputError(f"--baseline {named}: no candidate has these words in its name; there are: {keys}")
    return next((trial for trial in fitting if trial.status == "measured"), fitting[0])


def _rooflines(trials: Sequence[Trial], tell: Progress) -> dict[str, Roofline]:
    """Measure the limits of each device whose layers are known, by the device's name."""
    found: dict[str, Roofline] = {}
    refused: dict[str, str] = {}
    for trial in trials:
        device = trial.candidate.device
        if not trial.inspected or not trial.inspected.layers:
            continue
        if device not in found and device not in refused:
            tell(f"roofline of {device}", 0, 1)
            try:
                found[device] = measure_roofline(device, threads=trial.candidate.threads)
            except RuntimeError as error:
                refused[device] = last_line(error)
        if device in refused:
            trial.notes.append(f"no roofline: {refused[device]}")
    return found


def _inspect(trial: Trial, iterations: int) -> None:
    if trial.candidate.runtime != "openvino":
        return
    with tempfile.TemporaryDirectory() as folder, WorkerProcess(trial.candidate) as worker:
        try:
            trial.inspected = worker.call(Worker.inspect, Path(folder), iterations)
        except CandidateError as error:
            trial.notes.append(f"its layers could not be timed: {error}")


def _open(
    trial: Trial, settings: BenchmarkSettings, images: Sequence[Path], stack: contextlib.ExitStack
) -> WorkerProcess | None:
    kind = RembgProcess if trial.candidate.interpreter else WorkerProcess
    worker = stack.enter_context(kind(trial.candidate))
    try:
        trial.opened = worker.call(Worker.open, settings.warm_up)
        instead = fallback(trial.candidate, trial.opened.executed)
        if instead is not None:
            trial.fail(instead, "fallback")
            return None
        if images and trial.candidate.batch == 1:
            worker.call(Worker.stages, images[:1])
    except CandidateError as error:
        trial.fail(str(error), error.status)
        return None
    return worker


def _turn(
    trial: Trial, worker: WorkerProcess, settings: BenchmarkSettings, images: Sequence[Path]
) -> Callable[[int], None]:
    """What a candidate does in a round: a burst, and one image the whole way, the same for all candidates."""
    rounds = settings.turns
    each = math.ceil(settings.iterations / rounds) if settings.iterations else None

    def turn(number: int) -> None:
        if trial.status != "measured":
            return
        try:
            burst = worker.call(Worker.burst, settings.scenario, each, settings.seconds / rounds, seed=number)
            trial.bursts.append(burst)
            # Images pass one by one: a network for several at a time has no end-to-end figure.
            if images and trial.candidate.batch == 1:
                trial.stages.append(worker.call(Worker.stages, [images[number % len(images)]]))
        except CandidateError as error:
            trial.fail(f"in round {number + 1}: {error}")

    return turn

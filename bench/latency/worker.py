"""A worker: one candidate in a process of its own, which sleeps until the coordinator tells it to run.

Started as `python -P -m mattekit.bench.latency.worker`; the first line on its standard input is the candidate, each
further one a command. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO

from ...core import ArithmeticUnavailableError, ExecutedLayers, MattekitError
from ...infer import BoundInput, OpenVinoRuntime, Runtime
from ..benchmark_settings import parse_scenario
from .candidates import Candidate
from .process import (
    COMMANDS,
    Answer,
    BurstCommand,
    BurstTimes,
    Close,
    Closed,
    Executed,
    InspectCommand,
    Open,
    Opened,
    Refused,
    StagesCommand,
    StageTimes,
)
from .scenarios import run_burst

__all__ = ["Worker", "main"]


class Worker:
    """Answers commands about one candidate."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._open: tuple[Runtime, BoundInput] | None = None
        self._base: int | None = None
        self._asleep_since = 0.0

    def open(self, command: Open) -> Opened:
        """Compile, run once, warm up, and tell what is executed."""
        self._base = _peak_memory()
        runtime = self._candidate.open()
        bound = runtime.bind(self._candidate.sample_input())
        started = time.perf_counter()
        bound.infer()
        first_ms = (time.perf_counter() - started) * 1000
        for _ in range(command.warm_up):
            bound.infer()
        self._open = runtime, bound
        self._settle()
        return Opened(compile_ms=runtime.compile_ms, first_ms=first_ms, executed=_executed_by(runtime))

    def burst(self, command: BurstCommand) -> BurstTimes:
        """Run a burst of a scenario."""
        _, bound = self._opened()
        idle = time.process_time() - self._asleep_since
        bound.infer()
        busy, own, began = _machine_busy(), time.process_time(), time.perf_counter()
        burst = run_burst(
            bound,
            parse_scenario(command.scenario),
            iterations=command.iterations,
            seconds=command.seconds,
            seed=command.seed,
        )
        spent, wall = time.process_time() - own, time.perf_counter() - began
        after = _machine_busy()
        others = None
        if busy is not None and after is not None:
            others = max(0.0, (after - busy - spent) / (wall * (os.cpu_count() or 1)))
        self._settle()
        return BurstTimes(latencies_ms=burst.latencies_ms, wall_ms=burst.wall_ms, others=others, idle_cpu_s=idle)

    def stages(self, command: StagesCommand) -> StageTimes:
        """Bring images from file to encoded result."""
        from .whole_way import time_stages

        runtime, _ = self._opened()
        found = time_stages(self._candidate, runtime, command.images)
        self._settle()
        return StageTimes(stages=found)

    def answer(self, line: str) -> Answer:
        """Do what a line says; what goes wrong in a way that was foreseen is an answer too."""
        command = COMMANDS.validate_python(json.loads(line))
        try:
            if isinstance(command, Open):
                return self.open(command)
            if isinstance(command, BurstCommand):
                return self.burst(command)
            if isinstance(command, StagesCommand):
                return self.stages(command)
            if isinstance(command, InspectCommand):
                from .inspection import inspect

                return inspect(self._candidate, command.cache, command.iterations)
            return Closed(peak_bytes=_peak_memory(), base_bytes=self._base)
        except MattekitError as error:
            return Refused(error=str(error), unavailable=isinstance(error, ArithmeticUnavailableError))

    def _settle(self) -> None:
        """Wait until this process's threads sleep: some wait for more work by spinning, and would disturb the next."""
        for _ in range(100):
            spent = time.process_time()
            time.sleep(0.01)
            if time.process_time() - spent < 0.001:
                break
        self._asleep_since = time.process_time()

    def _opened(self) -> tuple[Runtime, BoundInput]:
        if self._open is None:
            raise RuntimeError("the coordinator opens a candidate before it runs it")
        return self._open


def main(commands: IO[str], answers: IO[str]) -> None:
    """Answer the commands of a stream until it ends or says so."""
    worker = Worker(Candidate.model_validate(json.loads(commands.readline())))
    while line := commands.readline():
        answer = worker.answer(line)
        # An answer of a kind is told from a refusal by its fields; both forbid others.
        answers.write(answer.model_dump_json() + "\n")
        answers.flush()
        if isinstance(COMMANDS.validate_python(json.loads(line)), Close):
            return


def _executed_by(runtime: Runtime) -> Executed:
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


def _peak_memory() -> int | None:
    """Peak resident memory of this process in bytes; None where the system does not tell.

    Not `getrusage`: what it tells starts at the peak of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def _machine_busy() -> float | None:
    """Processor seconds that the whole machine has spent so far, what a hypervisor took included."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return None
    fields = [int(value) for value in stat.read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    # Answers go out by a descriptor of their own, so that a library's print cannot be taken for one.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    main(sys.stdin, out)

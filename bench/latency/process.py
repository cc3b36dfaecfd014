"""A candidate in a process of its own, as the coordinator holds it: what it answers, and what it executes."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Any, Concatenate, NamedTuple, ParamSpec, Self, TypeVar, cast

from ...core import ExecutedLayers, Execution, LayerTime, MattekitError, last_line
from .candidates import Candidate, Status

__all__ = [
    "INT8",
    "Burst",
    "CandidateError",
    "Executed",
    "Inspected",
    "Memory",
    "Opened",
    "WorkerProcess",
    "fallback",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

INT8 = frozenset({"i8", "u8", "int8", "uint8"})
"""Precisions of layers, as OpenVINO's plugins call them (in any case), that are integer arithmetic."""

_FREE = frozenset({"AUTO", "MULTI", "BATCH"})
"""Devices that choose among others: whatever executes is what was asked for, and is told."""


class Executed(Execution):
    """What was really executed: how, and in which layers.

    Attributes:
        layers: of the runtime model, constants left out; empty where the device gives none.
        quantized: whether the model asks for integer arithmetic.
    """

    layers: tuple[ExecutedLayers, ...] = ()
    quantized: bool = False

    @property
    def plain(self) -> Execution:
        """Return how it was executed, without the layers."""
        return Execution.model_validate(self.model_dump(include=set(Execution.model_fields)))

    @property
    def int8_layers(self) -> int:
        """Return how many layers are executed in integers."""
        return sum(each.count for each in self.layers if each.precision.lower() in INT8 and each.computes)


def fallback(candidate: Candidate, executed: Executed) -> str | None:
    """Say what was executed in place of what was asked for; None where it is the same.

    Another device than the named one, or no computing layer in integers though the model is quantized.
    """
    head, _, listed = candidate.device.partition(":")
    # With a minus in front, a list names what is not to be used.
    names = {name.strip() for name in (listed or head).split(",")}
    asked = {name for name in names if not name.startswith("-")} - _FREE
    for device in executed.devices:
        plain = device.strip("()")
        if asked and not any(plain == name or plain.split(".")[0] == name for name in asked):
            return f"{candidate.device} was asked for, but {device} executed it"
    wants_int8 = executed.quantized or candidate.variant.precision == "int8"
    if wants_int8 and executed.layers and not executed.int8_layers:
        found = sorted({each.precision for each in executed.layers if each.computes})
        return f"INT8 was asked for, but no computing layer was executed in it (executed: {', '.join(found) or 'none'})"
    return None


@dataclass(frozen=True)
class Opened:
    """What it took to open a candidate.

    Attributes:
        compile_ms: milliseconds of the compilation.
        first_ms: and of the first inference behind it.
        executed: what is executed.
    """

    compile_ms: float
    first_ms: float
    executed: Executed


@dataclass(frozen=True)
class Burst:
    """What one candidate did in one round.

    Attributes:
        latencies_ms: milliseconds of each query, in the order of their answers.
        wall_ms: milliseconds in all.
        others: the share of the processors that other processes took meanwhile; None where nobody tells.
        idle_cpu_s: processor seconds that the worker used since its last burst, while it should have slept.
    """

    latencies_ms: list[float]
    wall_ms: float
    others: float | None = None
    idle_cpu_s: float = 0.0


@dataclass(frozen=True)
class Inspected:
    """What a process that measures nothing else found out.

    Attributes:
        cached_compile_ms: milliseconds of a compilation from a filled cache; None where the device kept none.
        layers: in their order.
    """

    cached_compile_ms: float | None
    layers: list[LayerTime]


class Memory(NamedTuple):
    """A process's peak memory, and what it took before the model was opened, in bytes; None where nobody tells."""

    peak_bytes: int | None
    base_bytes: int | None


PATIENCE_S = 600.0
"""How long an answer is waited for: longer than any burst or compilation takes, unless the device hangs."""

_ENDED = object()
"""In place of an answer: there will be none."""

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class CandidateError(MattekitError):
    """A candidate that cannot be measured; the others go on.

    Attributes:
        status: what came of the candidate.
    """

    def __init__(self, message: str, status: Status = "failed") -> None:
        super().__init__(message)
        self.status: Status = status


class WorkerProcess:
    """One candidate in a process of its own, with its threads limited like all others'.

    It runs only between a call and its answer, and sleeps otherwise.

    Raises:
        CandidateError: (from `call`) the worker refused, died or hung, as the message says.
    """

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process, closed with it
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._environment,
        )
        # Both were asked for as pipes, and so they are there.
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._answers: Queue[object] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._greet()

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def call(self, method: Callable[Concatenate[Any, _P], _R], *arguments: _P.args, **named: _P.kwargs) -> _R:
        """Call a method of the process's `Worker`, and wait for what it returns."""
        self._send((method.__name__, arguments, named))
        return cast("_R", self._receive())

    @property
    def _command(self) -> list[str]:
        # -P: the working folder is not a place to import from; this repository's `datasets` would shadow another.
        return [sys.executable, "-P", "-m", "mattekit.bench.latency.worker"]

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **dict.fromkeys(_THREADS, str(self.candidate.threads))}

    def _greet(self) -> None:
        """Send what the process works on."""
        self._send(self.candidate)

    def _receive(self) -> object:
        try:
            answer = self._answers.get(timeout=PATIENCE_S)
        except Empty:
            self._process.kill()
            raise CandidateError(
                f"no answer after {PATIENCE_S:.0f} s; the device hangs, or the burst is too long"
            ) from None
        if answer is _ENDED:
            raise CandidateError(self._last_words())
        if isinstance(answer, CandidateError):
            raise answer
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._input.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._output.close()
        self._errors.close()

    def _send(self, what: object) -> None:
        try:
            pickle.dump(what, self._input)
            self._input.flush()
        except BrokenPipeError:
            raise CandidateError(self._last_words()) from None

    def _read(self) -> None:
        with contextlib.suppress(EOFError, pickle.UnpicklingError):
            while True:
                self._answers.put(pickle.load(self._output))  # noqa: S301 - from a process of our own
        self._answers.put(_ENDED)

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        said = last_line(self._errors.read().decode("utf-8", "replace"))
        killed = " (killed: perhaps the memory was not enough)" if code == -9 else ""
        return f"its process ended with {code}{killed}{f': {said}' if said else ''}"

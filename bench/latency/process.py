"""A candidate in a process of its own: what it is told and answers, a line of JSON each, and what it executes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Annotated, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ...core import ExecutedLayers, Execution, LayerTime, MattekitError, json_bytes, last_line
from .candidates import Candidate, Status

__all__ = [
    "COMMANDS",
    "INT8",
    "Answer",
    "BurstCommand",
    "BurstTimes",
    "CandidateError",
    "Close",
    "Closed",
    "Command",
    "Executed",
    "InspectCommand",
    "Inspected",
    "Open",
    "Opened",
    "Refused",
    "StageTimes",
    "StagesCommand",
    "WorkerProcess",
    "fallback",
]

INT8 = frozenset({"i8", "u8", "int8", "uint8"})
"""Precisions of layers, as OpenVINO's plugins call them (in any case), that are integer arithmetic."""

_FREE = frozenset({"AUTO", "MULTI", "BATCH"})
"""Devices that choose among others: whatever executes is what was asked for, and is told."""


class Executed(Execution):
    """What was really executed: how, and in which layers.

    layers: of the runtime model, constants left out; empty where the device gives none. quantized: whether the model
    asks for integer arithmetic.
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


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Open(_Message):
    """Compile, run once, warm up, and tell what is executed."""

    do: Literal["open"] = "open"
    warm_up: int


class BurstCommand(_Message):
    """Run a burst of a scenario; fields as of `run_burst`. The first call warms the caches up and is not measured."""

    do: Literal["burst"] = "burst"
    scenario: str
    iterations: int | None
    seconds: float | None
    seed: int


class StagesCommand(_Message):
    """Bring images from file to encoded result, one after another, and time each stage."""

    do: Literal["stages"] = "stages"
    images: list[Path]


class InspectCommand(_Message):
    """Of OpenVINO, in a process that measures nothing else: the time of each layer, and a compilation from a cache."""

    do: Literal["inspect"] = "inspect"
    cache: Path
    iterations: int


class Close(_Message):
    """Tell how much memory was used, and end."""

    do: Literal["close"] = "close"


Command = Annotated[Open | BurstCommand | StagesCommand | InspectCommand | Close, Field(discriminator="do")]
COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


class Answer(_Message):
    """Base of what a worker answers."""


class Opened(Answer):
    """Milliseconds of the compilation and of the first inference behind it, and what is executed."""

    compile_ms: float
    first_ms: float
    executed: Executed


class BurstTimes(Answer):
    """Milliseconds of each query and in all; others: the share of the processors that other processes took meanwhile.

    idle_cpu_s: processor seconds that this worker used since its last burst, while it should have slept.
    """

    latencies_ms: list[float]
    wall_ms: float
    others: float | None
    idle_cpu_s: float


class StageTimes(Answer):
    """Milliseconds of each stage, by stage and image."""

    stages: dict[str, list[float]]


class Inspected(Answer):
    """Milliseconds of a compilation from a filled cache, None where the device kept none; the layers in order."""

    cached_compile_ms: float | None
    layers: list[LayerTime]


class Closed(Answer):
    """The process's peak memory, and what it took before the model was opened, in bytes; None where nobody tells."""

    peak_bytes: int | None
    base_bytes: int | None


class Refused(Answer):
    """What went wrong, as a sentence; unavailable: the device does not compute in the arithmetic that was asked for."""

    error: str
    unavailable: bool = False


_A = TypeVar("_A", bound=Answer)

PATIENCE_S = 600.0
"""How long an answer is waited for: longer than any burst or compilation takes, unless the device hangs."""

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

    It runs only between a question and its answer, and sleeps otherwise.

    Raises:
        CandidateError: (from `ask`) the worker refused, died or hung, as the message says.
    """

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process, closed with it
        # -P: the working folder is not a place to import from; this repository's `datasets` would shadow another.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mattekit.bench.latency.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, **dict.fromkeys(_THREADS, str(candidate.threads))},
        )
        # Both were asked for as pipes, and so they are there.
        self._input = cast("IO[str]", self._process.stdin)
        self._output = cast("IO[str]", self._process.stdout)
        self._lines: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._send(json_bytes(candidate.model_dump(mode="json")).decode())

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._process.pid

    def ask(self, command: Command, expected: type[_A], patience_s: float = PATIENCE_S) -> _A:
        """Send a command and wait for its answer."""
        self._send(json_bytes(command.model_dump(mode="json")).decode())
        try:
            line = self._lines.get(timeout=patience_s)
        except Empty:
            self._process.kill()
            raise CandidateError(
                f"no answer after {patience_s:.0f} s; the device hangs, or the burst is too long"
            ) from None
        if not line:
            raise CandidateError(self._last_words())
        if line.startswith('{"error":'):
            refused = Refused.model_validate_json(line)
            raise CandidateError(refused.error, "not on this device" if refused.unavailable else "failed")
        return expected.model_validate_json(line)

    def close(self) -> Closed:
        """End the worker; what it says of its memory."""
        return self.ask(Close(), Closed)

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

    def _send(self, text: str) -> None:
        try:
            self._input.write(text + "\n")
            self._input.flush()
        except BrokenPipeError:
            raise CandidateError(self._last_words()) from None

    def _read(self) -> None:
        for line in self._output:
            self._lines.put(line)
        self._lines.put("")

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        said = last_line(self._errors.read().decode("utf-8", "replace"))
        killed = " (killed: perhaps the memory was not enough)" if code == -9 else ""
        return f"its process ended with {code}{killed}{f': {said}' if said else ''}"

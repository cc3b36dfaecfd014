"""What every runtime is: tensors in, tensors out, and what it tells of how it executes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core import Arithmetic, Contract, Execution, Hint, Variant
from .forking import native_calls
from .interface import Interface

__all__ = [
    "DEFAULTS",
    "BoundInput",
    "Feed",
    "LoadedModel",
    "Queue",
    "Runtime",
    "RuntimeSettings",
    "SerialInput",
    "SerialRuntime",
    "Spent",
    "Tensor",
    "Timer",
]

Tensor = NDArray[np.float32]

Feed = NDArray[Any] | tuple[NDArray[Any], ...]
"""What a file takes: its one input, or all of them in its order."""


@dataclass(frozen=True)
class RuntimeSettings:
    """How a model is opened.

    Attributes:
        device: an OpenVINO device string.
        arithmetic: of floating-point numbers; unless told, a CPU with AMX would compute in bf16, and a GPU in f16.
        hint: of OpenVINO.
        streams: of OpenVINO; None leaves them to the hint.
        threads: of a CPU; as many as it has cores where None.
        pinned: those threads stay on cores of their own, which processes that share a machine must not do: all would
            take the same ones.
        shape: of the input, in the file's own layout, where the model takes others too.
        model: the entry of the zoo whose network a checkpoint fills.
    """

    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    hint: Hint = "latency"
    streams: int | None = None
    threads: int | None = None
    pinned: bool = False
    shape: tuple[int, int, int, int] | None = None
    model: str = ""


DEFAULTS = RuntimeSettings()
"""The processor in f32, for short answers."""


class Spent(NamedTuple):
    """Seconds of a thread's calls.

    Attributes:
        working: in which the device worked on them.
        waiting: in which they waited for their turn.
    """

    working: float = 0.0
    waiting: float = 0.0


class Timer(threading.local):
    """Counts what each thread's calls take: `spent` is what those of the calling thread have taken so far."""

    def __init__(self) -> None:
        self.spent = Spent()

    def add(self, called: float, started: float) -> None:
        """Count a call that ends now; times are those of `time.perf_counter`."""
        before, ended = self.spent, time.perf_counter()
        self.spent = Spent(before.working + ended - started, before.waiting + started - called)


class Queue(Protocol):
    """Queries in flight; `submit` waits until one more can be started, `drain` until all are answered."""

    def submit(self, since: float) -> None:
        """Start a query whose latency counts from `since`, a time of `time.perf_counter`."""
        ...

    def drain(self) -> None:
        """Wait until all are answered."""
        ...


class BoundInput(Protocol):
    """An input that was prepared once, for measuring: a query on it copies nothing, and its answer is not looked at.

    It serves the thread that bound it, and no process that is forked meanwhile.
    """

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        ...

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open a queue for as many queries as are best in flight at a time.

        Args:
            answered: called with each query's `since` the moment that it is answered.
        """
        ...


class Runtime(Protocol):
    """What executes a model."""

    @property
    def info(self) -> Execution:
        """How it executes, as far as it can tell now: under AUTO the device may change."""
        ...

    @property
    def interface(self) -> Interface | None:
        """What the file that it executes takes and gives; None where it executes no file of a graph."""
        ...

    @property
    def compile_ms(self) -> float:
        """Milliseconds from the file, already read where there is a step for that, to something that runs."""
        ...

    @property
    def spent(self) -> Spent:
        """What the calling thread's calls of `run` and `run_all` have taken so far."""
        ...

    def run(self, tensor: Feed) -> Tensor:
        """Execute the network on (N, C, H, W) float32 and return its first output as float32."""
        ...

    def run_all(self, tensor: Feed) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        ...

    def bind(self, tensor: Feed) -> BoundInput:
        """Prepare an input once, for queries that are timed."""
        ...


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run; one that is sent to another process is opened there again.

    Attributes:
        variant: what it is.
        runtime: what executes it.
        reopen: opens it again, from its file and with its settings; None for one that cannot be sent.
    """

    variant: Variant
    runtime: Runtime
    reopen: Callable[[], LoadedModel] | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Callable[[], LoadedModel], tuple[()]]:
        """Travel as what opens it."""
        if self.reopen is None:
            raise TypeError(f"{self.path}: this model cannot be sent to another process; open it with open_model")
        return self.reopen, ()

    @property
    def path(self) -> Path:
        """Return the model's file."""
        return self.variant.path

    @property
    def contract(self) -> Contract:
        """Return what surrounds the network."""
        return self.variant.contract

    @property
    def id(self) -> str:
        """Return the zoo's id of the model, or the file's name where it says none."""
        return self.variant.id


class SerialRuntime:
    """A runtime that answers one query at a time: calls of several threads wait for one another.

    A fork waits for the query that is under way.

    Args:
        info: how it executes.
        execute: executes the network on (N, C, H, W) float32 and returns every output, the first one first, in memory
            that the next query leaves alone.
        bind: prepares an input once and returns what answers a query on it, for a runtime that can spare itself
            copies; a query on a bound input is a call of `execute` where None.
        compile_ms: milliseconds that loading the network took.
        interface: of the file that it executes; None where that is no file of a graph.
    """

    def __init__(
        self,
        info: Execution,
        execute: Callable[[Any], Iterable[object]],
        *,
        bind: Callable[[Any], Callable[[], object]] | None = None,
        compile_ms: float = 0.0,
        interface: Interface | None = None,
    ) -> None:
        self.info = info
        self.interface = interface
        self.compile_ms = compile_ms
        self._execute = execute
        self._bind = bind
        self._turn = threading.Lock()
        self._timer = Timer()

    @property
    def spent(self) -> Spent:
        """Return what the calling thread's calls have taken so far."""
        return self._timer.spent

    def run(self, tensor: Feed) -> Tensor:
        """Execute the network on (N, C, H, W) float32 and return its first output as float32."""
        return self.run_all(tensor)[0]

    def run_all(self, tensor: Feed) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        called = time.perf_counter()
        with native_calls(), self._turn:
            started = time.perf_counter()
            try:
                return [np.asarray(each, dtype=np.float32) for each in self._execute(tensor)]
            finally:
                self._timer.add(called, started)

    def bind(self, tensor: Feed) -> BoundInput:
        """Prepare an input once, for queries that are timed."""
        answer = self._bind(tensor) if self._bind else lambda: self._execute(tensor)

        def in_turn() -> None:
            with native_calls(), self._turn:
                answer()

        return SerialInput(in_turn)


class SerialInput:
    """A bound input whose queries are answered one after another.

    Args:
        answer: answers one query.
    """

    def __init__(self, answer: Callable[[], object]) -> None:
        self._answer = answer

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        self._answer()

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open a queue that answers each query at once."""
        return _AtOnce(self._answer, answered)


class _AtOnce:
    def __init__(self, answer: Callable[[], object], answered: Callable[[float], None]) -> None:
        self._answer = answer
        self._answered = answered

    def submit(self, since: float) -> None:
        self._answer()
        self._answered(since)

    def drain(self) -> None:
        """Nothing is in flight."""

"""The part that runtimes share which answer one query at a time: to be one, a function that executes is enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import numpy as np

from ...core import Execution
from .base import BoundInput, Queue, Spent, Tensor, Timer
from .forking import native_calls

__all__ = ["SerialInput", "SerialRuntime"]


class SerialRuntime:
    """A runtime that answers one query at a time: calls of several threads wait for one another.

    A fork waits for the query that is under way.

    Args:
        info: how it executes.
        execute: executes the network on (N, 3, H, W) float32 and returns every output, the first one first, in memory
            that the next query leaves alone.
        bind: prepares an input once and returns what answers a query on it, for a runtime that can spare itself
            copies; a query on a bound input is a call of `execute` where None.
        compile_ms: milliseconds that loading the network took.
    """

    def __init__(
        self,
        info: Execution,
        execute: Callable[[Tensor], Iterable[object]],
        *,
        bind: Callable[[Tensor], Callable[[], object]] | None = None,
        compile_ms: float = 0.0,
    ) -> None:
        self.info = info
        self.compile_ms = compile_ms
        self._execute = execute
        self._bind = bind
        self._turn = threading.Lock()
        self._timer = Timer()

    @property
    def spent(self) -> Spent:
        """Return what the calling thread's calls have taken so far."""
        return self._timer.spent

    def run(self, tensor: Tensor) -> Tensor:
        """Execute the network on (N, 3, H, W) float32 and return its first output as float32."""
        return self.run_all(tensor)[0]

    def run_all(self, tensor: Tensor) -> list[Tensor]:
        """Execute the network and return every output, the first one first."""
        called = time.perf_counter()
        with native_calls(), self._turn:
            started = time.perf_counter()
            try:
                return [np.asarray(each, dtype=np.float32) for each in self._execute(tensor)]
            finally:
                self._timer.add(called, started)

    def bind(self, tensor: Tensor) -> BoundInput:
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

"""What a worker executes a candidate with: what every runtime's engine is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from ...core.variant import Variant
from ...infer.runtimes import Runtime, Tensor
from ...infer.runtimes.base import LoadedModel
from .candidates import Candidate
from .executed import Executed
from .scenarios import Queue

__all__ = ["Engine", "SerialQueue", "loaded", "sample_input"]


class Engine(Protocol):
    """A candidate that is ready to run on an input that was prepared once.

    compile_ms: milliseconds from the file, already read where the runtime has a step for that, to something that runs.
    """

    compile_ms: float

    @property
    def runtime(self) -> Runtime:
        """Return what takes tensors."""
        ...

    def infer(self) -> None:
        """Answer one query, and wait for it."""
        ...

    def queue(self, answered: Callable[[float], None]) -> Queue:
        """Open a queue with as many queries in flight as the settings make sensible."""
        ...

    def executed(self) -> Executed:
        """Say what is really executed."""
        ...


class SerialQueue:
    """A queue for runtimes that answer one query at a time, with all threads."""

    def __init__(self, infer: Callable[[], None], answered: Callable[[float], None]) -> None:
        self._infer = infer
        self._answered = answered

    def submit(self, since: float) -> None:
        """Answer the query at once."""
        self._infer()
        self._answered(since)

    def drain(self) -> None:
        """Return: nothing is in flight."""


def sample_input(candidate: Candidate) -> Tensor:
    """Return an input of the candidate's shape, values 0..1: how long a convolution takes does not depend on them."""
    return np.random.default_rng(0).random(candidate.shape, dtype=np.float32)


def loaded(candidate: Candidate, runtime: Runtime) -> LoadedModel:
    """Return the candidate as a model that takes pictures, in windows of its size alone."""
    contract = candidate.contract.with_size(candidate.height, candidate.width)
    return LoadedModel(Variant(candidate.model, candidate.precision, candidate.file, contract), runtime)

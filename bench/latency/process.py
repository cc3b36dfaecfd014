"""A worker's process, as the coordinator holds it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from queue import Empty, Queue
from types import TracebackType
from typing import IO, Self, TypeVar, cast

from ...core import MattekitError, json_bytes, last_line
from .candidates import Candidate, Status
from .messages import Answer, Close, Closed, Command, Refused

__all__ = ["CandidateError", "WorkerProcess"]

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

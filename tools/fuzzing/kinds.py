"""What a target is, and how the command line is called in this process."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

__all__ = ["Act", "BrokenPromiseError", "Target", "called", "from_bytes", "selftest"]

_built: dict[str, Any] = {}

Act = Callable[[int, dict[str, bytes]], None]
"""Called with an input's number and its files, by name."""


class BrokenPromiseError(Exception):
    """Something that must not happen did. what: in a few words. detail: all of it."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(what)
        self.what, self.detail = what, detail


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    prepare: called once, imports and warms up what is heavy. drive: makes the inputs `start` to `stop` for a seed, and
    calls back with each. act: reads an input's files in the working folder; returns a word for what became of it, None
    for `taken`; what it raises is judged.
    """

    name: str
    prepare: Callable[[], None]
    drive: Callable[[int, int, int, Act], None]
    act: Callable[[random.Random], str | None]


def from_bytes(name: str, make: Callable[[random.Random], dict[str, bytes]]) -> Callable[[int, int, int, Act], None]:
    """Return a `drive` whose inputs each depend on their number and the seed alone."""

    def drive(seed: int, start: int, stop: int, act: Act) -> None:
        for index in range(start, stop):
            act(index, make(random.Random(f"{name} {seed} {index}")))

    return drive


def called(*arguments: str | Path) -> str:
    """Call the command line in this process and return `exit N`.

    Raises:
        BrokenPromiseError: a traceback, an exit code that is none of ours, or an error that is not one line.
    """
    from mattekit import cli

    # Putting the commands together takes most of a call's time.
    if "command" not in _built:
        _built["command"] = typer.main.get_command(cli.app)
    cli.app = _built["command"]
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["mattekit", *map(str, arguments)]
    code: object = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv = before
    said = err.getvalue()
    if code not in range(6):
        raise BrokenPromiseError(f"exit code {code}", said)
    if code in {1, 2} and (said.count("\n") != 1 or not said.startswith("mattekit: ")):
        raise BrokenPromiseError("not one line", said)
    for text in (said, out.getvalue()):
        if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
            raise BrokenPromiseError("a control character was printed", repr(text[-2000:]))
    return f"exit {code}"


def selftest() -> Target:
    """Return a target that dies, hangs, raises, and says more than a line."""

    def act(_: random.Random) -> str | None:
        match int(Path("number").read_text()):
            case 1:
                raise KeyError("a traceback")
            case 2:
                os.kill(os.getpid(), signal.SIGSEGV)
            case 3:
                time.sleep(3600)
            case 4:
                print("\x1b[2J", file=sys.stderr)
                raise BrokenPromiseError("a control character was printed", "")
            case _:
                return None
        return None

    def make(index: int) -> dict[str, bytes]:
        return {"number": str(index).encode()}

    def drive(_: int, start: int, stop: int, call: Act) -> None:
        for index in range(start, stop):
            call(index, make(index))

    return Target("selftest", lambda: None, drive, act)

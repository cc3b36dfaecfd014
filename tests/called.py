"""The command line, as tests call it: its commands, and how a call of one ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Ended:
    """How one call of the command line ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def said(self) -> str:
        """Return what it printed, both streams."""
        return self.out + self.err

    def sentence(self) -> str:
        """Return the one line of its error."""
        (line,) = self.err.strip().splitlines()
        assert line.startswith("mattekit: ")
        return line.removeprefix("mattekit: ")


Call = Callable[..., Ended]
"""Calls the command line with these arguments, which may be paths."""


def commands_of(command: Any, name: str = "mattekit") -> Iterator[tuple[str, Any]]:
    """Give what a user types for each command and group, the whole first, and what it is."""
    yield name, command
    for word, part in getattr(command, "commands", {}).items():
        yield from commands_of(part, f"{name} {word}")

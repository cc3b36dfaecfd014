"""A stage: one command of mattekit's, what it reads and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Stage"]


@dataclass(frozen=True)
class Stage:
    """One step of a build.

    name: unique in the build, such as `export-fp32 u2netp`. command: the words after `mattekit`. files: that it reads,
    or folders, of which every file counts. datasets: that it reads, in `open_dataset`'s words, with the scale.
    outputs: files or folders that it leaves. after: names of the stages that must be done before. alone: nothing else
    may run meanwhile, since it measures time. verdict: its exit codes 3 and 4 are a result, and no accident: its
    outputs are there.
    """

    name: str
    command: tuple[str, ...]
    files: tuple[Path, ...] = ()
    datasets: tuple[tuple[str, int], ...] = ()
    outputs: tuple[Path, ...] = ()
    after: tuple[str, ...] = ()
    alone: bool = False
    verdict: bool = False
    facts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def slug(self) -> str:
        """Return the name as a file name."""
        return self.name.replace(" ", "--")

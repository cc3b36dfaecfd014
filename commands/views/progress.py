"""How far a command is, on one line of a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Literal, Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .console import console_of, escape

__all__ = ["ProgressBar"]

_Unit = Literal["bytes", "counts", "frames"]

_EVERY = 0.1
"""Seconds between two drawings, unless something else is being done."""


class ProgressBar:
    """A line on stderr that shows how far the work is; nothing where stderr is no terminal.

    `bytes`, `counts` and `frames` are the `core.progress.Progress` of one line, which shows what was told last, and is
    drawn only when it is told: between two measurements nothing runs here. Use it as a context; the line is gone behind
    it. What is printed meanwhile goes to `console`, above the line.

    Args:
        show: False where there is too little to do for a line, or it is not wanted: `show=not quiet`.
    """

    def __init__(self, *, show: bool = True) -> None:
        self.console = console_of(stderr=True)
        self.live = show and self.console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self.console, transient=True, auto_refresh=False, disable=not self.live)
        self._task: Task | None = None
        self._drawn = 0.0

    def __enter__(self) -> Self:
        """Begin the line, which is empty until something is told."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        self._bar.stop()

    def bytes(self, what: str, done: int, total: int | None) -> None:
        """Show bytes of a download."""
        self._show("bytes", what, done, total)

    def counts(self, what: str, done: int, total: int | None) -> None:
        """Show a number of things."""
        self._show("counts", what, done, total)

    def frames(self, what: str, done: int, total: int | None) -> None:
        """Show frames, and how many there are in a second."""
        self._show("frames", what, done, total)

    def _show(self, unit: _Unit, what: str, done: int, total: int | None) -> None:
        if not self.live:
            return
        said, task = escape(what), self._task
        if task is None or task.fields["unit"] != unit or done < task.completed:
            # Other work, whose speed says nothing of what was done before.
            if task is not None:
                self._bar.remove_task(task.id)
            added = self._bar.add_task(said, total=total, completed=done, unit=unit)
            self._task = next(each for each in self._bar.tasks if each.id == added)
            self._drawn = time.monotonic()
            return
        anew = said != task.description
        self._bar.update(task.id, description=said, completed=done, total=total)
        if anew or time.monotonic() - self._drawn >= _EVERY:
            self._bar.refresh()
            self._drawn = time.monotonic()


class _Amount(ProgressColumn):
    """How much is done of how much, and the speed over the last seconds where it is frames."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes, self._number = DownloadColumn(), MofNCompleteColumn()

    def render(self, task: Task) -> Text:
        if task.fields["unit"] == "bytes":
            return self._bytes.render(task)
        speed = (task.finished_speed or task.speed) if task.fields["unit"] == "frames" else None
        return self._number.render(task) if speed is None else self._number.render(task).append(f" {speed:.1f} fps")

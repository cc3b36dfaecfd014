"""What the command line prints of a run over images: progress, failures, what became of them, where the time went."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...core import Record
from ...infer import STANDARD, ImageOutcome, RunSettings
from ...reports import Cell, Column, Table, number
from .console import console_of, escape
from .fitting import print_lines, print_table
from .progress import ProgressBar

if TYPE_CHECKING:
    from ...cluster import RunResult

__all__ = ["RunView", "print_left_out", "print_stages"]

_MANY = 20
"""Images from which on the latency of each stage is printed unasked."""

_STATISTICS = ("p50", "p90", "p99")


class RunView:
    """Shows a run while it goes on, as a context, and then what became of it.

    Args:
        settings: of the run; those to run with, which tell of the progress, are in `settings`.
        quiet: print errors only.
    """

    def __init__(self, settings: RunSettings, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar = ProgressBar(show=not quiet)
        self._console = console_of()
        self._total: int | None = 0
        self._done = 0
        self.settings = replace(settings, progress=self._progress)

    def __enter__(self) -> Self:
        """Begin."""
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the progress away; of a run that was interrupted say how it can go on."""
        self._bar.__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt) and self._total != 1 and self._done:
            whole = "" if self._total is None else f" of {self._total}"
            go_on = "go on with the same command and --resume"
            print_lines(f"mattekit: {self._done}{whole} images are done; {go_on}", console_of(stderr=True))

    def _progress(self, what: str, done: int, total: int | None) -> None:
        """Show bytes of a download until the images begin."""
        if what.startswith("images"):
            self._total, self._done = total, done
        if self._total == 0:
            self._bar.bytes(what, done, total)
        elif self._total != 1:
            self._done = done
            self._bar.counts(what, done, total)

    def watch(self, outcome: ImageOutcome) -> None:
        """Print the name of a result, and what is to be said of it."""
        if self._quiet or outcome.target is None or outcome.skipped:
            return
        remarks = list(outcome.notes)
        if outcome.foreground is False:
            remarks.append(f"no foreground found (confidence {outcome.confidence or 0:.2f})")
        note = f"  ({'; '.join(remarks)})" if remarks else ""
        if str(outcome.target) == STANDARD:
            # The image itself goes to the standard output.
            if note:
                console_of(stderr=True).print(escape(f"mattekit:{note}"), soft_wrap=True)
            return
        # Two consoles on one screen would write into each other; redirected output stays apart.
        shown = self._bar.console if self._bar.live and self._console.is_terminal else self._console
        shown.print(escape(f"{outcome.target}{note}"), soft_wrap=True)

    def end(self, result: RunResult, *, verbose: bool) -> None:
        """Print the failures on stderr; of several images what became of them, and of many where the time went.

        Args:
            result: of the run.
            verbose: print the latency of each stage of however many images.
        """
        errors = console_of(stderr=True)
        for error in result.errors:
            errors.print(escape(f"mattekit: {error}"), soft_wrap=True)
        if result.failed > len(result.errors):
            errors.print(f"and {result.failed - len(result.errors)} more failed")
        total = result.done + result.failed + result.skipped
        if not self._quiet:
            print_left_out(result.left_out)
        if self._quiet and not verbose:
            return
        parts = [f"{result.done + result.skipped} of {total} done"]
        parts += [f"{result.failed} failed"] if result.failed else []
        parts += [f"{result.skipped} of them by an earlier run"] if result.skipped else []
        said = ", ".join(parts)
        if result.table:
            speed = f"; {result.done / result.seconds:.2f} images/s, starting included" if result.done else ""
            errors.print(escape(f"{said}{speed}; table: {result.table}"))
        elif total > 1 or verbose:
            print_stages(result.record, said, table=verbose or total >= _MANY)


def print_left_out(left_out: dict[str, int]) -> None:
    """Print how many files of folders were not read, by their extensions."""
    if left_out:
        kinds = ", ".join(f"{count} {extension}" for extension, count in left_out.items())
        files = sum(left_out.values())
        were = "file was" if files == 1 else "files were"
        console_of(stderr=True).print(escape(f"{files} {were} not read: {kinds}"), soft_wrap=True)


def print_stages(record: Record, said: str, *, table: bool = True) -> None:
    """Print a table of a record's stages on stderr, then one line: what is said, the throughput and the bottleneck.

    Args:
        record: what was measured, of images or a video.
        said: what the line begins with.
        table: whether the table and the bottleneck are wanted.
    """
    errors = console_of(stderr=True)
    times: dict[str, dict[str, float]] = {}
    for figure in record.of_metric("latency"):
        times.setdefault(figure.stage, {})[figure.statistic] = figure.value or 0.0
    loads = {figure.stage: figure.value or 0.0 for figure in record.of_metric("load")}
    if times and table:
        columns = (Column("stage"), *(Column(f"{each} ms", numeric=True) for each in _STATISTICS))
        rows = [
            (stage, *(number(of[each], "ms") for each in _STATISTICS), f"{loads[stage]:.0%}" if stage in loads else "")
            for stage, of in times.items()
        ]
        shown = Table("", (*columns, Column("load", numeric=True)), tuple(tuple(map(Cell, row)) for row in rows))
        print_table(shown, errors)
    parts = [f"{number(speed.value, speed.unit)} {speed.unit}" for speed in record.of_metric("throughput")]
    # The stage that was busy longest holds all others up.
    busiest = max(loads, key=lambda stage: loads[stage], default="")
    if busiest and table:
        parts.append(f"bottleneck: {busiest} (busy {loads[busiest]:.0%} of the time)")
    print_lines("; ".join([said, *([", ".join(parts)] if parts else [])]), errors)

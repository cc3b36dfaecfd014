"""What the command line prints of a run over pictures: progress, failures, where the time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from ..core.records import RunRecord
from ..infer.outcome import Outcome
from .document import Cell, Column, Table
from .formats.fitting import print_lines, print_table
from .terminal import console_of, escape

if TYPE_CHECKING:
    from ..cluster.run import Summary

__all__ = ["follow_cluster", "follow_run", "print_stages"]


def follow_run(outcomes: Iterable[Outcome], total: int) -> list[Outcome]:
    """Consume a run's outcomes and show progress, then what failed; return them all."""
    console, errors = console_of(), console_of(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    seen: list[Outcome] = []
    live = errors.is_terminal and total > 1
    with Progress(*columns, console=errors, transient=True, disable=not live) as bar:
        task = bar.add_task("pictures", total=total)
        for outcome in outcomes:
            seen.append(outcome)
            bar.update(task, advance=1, description=escape(outcome.source.name))
            if outcome.target is not None and not outcome.skipped:
                remarks = list(outcome.notes)
                if outcome.foreground is False:
                    remarks.append(f"no foreground found (confidence {outcome.confidence or 0:.2f})")
                note = f"  ({'; '.join(remarks)})" if remarks else ""
                # Two consoles on one screen would write into each other; redirected output stays apart.
                shown = bar.console if live and console.is_terminal else console
                shown.print(escape(f"{outcome.target}{note}"), soft_wrap=True)
    for outcome in seen:
        if outcome.error is not None:
            errors.print(escape(f"mattekit: {outcome.error}"), soft_wrap=True)
    return seen


@contextmanager
def follow_cluster() -> Generator[Callable[[Summary], None]]:
    """Give a callback that shows how far a run on a cluster is; at the end, print its failures and its counts."""
    from ..cluster.run import Summary

    errors = console_of(stderr=True)
    started, last = time.monotonic(), Summary("")

    def show(summary: Summary) -> None:
        nonlocal last
        last = summary
        bar.update(task, description=f"{summary.done} done, {summary.failed} failed, {summary.skipped} skipped")

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as bar:
        task = bar.add_task("starting", total=None)
        yield show
    for error in last.errors:
        errors.print(escape(f"mattekit: {error}"), soft_wrap=True)
    if last.failed > len(last.errors):
        errors.print(f"and {last.failed - len(last.errors)} more failed")
    total, seconds = last.done + last.failed + last.skipped, time.monotonic() - started
    text = f"{last.done + last.skipped} of {total} done"
    text += f", {last.failed} failed" if last.failed else ""
    text += f", {last.skipped} of them by an earlier run" if last.skipped else ""
    text += f"; {last.done / seconds:.2f} pictures/s, starting included" if last.done else ""
    errors.print(escape(f"{text}; table: {last.table}"))


def print_stages(record: RunRecord) -> None:
    """Print a run's summary and, of several pictures, the latency of each stage and the bottleneck, on stderr."""
    errors = console_of(stderr=True)
    skipped = int(sum(figure.value or 0 for figure in record.of_metric("skipped")))
    done, failed = len(record.inputs), len(record.failures)
    total = done + failed + skipped
    if total < 2:
        return
    latencies = {(figure.stage, figure.statistic): figure.value or 0 for figure in record.of_metric("latency")}
    loads = {figure.stage: figure.value or 0 for figure in record.of_metric("load")}
    stages = list(dict.fromkeys(stage for stage, _ in latencies))
    if stages:
        columns = (Column("stage"), *(Column(title, numeric=True) for title in ("p50 ms", "p90 ms", "p99 ms", "load")))
        rows: list[tuple[Cell, ...]] = []
        for stage in stages:
            times = (f"{latencies[stage, statistic]:.0f}" for statistic in ("p50", "p90", "p99"))
            rows.append(tuple(map(Cell, (stage, *times, f"{loads.get(stage, 0):.0%}"))))
        print_table(Table("", columns, tuple(rows)), errors)
    parts = [f"{done + skipped} of {total} done"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{skipped} of them by an earlier run"] if skipped else []
    text = ", ".join(parts)
    for figure in record.of_metric("throughput"):
        text += f"; {figure.value or 0:.2f} {figure.unit}, bottleneck: {record.bottleneck}"
    print_lines(text, errors)

"""What the command line prints of a run over images: progress, failures, what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...core import RunRecord
from ...infer import ImageOutcome
from .latencies import print_stages
from .progress import ProgressBar
from .terminal import console_of, escape

if TYPE_CHECKING:
    from ...cluster import Summary

__all__ = ["follow_run", "print_cluster", "print_run"]


def follow_run(outcomes: Iterable[ImageOutcome], total: int) -> list[ImageOutcome]:
    """Consume a run's outcomes and show progress, then what failed; return them all."""
    console = console_of()
    seen: list[ImageOutcome] = []
    with ProgressBar(show=total > 1) as bar:
        bar.counts("images", 0, total)
        for outcome in outcomes:
            seen.append(outcome)
            bar.counts(outcome.source.name, len(seen), total)
            if outcome.target is not None and not outcome.skipped:
                remarks = list(outcome.notes)
                if outcome.foreground is False:
                    remarks.append(f"no foreground found (confidence {outcome.confidence or 0:.2f})")
                note = f"  ({'; '.join(remarks)})" if remarks else ""
                # Two consoles on one screen would write into each other; redirected output stays apart.
                shown = bar.console if bar.live and console.is_terminal else console
                shown.print(escape(f"{outcome.target}{note}"), soft_wrap=True)
    _print_errors(str(outcome.error) for outcome in seen if outcome.error is not None)
    return seen


def print_cluster(summary: Summary, seconds: float) -> None:
    """Print the failures of a run on a cluster and its counts, on stderr; `seconds` are all that it took."""
    _print_errors(summary.errors)
    errors = console_of(stderr=True)
    if summary.failed > len(summary.errors):
        errors.print(f"and {summary.failed - len(summary.errors)} more failed")
    text = _counts(summary.done, summary.failed, summary.skipped)
    text += f"; {summary.done / seconds:.2f} images/s, starting included" if summary.done else ""
    errors.print(escape(f"{text}; table: {summary.table}"))


_MANY = 20
"""Images from which on the latency of each stage is printed unasked."""


def print_run(record: RunRecord, *, stages: bool = False) -> None:
    """Print what became of several images on stderr, and of many where the time went; of one image nothing.

    Args:
        record: of the run.
        stages: print the latency of each stage of however many images.
    """
    skipped = int(sum(figure.value or 0 for figure in record.of_metric("skipped")))
    done, failed = len(record.inputs), len(record.failures)
    total = done + failed + skipped
    if total > 1 or stages:
        print_stages(record, _counts(done, failed, skipped), table=stages or total >= _MANY)


def _counts(done: int, failed: int, skipped: int) -> str:
    parts = [f"{done + skipped} of {done + failed + skipped} done"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{skipped} of them by an earlier run"] if skipped else []
    return ", ".join(parts)


def _print_errors(errors: Iterable[str]) -> None:
    console = console_of(stderr=True)
    for error in errors:
        console.print(escape(f"mattekit: {error}"), soft_wrap=True)

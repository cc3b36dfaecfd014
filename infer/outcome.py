"""What became of one input of many, and what a run over many measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from ..core import Data, Failure, InputError, PartialFailureError, RunRecord, printable
from .latencies import Latencies, of_models
from .machine import this_machine
from .pipeline import STAGES, Pipeline, Stage

__all__ = ["Outcome", "exit_code_of", "record_of"]


@dataclass(frozen=True)
class Outcome:
    """What became of one input: where its result is, or why there is none.

    began, ended: seconds on `time.perf_counter`. skipped: an earlier run did it.
    """

    source: Path
    target: Path | None = None
    error: InputError | None = None
    seconds: dict[Stage, float] = field(default_factory=dict)
    pixels: int = 0
    confidence: float | None = None
    foreground: bool | None = None
    notes: tuple[str, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    skipped: bool = False


def record_of(
    outcomes: Sequence[Outcome],
    pipeline: Pipeline,
    settings: dict[str, JsonValue],
    workers: Mapping[Stage, int],
) -> RunRecord:
    """Put what a run measured into a record.

    It measures the images, failures, and what an earlier run did; images a second; for each stage its latency in ms
    (p50, p90 and p99), and its load: the share of the run in which its workers were busy. The stage of the largest load
    is the bottleneck.

    Args:
        outcomes: of one run.
        pipeline: that ran.
        settings: of the command.
        workers: how many images each stage held at a time.
    """
    done = [outcome for outcome in outcomes if outcome.error is None and not outcome.skipped]
    wall = max((o.ended for o in done), default=0.0) - min((o.began for o in done), default=0.0)
    skipped = sum(outcome.skipped for outcome in outcomes)
    common = of_models(pipeline.models, _data(done))

    figures = [
        common.measured("images", len(done)),
        common.measured("failed", len(outcomes) - len(done) - skipped, higher_is_better=False),
        common.measured("skipped", skipped),
    ]
    if wall > 0:
        figures.append(common.measured("throughput", len(done) / wall, "images/s", higher_is_better=True))
    latencies = Latencies(STAGES, workers)
    for outcome in done:
        latencies.add(outcome.seconds)
    figures += latencies.measurements(common, wall)
    return RunRecord(
        machine=this_machine(),
        variants=common.variants,
        measurements=tuple(figures),
        settings={**settings, **pipeline.describe()},
        inputs=tuple(str(outcome.source) for outcome in done),
        pixels=tuple(outcome.pixels for outcome in done),
        confidence=tuple(outcome.confidence for outcome in done),
        seconds=latencies.seconds(),
        bottleneck=(latencies.bottleneck or "") if wall > 0 else "",
        workers={str(stage): count for stage, count in workers.items()},
        failures=tuple(Failure(input=str(o.source), error=str(o.error)) for o in outcomes if o.error),
    )


def _data(done: Sequence[Outcome]) -> Data:
    """What went through, told from others by the files' names and their pixels; where they lie decides nothing."""
    told = "\n".join(sorted(f"{outcome.pixels} {printable(outcome.source.name)}" for outcome in done))
    return Data(
        name=f"{len(done)} images", sha256=hashlib.sha256(told.encode()).hexdigest(), reference="", count=len(done)
    )


def exit_code_of(outcomes: Sequence[Outcome], max_failures: int = 0) -> int:
    """Return 0 where no more inputs failed than may, 5 where some did, and the first error's own where none is done."""
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(failed) <= max_failures:
        return 0
    return PartialFailureError.exit_code if len(failed) < len(outcomes) else failed[0].exit_code

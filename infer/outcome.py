"""What became of one input of many, and what a run over many measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from ..core.errors import InputError, PartialFailureError
from ..core.record import Figure, Record
from .latencies import Latencies
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
) -> Record:
    """Put what a run measured into a record.

    Figures: the pictures and failures; pictures a second; for each stage its latency in ms (p50, p90 and p99), and
    its load: the share of the run in which its workers were busy. The stage of the largest load is the setting
    `bottleneck`. Samples: every picture's raw times.

    Args:
        outcomes: of one run.
        pipeline: that ran.
        settings: of the command.
        workers: how many pictures each stage held at a time.
    """
    done = [outcome for outcome in outcomes if outcome.error is None and not outcome.skipped]
    samples: dict[str, list[JsonValue]] = {
        "input": [str(outcome.source) for outcome in done],
        "pixels": [outcome.pixels for outcome in done],
        "confidence": [outcome.confidence for outcome in done],
    }
    wall = max((o.ended for o in done), default=0.0) - min((o.began for o in done), default=0.0)
    skipped = sum(outcome.skipped for outcome in outcomes)
    figures = [
        Figure(name="pictures", value=len(done)),
        Figure(name="failed", value=len(outcomes) - len(done) - skipped, higher_is_better=False),
        Figure(name="skipped", value=skipped),
    ]
    if wall > 0:
        figures.append(Figure(name="throughput", value=len(done) / wall, unit="pictures/s", higher_is_better=True))
    latencies = Latencies(STAGES, workers)
    for outcome in done:
        latencies.add(outcome.seconds)
    for stage in latencies.stages:
        figures += latencies.figures(stage)
        if wall > 0:
            figures.append(Figure(name="load", value=latencies.load(stage, wall), labels={"stage": stage}))
    failures: list[JsonValue] = [{"input": str(o.source), "error": str(o.error)} for o in outcomes if o.error]
    own: dict[str, JsonValue] = {"failures": failures, "workers": dict(workers.items())}
    if latencies.stages and wall > 0:
        own["bottleneck"] = latencies.bottleneck
    return Record(
        kind="run",
        artifacts=tuple(model.variant.ref() for model in pipeline.models),
        settings={**settings, **pipeline.describe(), **own},
        figures=tuple(figures),
        samples={**samples, **latencies.samples()},
    )


def exit_code_of(outcomes: Sequence[Outcome], max_failures: int = 0) -> int:
    """Return 0 where no more inputs failed than may, 5 where some did, and the first error's own where none is done."""
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(failed) <= max_failures:
        return 0
    return PartialFailureError.exit_code if len(failed) < len(outcomes) else failed[0].exit_code

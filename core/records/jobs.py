"""Records of whole jobs: images and videos that went through the pipeline, and recipes that were built."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..measurement import Frozen, Measurement
from ..record import Record, Series

__all__ = ["BuildRecord", "ClusterRecord", "Failure", "RunRecord", "StageResult", "VideoRecord"]


class Failure(Frozen, frozen=True):
    """An input that failed, and why in a sentence."""

    input: str
    error: str


class _Staged(Record, frozen=True):
    """What a pipeline took, stage by stage.

    Attributes:
        seconds: raw times by stage, in the order of the inputs.
        bottleneck: the stage that was busy longest; empty where nothing was done.
        workers: how many inputs each stage held at a time.
    """

    seconds: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    bottleneck: str = ""
    workers: dict[str, int] = Field(default_factory=dict)

    def series(self, figure: Measurement) -> Series | None:
        """Return the milliseconds of a stage's latency."""
        values = self.seconds.get(figure.stage) if figure.metric == "latency" else None
        return Series(values=tuple(value * 1000 for value in values)) if values else None


class RunRecord(_Staged, frozen=True):
    """Images through the pipeline.

    Attributes:
        inputs: that were done, in their order.
        pixels: of each.
        confidence: of each mask; None where there was none.
        failures: inputs that were not done.
    """

    kind: Literal["run"] = "run"
    inputs: tuple[str, ...] = ()
    pixels: tuple[int, ...] = ()
    confidence: tuple[float | None, ...] = ()
    failures: tuple[Failure, ...] = ()


class ClusterRecord(Record, frozen=True):
    """Images through the pipeline on many machines; how their nodes computed is in the results' table.

    Attributes:
        table: where the results' table is, which has a row for each input with its times and its error.
        address: of the cluster, or `local`.
        errors: the first of those that inputs failed with.
    """

    kind: Literal["cluster"] = "cluster"
    table: str
    address: str
    errors: tuple[str, ...] = ()


class VideoRecord(_Staged, frozen=True):
    """A video through the pipeline.

    Attributes:
        input: what was read.
        output: what was written.
        notes: what a reader should know.
        truncated: whether the input ended before its end.
    """

    kind: Literal["video"] = "video"
    input: str
    output: str
    notes: tuple[str, ...] = ()
    truncated: bool = False


class StageResult(Frozen, frozen=True):
    """What became of a stage.

    Attributes:
        name: of the stage, such as `export-fp32 u2netp`.
        state: what became of it.
        reason: why, in words.
        exit_code: of its command; 0 where it did not run.
    """

    name: str
    state: Literal["ran", "kept", "failed", "skipped", "due"]
    reason: str
    exit_code: int = 0


class BuildRecord(Record, frozen=True):
    """A recipe, built: what became of each stage, and how long those took that ran."""

    kind: Literal["build"] = "build"
    recipe: str
    stages: tuple[StageResult, ...]

"""Records of how good and how fast models are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..contract import Task
from ..execution import Execution
from ..measurement import Data, Frozen, Measurement
from ..record import Record, SampleTable, Series

__all__ = [
    "MODEL",
    "BenchRecord",
    "CandidateResult",
    "CompareRecord",
    "ComparisonRow",
    "ExecutedLayers",
    "KeptAnswer",
    "LayerTime",
    "Mismatch",
    "PeerRecord",
    "RooflineLimits",
    "ValidateRecord",
]

_COMPUTING = frozenset({"convolution", "deconvolution", "fullyconnected", "matmul", "gemm"})

MODEL = "model"
"""The stage of a benchmark that is the network alone."""


class KeptAnswer(Frozen, frozen=True):
    """An answer that a record keeps, small: as a PNG of 64 pixels a side at most, in base64.

    Attributes:
        kind: grey levels of alpha, an RGB image, or class numbers.
        png: the file.
    """

    kind: Literal["alpha", "image", "classes"]
    png: str


class ValidateRecord(Record, frozen=True):
    """How good a model's answers are, sample by sample, and a dozen of them for later ones to be set beside.

    Attributes:
        task: of the data set.
        scale: of the data set; 1 for segmentation.
        data: that was measured on.
        source: where its samples come from, in words.
        table: each metric of each sample.
        labels: of the model's classes, where truth and answers are classes.
        confusion: pixels by true class (rows) and answer (columns), in the order of `labels`.
        answers: to a dozen samples, spread evenly, by id.
    """

    kind: Literal["validate"] = "validate"
    task: Task
    scale: int = 1
    data: Data
    source: str = ""
    table: SampleTable = SampleTable()
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    answers: dict[str, KeptAnswer] = Field(default_factory=dict)

    def by_sample(self, figure: Measurement) -> dict[str, float] | None:
        """Return the metric of each sample of the figure's slice."""
        return self.table.of(figure.metric, figure.slice) or None


class LayerTime(Frozen, frozen=True):
    """An executed layer: milliseconds in one query, operations (a multiply-add counts two), bytes that it moves.

    Attributes:
        bound_by: what limits it on this machine; empty where the limits were not measured.
        of_limit: the share of that limit that it reaches; None there too.
    """

    name: str
    type: str
    precision: str
    primitive: str
    ms: float
    flops: float
    bytes: float
    bound_by: Literal["compute", "memory", ""] = ""
    of_limit: float | None = None


class ExecutedLayers(Frozen, frozen=True):
    """Executed layers of one type, precision and implementation (such as `brgconv_avx2_f32`), and how many."""

    type: str
    precision: str
    primitive: str
    count: int

    @property
    def computes(self) -> bool:
        """Tell whether its arithmetic is what a network's time goes into; others only move or map 8-bit values."""
        return self.type.lower() in _COMPUTING


class ComparisonRow(Frozen, frozen=True):
    """What may be said of a candidate's times beside a baseline's, as `bench.significance.TimeDifference` tells it."""

    stage: str
    baseline: str
    speedup: float
    low: float
    high: float
    p_value: float
    verdict: str
    samples: float
    paired: bool
    more: int = 0


class CandidateResult(Frozen, frozen=True):
    """What came of one candidate of a benchmark.

    Attributes:
        task: of its model.
        scale: of its model.
        file: that was opened.
        asked: the arithmetic, hint and streams that were asked for, in words.
        status: `measured`, or why it was not; reason: the same in a sentence.
        execution: how it ran; None where it was never opened.
        layers: of the executed model.
        unstable: why its times are not to be relied on; empty where they are.
        disturbed: whether other processes took too much of the processors.
        comparisons: with the benchmark's baseline.
        notes: what a reader should know.
        pareto: whether no other candidate is both as fast and as accurate; None without an accuracy.
        times: in ms, by stage; `model` is the network alone.
        profile: the time of each layer, where they were timed.
        samples: the accuracy of each sample, where it was measured.
    """

    task: Task
    scale: int = 1
    file: str = ""
    asked: dict[str, str] = Field(default_factory=dict)
    status: str = "measured"
    reason: str | None = None
    execution: Execution | None = None
    layers: tuple[ExecutedLayers, ...] = ()
    unstable: tuple[str, ...] = ()
    disturbed: bool = False
    comparisons: tuple[ComparisonRow, ...] = ()
    notes: tuple[str, ...] = ()
    pareto: bool | None = None
    times: dict[str, Series] = Field(default_factory=dict)
    profile: tuple[LayerTime, ...] = ()
    samples: SampleTable = SampleTable()

    def latency(self, stage: str = MODEL) -> Series | None:
        """Return the milliseconds of a stage; None where it was not measured."""
        return self.times.get(stage)


class RooflineLimits(Frozen, frozen=True):
    """A machine's measured limits: 10⁹ operations a second in each arithmetic, and gigabytes a second."""

    compute: dict[str, float]
    memory: float
    samples: dict[str, tuple[float, ...]] = Field(default_factory=dict)


class BenchRecord(Record, frozen=True):
    """A benchmark: each candidate's times, interleaved in rounds.

    Attributes:
        scenario: as MLPerf names it, with its rate.
        rounds: how often the candidates took turns.
        iterations: asked for; None where time was. seconds: for each candidate; None where iterations were.
        warm_up: queries before the first that counts.
        profiled: whether the time of each layer was asked for.
        threads: of the processor for each candidate.
        baseline: the candidate that others are compared with.
        images: that went the whole way.
        compared: the stage that candidates are compared in: the network alone, or `total`, the whole way of an image.
        stable: whether all candidates' times may be relied on; rule: what that means.
        candidates: by name.
        rooflines: the limits of devices, by name.
        allowed_drop: by metric, what INT8 may lose against FP32 to be worth it; empty where nobody said.
    """

    kind: Literal["bench"] = "bench"
    scenario: str
    rounds: int
    iterations: int | None = None
    seconds: float | None = None
    warm_up: int = 0
    profiled: bool = False
    threads: int
    baseline: str
    images: tuple[str, ...] = ()
    compared: str = MODEL
    stable: bool = True
    rule: str = ""
    candidates: dict[str, CandidateResult]
    rooflines: dict[str, RooflineLimits] = Field(default_factory=dict)
    allowed_drop: dict[str, float] = Field(default_factory=dict)

    @property
    def has_accuracies(self) -> bool:
        """Tell whether accuracy was measured beside the times."""
        return any(figure.data is not None for figure in self.measurements)

    def times(self, candidate: str, stage: str = MODEL) -> tuple[float, ...]:
        """Return the milliseconds of a candidate's stage that are compared; empty where there are none.

        Of the network alone: the latency of each query; in the offline scenario, where latencies say how long a query
        lay in the queue, the time for a query in each round.
        """
        found = self.candidates.get(candidate)
        series = found.latency(stage) if found else None
        if series is None:
            return ()
        return series.by_query() if stage == MODEL and self.scenario == "offline" else series.values

    def rounds_of(self, candidate: str, stage: str = MODEL) -> list[list[float]]:
        """Return the milliseconds of a candidate's stage by round, as they are compared; none where it has none."""
        found = self.candidates.get(candidate)
        series = found.latency(stage) if found else None
        if series is None:
            return []
        if stage != MODEL or self.scenario == "offline":
            return [[value] for value in self.times(candidate, stage)]
        rounds: dict[int, list[float]] = {}
        for number, value in zip(series.rounds, series.values, strict=True):
            rounds.setdefault(number, []).append(value)
        return list(rounds.values())

    def by_sample(self, figure: Measurement) -> dict[str, float] | None:
        """Return the accuracy of each sample, of a figure that is a mean over them."""
        found = self.candidates.get(figure.candidate)
        if found is None or figure.data is None:
            return None
        return found.samples.of(figure.metric, figure.slice) or None

    def series(self, figure: Measurement) -> Series | None:
        """Return the milliseconds that a latency is made of."""
        found = self.candidates.get(figure.candidate)
        return found.latency(figure.stage) if found and figure.metric.startswith("latency") else None


class Mismatch(Frozen, frozen=True):
    """One thing in which two records differ, so that a difference in time may come from it."""

    aspect: Literal["machine", "software", "settings"]
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return it as part of a sentence."""
        return f"{self.what}: {self.before}, then {self.after}"


class CompareRecord(Record, frozen=True):
    """Two benchmarks side by side.

    Attributes:
        before: the first one's name.
        after: the second one's.
        allowed: in what they might differ.
        differs: in what they do.
        only_before: candidates that only the first has.
        only_after: candidates that only the second has.
        notes: what a reader should know.
    """

    kind: Literal["compare"] = "compare"
    before: str
    after: str
    allowed: tuple[str, ...] = ()
    differs: tuple[Mismatch, ...] = ()
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class PeerRecord(Record, frozen=True):
    """Beside another program, measured in the same run.

    Attributes:
        peer: the other program, with its version.
        samples: raw values by name.
    """

    kind: Literal["peer"] = "peer"
    peer: str
    samples: dict[str, tuple[float, ...]] = Field(default_factory=dict)

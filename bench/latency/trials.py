"""What came of each candidate: its times, whether they may be relied on, and the figures that are made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

import numpy as np

from ...core import MODEL, Execution, LayerTime, Measurement, SampleTable, Unit
from ..benchmark_settings import BenchmarkSettings, Scenario
from ..significance import TimeDifference
from .candidates import Candidate, Status
from .process import INT8, Burst, Inspected, Memory, Opened

__all__ = [
    "OTHERS",
    "RATIO",
    "RULE",
    "STAGES",
    "TOTAL",
    "Trial",
    "comparisons_of",
    "measurements_of",
    "percentile",
    "unsteady",
]

STAGES = ("decode", "pre", "infer", "post", "encode")
TOTAL = "total"
"""The stages of the whole way of an image, and all of them together."""

RATIO = Unit("\N{MULTIPLICATION SIGN}")
"""The unit of ratios of times."""

_PERCENTILES = (50, 90, 95, 99)

SPREAD = 0.10
DRIFT = 0.05
OTHERS = 0.10

RULE = (
    f"A candidate is unstable if the quartiles of its rounds' medians are further apart than {SPREAD:.0%} of their "
    f"median, or if the median of its last third of rounds differs by more than {DRIFT:.0%} from that of its first "
    f"third, or if other processes took more than {OTHERS:.0%} of the processors while it ran. A run is unstable if "
    "one of its candidates is."
)
"""The rule, as it stands in every record."""


@dataclass
class Trial:
    """A candidate, and what comes of it while it is measured.

    Attributes:
        candidate: what is measured.
        status: what came of it.
        reason: why it was not measured; None where it was.
        opened: what it took to open it, and what is executed.
        inspected: its layers, of OpenVINO.
        bursts: by round.
        stages: by round, of the images that went the whole way.
        memory: that it took.
        accuracy: the mean of a metric over a data set.
        samples: the same of each sample.
        notes: what a reader should know, a sentence each.
    """

    candidate: Candidate
    status: Status = "measured"
    reason: str | None = None
    opened: Opened | None = None
    inspected: Inspected | None = None
    bursts: list[Burst] = field(default_factory=list)
    stages: list[dict[str, list[float]]] = field(default_factory=list)
    memory: Memory | None = None
    accuracy: Measurement | None = None
    samples: SampleTable = field(default_factory=SampleTable)
    notes: list[str] = field(default_factory=list)

    @property
    def measured(self) -> bool:
        """Return whether there is anything to tell of its speed."""
        return self.status == "measured" and bool(self.bursts)

    def fail(self, reason: str, status: Status = "failed") -> None:
        """Note why it cannot be measured."""
        self.status, self.reason = status, reason

    def latencies(self) -> list[float]:
        """Return the milliseconds of every query, in the order of the rounds."""
        return [value for burst in self.bursts for value in burst.latencies_ms]

    def stage_times(self, stage: str) -> list[float]:
        """Return the milliseconds of a stage of every image, in the order of the rounds."""
        return [value for round_ in self.stages for value in round_[stage]]

    def times(self, scenario: Scenario) -> list[list[float]]:
        """Return what is compared, by round: milliseconds for one image; under `server`, from its arrival."""
        batch = self.candidate.batch
        if scenario.kind == "offline":
            return [[burst.wall_ms / (len(burst.latencies_ms) * batch)] for burst in self.bursts]
        divisor = 1 if scenario.kind == "server" else batch
        return [[value / divisor for value in burst.latencies_ms] for burst in self.bursts]

    def query_rate(self) -> float:
        """Return the queries that were answered in a second."""
        return sum(len(burst.latencies_ms) for burst in self.bursts) / sum(b.wall_ms for b in self.bursts) * 1000

    def others(self) -> float | None:
        """Return the share of the processors that other processes took while it ran; None where nobody tells."""
        known = [(burst.others, burst.wall_ms) for burst in self.bursts if burst.others is not None]
        wall = sum(weight for _, weight in known)
        return sum(share * weight for share, weight in known) / wall if wall else None

    def unsteady(self, scenario: Scenario) -> list[str]:
        """Return why its times may not be relied on; nothing where they may, or there are none."""
        if not self.measured:
            return []
        # Random arrivals make the rounds of a server differ by themselves.
        return unsteady([median(v) for v in self.times(scenario)] if scenario.kind != "server" else [], self.others())


def unsteady(rounds: Sequence[float], others: float | None) -> list[str]:
    """Return why a candidate was unstable, a sentence for each reason; nothing where it was not.

    Args:
        rounds: its median time in each round, in order.
        others: the share of the processors that other processes took while it ran; None where nobody tells.
    """
    found: list[str] = []
    if len(rounds) >= 4:
        low, middle, high = (float(value) for value in np.quantile(rounds, [0.25, 0.5, 0.75]))
        if high - low > SPREAD * middle:
            found.append(f"the rounds' quartiles are {(high - low) / middle:.0%} apart")
    if len(rounds) >= 6:
        third = len(rounds) // 3
        drift = median(rounds[-third:]) / median(rounds[:third]) - 1
        if abs(drift) > DRIFT:
            found.append(f"it became {abs(drift):.0%} {'slower' if drift > 0 else 'faster'} during the run")
    if others is not None and others > OTHERS:
        found.append(f"other processes took {others:.0%} of the processors")
    return found


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank, as MLPerf counts).

    None where there are too few values for a high one to differ from the largest: 10 are needed for the 90th, 20 for
    the 95th, 100 for the 99th.
    """
    if not values or (percent > 50 and len(values) * (100 - percent) < 100):
        return None
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def measurements_of(trial: Trial, settings: BenchmarkSettings) -> list[Measurement]:
    """Return what a candidate measured but for comparisons; its median has no value where it was not measured."""
    common = _common(trial, settings)

    def lower(metric: str, value: float | None, unit: str = "ms") -> Measurement:
        return common.measured(metric, value, unit, higher_is_better=False)

    if not trial.measured:
        # Asked for, and did not come about: no gate passes on it.
        return [lower("latency_p50", None)]
    latencies = trial.latencies()
    figures = _times(common, latencies)
    figures.append(_rate(common, trial.query_rate() * trial.candidate.batch))
    figures.append(common.measured("queries", len(latencies), "queries"))
    figures.append(common.measured("size", trial.candidate.variant.size, "B", higher_is_better=False, stage=""))
    if trial.opened:
        figures += [lower("first_inference", trial.opened.first_ms), lower("compile_time", trial.opened.compile_ms)]
    if settings.scenario.kind == "single-stream":
        outside = sum(burst.wall_ms for burst in trial.bursts) - math.fsum(latencies)
        figures.append(lower("loop_overhead", outside / len(latencies)))
    if trial.inspected:
        figures.append(lower("compile_time_cached", trial.inspected.cached_compile_ms))
        figures.append(common.measured("int8_time_share", _int8_share(trial.inspected.layers), "of the time"))
    if trial.memory:
        figures.append(lower("peak_memory", trial.memory.peak_bytes, "B of memory"))
        figures.append(lower("process_memory", trial.memory.base_bytes, "B of memory"))
    others = trial.others()
    if others is not None:
        figures.append(lower("other_load", others, "of the time"))
    figures.append(lower("idle_cpu", sum(burst.idle_cpu_s for burst in trial.bursts), "s"))
    if trial.accuracy:
        figures.append(trial.accuracy.model_copy(update={"candidate": trial.candidate.key}))
    for stage in (*STAGES, TOTAL) if trial.stages else ():
        times, own = trial.stage_times(stage), common.model_copy(update={"stage": stage})
        figures += _times(own, times)
        if stage == TOTAL:
            figures.append(_rate(own, len(times) / math.fsum(times) * 1000))
    return figures


def _common(trial: Trial, settings: BenchmarkSettings) -> Measurement:
    """Return a measurement without a metric, of the candidate as it ran, or was to run."""
    candidate = trial.candidate
    asked = Execution(
        runtime=candidate.runtime,
        device=candidate.device if candidate.runtime == "openvino" else "",
        arithmetic="" if candidate.arithmetic == "device" else candidate.arithmetic,
        streams=candidate.streams or 0,
        threads=candidate.threads,
        hint=candidate.hint or "",
    )
    how = trial.opened.executed.plain if trial.opened else asked
    how = how.model_copy(update={"size": (candidate.height, candidate.width), "batch": candidate.batch})
    return Measurement(
        metric="",
        value=None,
        variants=(candidate.variant.ref(),),
        executions=(how,),
        candidate=candidate.key,
        stage=MODEL,
        scenario=str(settings.scenario),
    )


def _times(common: Measurement, times: Sequence[float]) -> list[Measurement]:
    rows = [(f"latency_p{percent}", percentile(times, percent)) for percent in _PERCENTILES]
    return [
        common.measured(name, value, "ms", higher_is_better=False)
        for name, value in (*rows, ("latency_mean", fmean(times)))
    ]


def _rate(common: Measurement, value: float) -> Measurement:
    return common.measured("throughput", value, "images/s", higher_is_better=True)


def _int8_share(layers: Sequence[LayerTime]) -> float | None:
    """Return the share of the layers' time that is spent in integer arithmetic; None where no time is known."""
    total = sum(layer.ms for layer in layers)
    return sum(layer.ms for layer in layers if layer.precision.lower() in INT8) / total if total else None


def comparisons_of(
    trial: Trial, settings: BenchmarkSettings, differences: Mapping[str, TimeDifference], baseline: Trial
) -> list[Measurement]:
    """Return the speed-ups over the baseline, by stage, with their intervals and p-values."""
    common = _common(trial, settings)
    figures: list[Measurement] = []
    for stage, found in differences.items():
        own = common.model_copy(update={"stage": stage, "baseline": baseline.candidate.key, "verdict": found.verdict})
        interval = (found.low, found.high)
        figures.append(own.measured("speedup", found.speedup, RATIO, higher_is_better=True, interval=interval))
        figures.append(own.measured("p_value", found.p_value, "p"))
    return figures

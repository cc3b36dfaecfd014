"""What a candidate measured: percentiles, throughput, costs and comparisons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from ...core import MODEL, Execution, Measurement, Unit
from ..significance import Difference
from .grid import BenchRequest
from .layers import int8_share
from .outcomes import Outcome
from .stages import STAGES, TOTAL

__all__ = ["PERCENTILES", "RATIO", "comparisons_of", "measurements_of", "percentile"]

PERCENTILES = (50, 90, 95, 99)

RATIO = Unit("\N{MULTIPLICATION SIGN}")
"""The unit of ratios of times."""


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank, as MLPerf counts).

    None where there are too few values for a high one to differ from the largest: 10 are needed for the 90th, 20 for
    the 95th, 100 for the 99th.
    """
    if not values or (percent > 50 and len(values) * (100 - percent) < 100):
        return None
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def measurements_of(outcome: Outcome, request: BenchRequest) -> list[Measurement]:
    """Return what a candidate measured but for comparisons; its median has no value where it was not measured."""
    common = _common(outcome, request)

    def lower(metric: str, value: float | None, unit: str = "ms") -> Measurement:
        return common.measured(metric, value, unit, higher_is_better=False)

    if not outcome.measured:
        # Asked for, and did not come about: no gate passes on it.
        return [lower("latency_p50", None)]
    latencies = outcome.latencies()
    figures = _times(common, latencies)
    figures.append(_rate(common, outcome.throughput()))
    figures.append(common.measured("queries", len(latencies), "queries"))
    figures.append(common.measured("size", outcome.candidate.variant.size, "B", higher_is_better=False, stage=""))
    if outcome.opened:
        figures += [lower("first_inference", outcome.opened.first_ms), lower("compile_time", outcome.opened.compile_ms)]
    if request.scenario.kind == "single-stream":
        outside = sum(burst.wall_ms for burst in outcome.bursts) - math.fsum(latencies)
        figures.append(lower("loop_overhead", outside / len(latencies)))
    if outcome.inspected:
        figures.append(lower("compile_time_cached", outcome.inspected.cached_compile_ms))
        figures.append(common.measured("int8_time_share", int8_share(outcome.inspected.layers), "of the time"))
    if outcome.closed:
        figures.append(lower("peak_memory", outcome.closed.peak_bytes, "B of memory"))
        figures.append(lower("process_memory", outcome.closed.base_bytes, "B of memory"))
    others = outcome.others()
    if others is not None:
        figures.append(lower("other_load", others, "of the time"))
    figures.append(lower("idle_cpu", sum(burst.idle_cpu_s for burst in outcome.bursts), "s"))
    if outcome.accuracy:
        figures.append(outcome.accuracy.model_copy(update={"candidate": outcome.candidate.key}))
    return figures + _of_stages(outcome, common)


def _common(outcome: Outcome, request: BenchRequest) -> Measurement:
    """Return a measurement without a metric, of the candidate as it ran, or was to run."""
    candidate = outcome.candidate
    executed = outcome.opened.executed.plain if outcome.opened else None
    asked = Execution(
        runtime=candidate.runtime,
        device=candidate.device if candidate.runtime == "openvino" else "",
        arithmetic="" if candidate.arithmetic == "device" else candidate.arithmetic,
        streams=candidate.streams or 0,
        threads=candidate.threads,
        hint=candidate.hint or "",
    )
    how = (executed or asked).model_copy(update={"size": (candidate.height, candidate.width), "batch": candidate.batch})
    return Measurement(
        metric="",
        value=None,
        variants=(candidate.variant.ref(),),
        executions=(how,),
        candidate=candidate.key,
        stage=MODEL,
        scenario=str(request.scenario),
    )


def _times(common: Measurement, times: Sequence[float]) -> list[Measurement]:
    rows = [(f"latency_p{percent}", percentile(times, percent)) for percent in PERCENTILES]
    return [
        common.measured(name, value, "ms", higher_is_better=False)
        for name, value in (*rows, ("latency_mean", fmean(times)))
    ]


def _rate(common: Measurement, value: float) -> Measurement:
    return common.measured("throughput", value, "images/s", higher_is_better=True)


def _of_stages(outcome: Outcome, common: Measurement) -> list[Measurement]:
    figures: list[Measurement] = []
    for stage in (*STAGES, TOTAL) if outcome.stages else ():
        times = [value for round_ in outcome.stages for value in round_.stages[stage]]
        own = common.model_copy(update={"stage": stage})
        figures += _times(own, times)
        if stage == TOTAL:
            figures.append(_rate(own, len(times) / math.fsum(times) * 1000))
    return figures


def comparisons_of(
    outcome: Outcome, request: BenchRequest, differences: Mapping[str, Difference], baseline: Outcome
) -> list[Measurement]:
    """Return the ratios to the baseline, by stage, with their intervals and p-values."""
    common = _common(outcome, request)
    figures: list[Measurement] = []
    for stage, found in differences.items():
        own = common.model_copy(update={"stage": stage, "baseline": baseline.candidate.key, "verdict": found.verdict})
        figures.append(
            own.measured("ratio", found.ratio, RATIO, higher_is_better=False, interval=(found.low, found.high))
        )
        figures.append(own.measured("p_value", found.p_value, "p"))
    return figures

"""The figures of a candidate: percentiles, throughput, costs and comparisons, with the labels that tell them apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from ...core.record import Figure
from ..significance import Difference
from ..timings import MODEL
from .grid import Request
from .layers import int8_share
from .outcomes import Outcome
from .stages import STAGES, TOTAL

__all__ = ["PERCENTILES", "comparison_figures", "figures_of", "percentile"]

PERCENTILES = (50, 90, 95, 99)


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank, as MLPerf counts).

    None where there are too few values for a high one to differ from the largest: 10 are needed for the 90th, 20 for
    the 95th, 100 for the 99th.
    """
    if not values or (percent > 50 and len(values) * (100 - percent) < 100):
        return None
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def figures_of(outcome: Outcome, request: Request) -> list[Figure]:
    """Return a candidate's figures but for comparisons; of one that was not measured, its median without a value."""
    base = {**outcome.labels, "scenario": str(request.scenario)}
    labels = {**base, "stage": MODEL}

    def lower(name: str, value: float | None, unit: str = "ms") -> Figure:
        return Figure(name=name, value=value, unit=unit, higher_is_better=False, labels=labels)

    if not outcome.measured:
        # Asked for, and did not come about: no gate passes on it.
        return [lower("latency_p50", None)]
    latencies = outcome.latencies()
    figures = [lower(f"latency_p{percent}", percentile(latencies, percent)) for percent in PERCENTILES]
    figures.append(lower("latency_mean", fmean(latencies)))
    figures.append(
        Figure(name="throughput", value=outcome.throughput(), unit="1/s", higher_is_better=True, labels=labels)
    )
    figures.append(Figure(name="queries", value=len(latencies), labels=labels))
    if outcome.opened:
        figures += [lower("first_inference", outcome.opened.first_ms), lower("compile_time", outcome.opened.compile_ms)]
    if request.scenario.kind == "single-stream":
        outside = sum(burst.wall_ms for burst in outcome.bursts) - math.fsum(latencies)
        figures.append(lower("loop_overhead", outside / len(latencies)))
    if outcome.inspected:
        figures.append(lower("compile_time_cached", outcome.inspected.cached_compile_ms))
        share = int8_share(outcome.inspected.layers)
        figures.append(Figure(name="int8_time_share", value=share, higher_is_better=None, labels=labels))
    if outcome.closed:
        figures.append(lower("peak_memory", outcome.closed.peak_bytes, "B"))
        figures.append(lower("process_memory", outcome.closed.base_bytes, "B"))
    others = outcome.others()
    if others is not None:
        figures.append(lower("other_load", others, ""))
    figures.append(lower("idle_cpu", sum(burst.idle_cpu_s for burst in outcome.bursts), "s"))
    if outcome.accuracy:
        found = outcome.accuracy
        of = {**labels, "dataset": found.dataset, "dataset_hash": found.dataset_hash, "samples": str(found.samples)}
        figures.append(
            Figure(
                name=found.metric,
                value=found.value,
                unit=found.unit,
                higher_is_better=found.higher_is_better,
                labels=of,
            )
        )
    return figures + _stage_figures(outcome, base)


def _stage_figures(outcome: Outcome, base: dict[str, str]) -> list[Figure]:
    figures: list[Figure] = []
    for stage in (*STAGES, TOTAL) if outcome.stages else ():
        times = [value for round_ in outcome.stages for value in round_.stages[stage]]
        labels = {**base, "stage": stage}
        for name, value in (
            *((f"latency_p{percent}", percentile(times, percent)) for percent in PERCENTILES),
            ("latency_mean", fmean(times)),
        ):
            figures.append(Figure(name=name, value=value, unit="ms", higher_is_better=False, labels=labels))
        if stage == TOTAL:
            rate = len(times) / math.fsum(times) * 1000
            figures.append(Figure(name="throughput", value=rate, unit="1/s", higher_is_better=True, labels=labels))
    return figures


def comparison_figures(
    outcome: Outcome, request: Request, differences: dict[str, Difference], baseline: Outcome
) -> list[Figure]:
    """Return the ratios to the baseline, by stage, with their intervals and p-values."""
    figures: list[Figure] = []
    for stage, difference in differences.items():
        labels = {
            **outcome.labels,
            "scenario": str(request.scenario),
            "stage": stage,
            "baseline": baseline.candidate.key,
            "verdict": difference.verdict,
        }
        for name, value in (
            ("ratio", difference.ratio),
            ("ratio_low", difference.low),
            ("ratio_high", difference.high),
            ("p_value", difference.p_value),
        ):
            better = None if name == "p_value" else False
            figures.append(Figure(name=name, value=value, higher_is_better=better, labels=labels))
    return figures

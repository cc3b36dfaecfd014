"""What came of a benchmark, as one record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ...core import (
    MODEL,
    BenchRecord,
    CandidateResult,
    ComparisonRow,
    LayerTime,
    Measurement,
    RooflineLimits,
    Series,
    VariantRef,
)
from ...infer import this_machine
from ..pareto import pareto_front
from ..significance import Difference, compare_rounds
from .figures import comparisons_of, measurements_of, percentile
from .grid import BenchRequest
from .outcomes import Outcome
from .roofline import Roofline
from .stability import OTHERS, RULE, unsteady
from .stages import STAGES, TOTAL

__all__ = ["benchmark_exit_code", "record_of"]


def record_of(
    outcomes: Sequence[Outcome],
    request: BenchRequest,
    baseline: Outcome,
    *,
    rounds: int,
    images: Sequence[str],
    rooflines: Mapping[str, Roofline],
) -> BenchRecord:
    """Put a benchmark into a record.

    Args:
        outcomes: of all candidates, measured or not.
        request: what was asked for.
        baseline: what the others are compared with.
        rounds: how often they took turns.
        images: that went the whole way.
        rooflines: the limits of devices, by name; of those whose layers are to be compared with them.
    """
    front = _front(outcomes)
    candidates: dict[str, CandidateResult] = {}
    figures: list[Measurement] = []
    for outcome in outcomes:
        key = outcome.candidate.key
        differences = _differences(outcome, baseline, request)
        result = _result(outcome, request, differences, baseline, rooflines.get(outcome.candidate.device))
        candidates[key] = result.model_copy(update={"pareto": front.get(key)})
        figures += measurements_of(outcome, request)
        figures += comparisons_of(outcome, request, differences, baseline)
    for roofline in rooflines.values():
        figures += roofline.measurements()
    return BenchRecord(
        machine=this_machine(),
        variants=tuple(_variants(outcomes)),
        measurements=tuple(figures),
        settings={"data": request.data, "samples": request.samples, "profile": request.profile},
        scenario=str(request.scenario),
        rounds=rounds,
        iterations=request.iterations,
        seconds=None if request.iterations else request.seconds,
        warm_up=request.warm_up,
        profiled=request.profile,
        threads=outcomes[0].candidate.threads,
        baseline=baseline.candidate.key,
        images=tuple(images),
        stable=not any(result.unstable for result in candidates.values()),
        rule=RULE,
        candidates=candidates,
        rooflines={
            device: RooflineLimits(
                compute={name: peak.value for name, peak in roofline.compute.items()},
                memory=roofline.memory.value,
                samples={name: tuple(values) for name, values in roofline.samples().items()},
            )
            for device, roofline in rooflines.items()
        },
    )


def benchmark_exit_code(record: BenchRecord) -> int:
    """Return what the command line returns for a benchmark.

    3 where a candidate executed something else than it was asked for, 1 where nothing was measured, 5 where some
    candidates failed, else 0; that a device is missing is told, and is no failure unless it is required.
    """
    found = {result.status for result in record.candidates.values()}
    if "fallback" in found:
        return 3
    if "measured" not in found:
        return 1
    return 5 if "failed" in found else 0


def _result(
    outcome: Outcome,
    request: BenchRequest,
    differences: Mapping[str, Difference],
    baseline: Outcome,
    roofline: Roofline | None,
) -> CandidateResult:
    candidate, others = outcome.candidate, outcome.others()
    return CandidateResult(
        task=candidate.variant.contract.task,
        scale=candidate.variant.contract.output.scale,
        file=str(candidate.variant.path),
        asked=candidate.labels,
        status=outcome.status,
        reason=outcome.reason,
        execution=outcome.opened.executed.plain if outcome.opened else None,
        layers=outcome.opened.executed.layers if outcome.opened else (),
        unstable=tuple(_unsteady(outcome, request)),
        disturbed=others is not None and others > OTHERS,
        comparisons=tuple(
            ComparisonRow(stage=stage, baseline=baseline.candidate.key, **asdict(found))
            for stage, found in differences.items()
        ),
        notes=(*outcome.notes, *_overload(outcome, request)),
        times=_series(outcome),
        profile=tuple(_bound(layer, roofline) for layer in (outcome.inspected.layers if outcome.inspected else ())),
    )


def _overload(outcome: Outcome, request: BenchRequest) -> list[str]:
    """Queries that arrive faster than they are answered pile up: their percentiles tell the burst's length."""
    qps = request.scenario.qps
    if not qps or not outcome.measured:
        return []
    queries = [len(burst.latencies_ms) for burst in outcome.bursts]
    rate = sum(queries) / sum(burst.wall_ms for burst in outcome.bursts) * 1000
    # The last query of each burst is waited for, which alone lowers the rate where bursts are short.
    if rate >= 0.8 * qps:
        return []
    return [f"overloaded: {rate:.1f} queries a second were answered of {qps:g}; its latencies grow with the burst"]


def _unsteady(outcome: Outcome, request: BenchRequest) -> list[str]:
    if not outcome.measured:
        return []
    # Random arrivals make the rounds of a server differ by themselves.
    rounds = [] if request.scenario.kind == "server" else outcome.medians(request.scenario)
    return unsteady(rounds, outcome.others())


def _differences(outcome: Outcome, baseline: Outcome, request: BenchRequest) -> dict[str, Difference]:
    if outcome is baseline or not outcome.measured or not baseline.measured:
        return {}
    found = {MODEL: compare_rounds(baseline.times(request.scenario), outcome.times(request.scenario))}
    if outcome.stages and len(outcome.stages) == len(baseline.stages):
        before, after = ([round_.stages[TOTAL] for round_ in each.stages] for each in (baseline, outcome))
        found[TOTAL] = compare_rounds(before, after)
    return found


def _bound(layer: LayerTime, roofline: Roofline | None) -> LayerTime:
    if roofline is None or not layer.ms > 0:
        return layer
    bound = roofline.bound(layer.flops, layer.bytes, layer.ms / 1000, layer.precision)
    return layer.model_copy(update={"bound_by": bound.limited_by, "of_limit": bound.share})


def _series(outcome: Outcome) -> dict[str, Series]:
    """Every raw value by stage; of the network alone, the round that it was measured in."""
    found: dict[str, Series] = {}
    if outcome.bursts:
        found[MODEL] = Series(
            values=tuple(outcome.latencies()),
            rounds=tuple(number for number, burst in enumerate(outcome.bursts) for _ in burst.latencies_ms),
            walls=tuple(burst.wall_ms for burst in outcome.bursts),
        )
    for stage in (*STAGES, TOTAL) if outcome.stages else ():
        found[stage] = Series(values=tuple(value for round_ in outcome.stages for value in round_.stages[stage]))
    return found


def _variants(outcomes: Sequence[Outcome]) -> list[VariantRef]:
    return [outcome.candidate.variant.ref() for outcome in outcomes if outcome.status != "failed"]


def _front(outcomes: Sequence[Outcome]) -> dict[str, bool]:
    """Tell of each candidate with an accuracy whether it is on the Pareto front of its data set."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.measured and outcome.accuracy and outcome.accuracy.value is not None:
            groups.setdefault(_data_of(outcome), []).append(outcome)
    front: dict[str, bool] = {}
    for group in groups.values():
        points: list[tuple[float, float]] = []
        for outcome in group:
            value = outcome.accuracy.value if outcome.accuracy and outcome.accuracy.value is not None else math.nan
            sign = -1 if outcome.accuracy and outcome.accuracy.higher_is_better else 1
            cost = percentile(outcome.latencies(), 50) or math.nan
            points.append((cost / outcome.candidate.batch, sign * value))
        front |= {outcome.candidate.key: on for outcome, on in zip(group, pareto_front(points), strict=True)}
    return front


def _data_of(outcome: Outcome) -> str:
    data = outcome.accuracy.data if outcome.accuracy else None
    return data.sha256 if data else ""

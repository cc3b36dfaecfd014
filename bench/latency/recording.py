"""What came of a benchmark, as one record; docs/benchmarks.md describes its layout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from pydantic import JsonValue

from ...core.record import ArtifactRef, Figure, Record
from ..significance import Difference, compare_rounds
from ..timings import MODEL, candidates_of
from .accuracy import pareto_front
from .figures import comparison_figures, figures_of, percentile
from .grid import Request
from .messages import Layer
from .outcomes import Outcome
from .roofline import Roofline
from .stability import RULE, unsteady
from .stages import STAGES, TOTAL

__all__ = ["KIND", "exit_code", "record_of"]

KIND = "bench"
"""The `kind` of the records."""


def record_of(
    outcomes: Sequence[Outcome],
    request: Request,
    baseline: Outcome,
    *,
    rounds: int,
    pictures: Sequence[str],
    rooflines: Mapping[str, Roofline],
) -> Record:
    """Put a benchmark into a record.

    Args:
        outcomes: of all candidates, measured or not.
        request: what was asked for.
        baseline: what the others are compared with.
        rounds: how often they took turns.
        pictures: that went the whole way.
        rooflines: the limits of devices, by name; of those whose layers are to be compared with them.
    """
    front = _front(outcomes)
    entries: list[JsonValue] = []
    figures: list[Figure] = []
    samples: dict[str, list[JsonValue]] = {}
    steady = True
    for outcome in outcomes:
        key = outcome.candidate.key
        reasons = _unsteady(outcome, request)
        steady = steady and not reasons
        differences = _differences(outcome, baseline, request)
        entry = _entry(outcome, request, reasons, differences, baseline)
        entry["pareto"] = front.get(key)
        entries.append(entry)
        figures += figures_of(outcome, request)
        figures += comparison_figures(outcome, request, differences, baseline)
        samples |= _samples(outcome, rooflines.get(outcome.candidate.device))
    for device, roofline in rooflines.items():
        figures += roofline.figures()
        samples |= {f"{device}: {name}": list(values) for name, values in roofline.samples().items()}
    return Record(
        kind=KIND,
        artifacts=tuple(_references(outcomes)),
        settings={
            "scenario": str(request.scenario),
            "rounds": rounds,
            "iterations": request.iterations,
            "seconds": None if request.iterations else request.seconds,
            "warm_up": request.warm_up,
            "threads": outcomes[0].candidate.threads,
            "baseline": baseline.candidate.key,
            "pictures": list(pictures),
            "profile": request.profile,
            "data": request.data,
            "stable": steady,
            "stability_rule": RULE,
            "roofline": {device: _limits(roofline) for device, roofline in rooflines.items()},
            "candidates": entries,
        },
        figures=tuple(figures),
        samples=samples,
    )


def exit_code(record: Record) -> int:
    """Return what the command line returns for a benchmark.

    3 where a candidate executed something else than it was asked for, 1 where nothing was measured, 5 where some
    candidates failed, else 0; that a device is missing is told, and is no failure unless it is required.
    """
    found = {entry["status"] for entry in candidates_of(record)}
    if "fallback" in found:
        return 3
    if "measured" not in found:
        return 1
    return 5 if "failed" in found else 0


def _entry(
    outcome: Outcome, request: Request, reasons: list[str], differences: dict[str, Difference], baseline: Outcome
) -> dict[str, JsonValue]:
    labels: dict[str, JsonValue] = dict(outcome.labels)
    comparisons: list[JsonValue] = [
        {"stage": stage, "baseline": baseline.candidate.key, **asdict(difference)}
        for stage, difference in differences.items()
    ]
    notes: list[JsonValue] = [*outcome.notes, *_overload(outcome, request)]
    return {
        **labels,
        "task": outcome.candidate.variant.contract.task,
        "scale": outcome.candidate.variant.contract.output.scale,
        "file": str(outcome.candidate.variant.path),
        "status": outcome.status,
        "reason": outcome.reason,
        "executed": outcome.opened.executed.model_dump(mode="json") if outcome.opened else None,
        "unstable": list(reasons),
        "comparisons": comparisons,
        "notes": notes,
    }


def _overload(outcome: Outcome, request: Request) -> list[str]:
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


def _unsteady(outcome: Outcome, request: Request) -> list[str]:
    if not outcome.measured:
        return []
    # Random arrivals make the rounds of a server differ by themselves.
    rounds = [] if request.scenario.kind == "server" else outcome.medians(request.scenario)
    return unsteady(rounds, outcome.others())


def _differences(outcome: Outcome, baseline: Outcome, request: Request) -> dict[str, Difference]:
    if outcome is baseline or not outcome.measured or not baseline.measured:
        return {}
    found = {MODEL: compare_rounds(baseline.times(request.scenario), outcome.times(request.scenario))}
    if outcome.stages and len(outcome.stages) == len(baseline.stages):
        before, after = ([round_.stages[TOTAL] for round_ in each.stages] for each in (baseline, outcome))
        found[TOTAL] = compare_rounds(before, after)
    return found


def _limits(roofline: Roofline) -> dict[str, JsonValue]:
    """Billions of operations a second in each arithmetic, and gigabytes a second."""
    return {
        "compute": {name: peak.value for name, peak in roofline.compute.items()},
        "memory": roofline.memory.value,
    }


def _layer(layer: Layer, roofline: Roofline | None) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = layer.model_dump(mode="json")
    if roofline and layer.ms > 0:
        bound = roofline.bound(layer.flops, layer.bytes, layer.ms / 1000, layer.precision)
        facts |= {"bound_by": bound.limited_by, "of_limit": bound.share}
    return facts


def _samples(outcome: Outcome, roofline: Roofline | None) -> dict[str, list[JsonValue]]:
    """Every raw value, keyed by candidate and stage; of each, the round that it was measured in."""
    key = outcome.candidate.key
    samples: dict[str, list[JsonValue]] = {}
    if outcome.bursts:
        samples[f"{key}: {MODEL}"] = list(outcome.latencies())
        samples[f"{key}: {MODEL} round"] = [
            number for number, burst in enumerate(outcome.bursts) for _ in burst.latencies_ms
        ]
        samples[f"{key}: {MODEL} wall"] = [burst.wall_ms for burst in outcome.bursts]
    for stage in (*STAGES, TOTAL) if outcome.stages else ():
        samples[f"{key}: {stage}"] = [value for round_ in outcome.stages for value in round_.stages[stage]]
    if outcome.inspected and outcome.inspected.layers:
        samples[f"{key}: layers"] = [_layer(layer, roofline) for layer in outcome.inspected.layers]
    return samples


def _references(outcomes: Sequence[Outcome]) -> list[ArtifactRef]:
    found: dict[str, ArtifactRef] = {}
    for outcome in outcomes:
        candidate = outcome.candidate
        if str(candidate.variant.path) not in found and outcome.status != "failed":
            found[str(candidate.variant.path)] = candidate.variant.ref()
    return list(found.values())


def _front(outcomes: Sequence[Outcome]) -> dict[str, bool]:
    """Tell of each candidate with an accuracy whether it is on the Pareto front of its data set."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.measured and outcome.accuracy and outcome.accuracy.value is not None:
            groups.setdefault(outcome.accuracy.dataset_hash, []).append(outcome)
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

"""What came of a benchmark, as one record, and where that is kept."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ...convert import cache_dir
from ...core import (
    MODEL,
    BenchRecord,
    CandidateResult,
    ComparisonRow,
    InputError,
    LayerTime,
    Measurement,
    Record,
    Series,
)
from ...infer import this_machine
from ..benchmark_settings import BenchmarkSettings
from ..significance import TimeDifference, compare_rounds
from .machine_limits import Roofline
from .process import Opened
from .speeds import KEPT
from .trials import OTHERS, RULE, STAGES, TOTAL, Trial, comparisons_of, measurements_of, percentile

__all__ = ["Kept", "benchmark_exit_code", "emulation", "keep", "pareto_front", "record_of", "require_statistics"]


_NATIVE = {"bf16": frozenset({"amx_bf16", "avx512_bf16"}), "f16": frozenset({"avx512_fp16"})}
"""Features of x86 processors, any of which computes in an arithmetic that others emulate."""


def require_statistics() -> None:
    """Say what is missing for the verdicts before the measurement, not after it.

    Raises:
        DependencyError: SciPy is not installed.
    """
    compare_rounds([[1.0]], [[1.0]])


def record_of(
    trials: Sequence[Trial],
    settings: BenchmarkSettings,
    baseline: Trial,
    *,
    images: Sequence[str],
    rooflines: Mapping[str, Roofline],
    rounds: int,
) -> BenchRecord:
    """Put a benchmark into a record.

    Args:
        trials: of all candidates, measured or not.
        settings: what was asked for.
        baseline: what the others are compared with.
        images: that went the whole way.
        rooflines: the limits of devices, by name; of those whose layers are to be compared with them.
        rounds: that there were, which may be more than were asked for.
    """
    front = _front(trials)
    candidates: dict[str, CandidateResult] = {}
    figures: list[Measurement] = []
    for trial in trials:
        key = trial.candidate.key
        differences = _differences(trial, baseline, settings)
        result = _result(trial, settings, differences, baseline, rooflines.get(trial.candidate.device))
        candidates[key] = result.model_copy(update={"pareto": front.get(key)})
        figures += measurements_of(trial, settings)
        figures += comparisons_of(trial, settings, differences, baseline)
    for roofline in rooflines.values():
        figures += roofline.measurements()
    return BenchRecord(
        machine=this_machine(),
        variants=tuple(trial.candidate.variant.ref() for trial in trials if trial.status != "failed"),
        measurements=tuple(figures),
        settings=settings.described(),
        scenario=str(settings.scenario),
        rounds=rounds,
        iterations=settings.iterations,
        seconds=None if settings.iterations else settings.seconds,
        warm_up=settings.warm_up,
        profiled=settings.profile,
        threads=trials[0].candidate.threads,
        baseline=baseline.candidate.key,
        images=tuple(images),
        stable=not any(result.unstable for result in candidates.values()),
        rule=RULE,
        candidates=candidates,
        rooflines={device: roofline.limits() for device, roofline in rooflines.items()},
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
    trial: Trial,
    settings: BenchmarkSettings,
    differences: Mapping[str, TimeDifference],
    baseline: Trial,
    roofline: Roofline | None,
) -> CandidateResult:
    candidate, others, opened = trial.candidate, trial.others(), trial.opened
    return CandidateResult(
        task=candidate.variant.contract.task,
        scale=candidate.variant.contract.output.scale,
        file=str(candidate.variant.path),
        asked=candidate.labels,
        status=trial.status,
        reason=trial.reason,
        execution=opened.executed.plain if opened else None,
        layers=opened.executed.layers if opened else (),
        unstable=tuple(trial.unsteady(settings.scenario)),
        disturbed=others is not None and others > OTHERS,
        comparisons=tuple(
            ComparisonRow(stage=stage, baseline=baseline.candidate.key, **asdict(found))
            for stage, found in differences.items()
        ),
        notes=(*trial.notes, *_overload(trial, settings), *emulation(opened)),
        times=_series(trial),
        samples=trial.samples,
        profile=tuple(_bound(layer, roofline) for layer in (trial.inspected.layers if trial.inspected else ())),
    )


def _overload(trial: Trial, settings: BenchmarkSettings) -> list[str]:
    """Queries that arrive faster than they are answered pile up: their percentiles tell the burst's length."""
    qps = settings.scenario.qps
    # The last query of each burst is waited for, which alone lowers the rate where bursts are short.
    if not qps or not trial.measured or (rate := trial.query_rate()) >= 0.8 * qps:
        return []
    return [f"overloaded: {rate:.1f} queries a second were answered of {qps:g}; its latencies grow with the burst"]


def emulation(opened: Opened | None) -> list[str]:
    """Say where an x86 processor computes in what it has no instructions for: on others it may be fast."""
    if opened is None or opened.executed.name != "CPU" or "avx2" not in this_machine().cpu_features:
        return []
    arithmetic = opened.executed.arithmetic
    native = _NATIVE.get(arithmetic)
    if native is None or native.intersection(this_machine().cpu_features):
        return []
    return [f"this processor has no instructions for {arithmetic} and emulates it: its times are no reason against it"]


def _differences(trial: Trial, baseline: Trial, settings: BenchmarkSettings) -> dict[str, TimeDifference]:
    if trial is baseline or not trial.measured or not baseline.measured:
        return {}
    found = {MODEL: compare_rounds(baseline.times(settings.scenario), trial.times(settings.scenario))}
    if trial.stages and len(trial.stages) == len(baseline.stages):
        before, after = ([round_[TOTAL] for round_ in each.stages] for each in (baseline, trial))
        found[TOTAL] = compare_rounds(before, after)
    return found


def _bound(layer: LayerTime, roofline: Roofline | None) -> LayerTime:
    if roofline is None or not layer.ms > 0:
        return layer
    bound = roofline.bound(layer.flops, layer.bytes, layer.ms / 1000, layer.precision)
    return layer.model_copy(update={"bound_by": bound.limited_by, "of_limit": bound.share})


def _series(trial: Trial) -> dict[str, Series]:
    """Every raw value by stage; of the network alone, the round that it was measured in."""
    found: dict[str, Series] = {}
    if trial.bursts:
        found[MODEL] = Series(
            values=tuple(trial.latencies()),
            rounds=tuple(number for number, burst in enumerate(trial.bursts) for _ in burst.latencies_ms),
            walls=tuple(burst.wall_ms for burst in trial.bursts),
        )
    for stage in (*STAGES, TOTAL) if trial.stages else ():
        found[stage] = Series(values=tuple(trial.stage_times(stage)))
    return found


def _front(trials: Sequence[Trial]) -> dict[str, bool]:
    """Tell of each candidate with an accuracy whether it is on the Pareto front of its data set."""
    groups: dict[str, list[tuple[str, tuple[float, float]]]] = {}
    for trial in trials:
        figure = trial.accuracy
        if trial.measured and figure and figure.value is not None:
            cost = percentile(trial.latencies(), 50) or math.nan
            point = (cost / trial.candidate.batch, (-1 if figure.higher_is_better else 1) * figure.value)
            groups.setdefault(figure.data.sha256 if figure.data else "", []).append((trial.candidate.key, point))
    front: dict[str, bool] = {}
    for group in groups.values():
        on_front = pareto_front([point for _, point in group])
        front |= {key: on for (key, _), on in zip(group, on_front, strict=True)}
    return front


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Tell of each point (cost, loss), both better when smaller, whether no other point is at least as good in both.

    Of equal points all are on the front.
    """
    return [
        not any(other[0] <= point[0] and other[1] <= point[1] and other != point for other in points)
        for point in points
    ]


@dataclass(frozen=True)
class Kept:
    """What became of a record.

    Attributes:
        path: where it is; None where it could not be written.
        sentence: says so.
        error: why it is not in the file that was asked for; None where none was.
    """

    path: Path | None
    sentence: str
    error: InputError | OSError | None = None


def keep(record: Record, target: Path | None) -> Kept:
    """Write a record to `target`, or to a new file in the cache where there is no target or it can't be written.

    A measurement takes minutes: nothing is raised, so that its table can be printed whatever the disk says.
    """
    refused: InputError | OSError | None = None
    if target is not None:
        try:
            record.write(target)
        except (InputError, OSError) as error:
            refused = error
        else:
            return Kept(target, f"record: {target}")
    folder = cache_dir() / KEPT
    path = folder / f"{record.kind}-{record.created:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.json"
    try:
        record.write(path)
    except (InputError, OSError) as error:
        return Kept(None, f"note: the record could not be kept ({error}); name a file with --record", refused)
    return Kept(path, f"record: {path}", refused)

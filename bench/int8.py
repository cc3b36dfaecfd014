"""The verdict on INT8: a reading of a benchmark, and of accuracies where there are any."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core import MODEL, BenchRecord, Interval, Measurement, Task, comparable
from .significance import compare_rounds

__all__ = ["ALLOWED_DROP", "LEAST_SPEEDUP", "MAIN_METRIC", "Int8Verdict", "int8_verdicts"]

LEAST_SPEEDUP = 1.1
"""INT8 is called faster when the whole interval of its speed-up lies above this."""

MAIN_METRIC: dict[Task, str] = {"segmentation": "iou", "super_resolution": "psnr_y"}
"""What a task's accuracy is told by, where no other metric is named."""

ALLOWED_DROP: dict[Task, float] = {"segmentation": 0.01, "super_resolution": 0.3}
"""Drops of the main metric, IoU or dB, that INT8 may cost, where no other is given."""


@dataclass(frozen=True)
class Int8Verdict:
    """Whether INT8 pays for a model on a device: it is faster, and its accuracy holds.

    Attributes:
        model: its label.
        device: as the commands take it.
        arithmetic: of what stays in floating point.
        pays: False too where speed or accuracy are not known well enough.
        sentence: says so, and why.
        speedup: how many times as fast as FP32; None where it is not known.
        interval: of the speed-up; None there too.
    """

    model: str
    device: str
    arithmetic: str
    pays: bool
    sentence: str
    speedup: float | None = None
    interval: Interval | None = None


def int8_verdicts(
    record: BenchRecord, accuracies: Sequence[Measurement] = (), *, allowed: Mapping[str, float] | None = None
) -> tuple[Int8Verdict, ...]:
    """Read a verdict from a benchmark for each model that it has in FP32 and in INT8, run alike.

    Args:
        record: the benchmark.
        accuracies: of the same models, over whole data sets, from whatever records; they count where the benchmark has
            none itself. Without any the verdict is about speed and size alone.
        allowed: drop by metric, in its unit; else what the benchmark was asked for, else `ALLOWED_DROP`.

    Raises:
        DependencyError: SciPy is not installed.
    """
    medians = [f for f in record.measurements if f.metric == "latency_p50" and f.stage == MODEL]
    groups: dict[object, dict[str, Measurement]] = defaultdict(dict)
    for figure in medians:
        for how in figure.executions:
            groups[(_made_from(figure), how.name, how.arithmetic, how.size, how.batch, how.hint)].setdefault(
                figure.precision, figure
            )
    return tuple(
        _verdict(record, group["fp32"], group["int8"], accuracies, {**(allowed or {}), **record.allowed_drop})
        for group in groups.values()
        if {"fp32", "int8"} <= group.keys()
    )


def _verdict(
    record: BenchRecord,
    before: Measurement,
    after: Measurement,
    accuracies: Sequence[Measurement],
    allowed: Mapping[str, float],
) -> Int8Verdict:
    speedup, interval = _speedup(record, before.candidate, after.candidate)
    facts: list[str] = []
    reasons: list[str] = []
    if speedup is None or interval is None:
        missing = next((record.candidates[f.candidate].reason for f in (before, after) if f.value is None), None)
        reasons.append(f"its speed is not known ({missing or 'it was not measured'})")
    else:
        low, high = interval
        facts.append(f"{speedup:.2f} times the speed of FP32 ({low:.2f} to {high:.2f})")
        if high < 1:
            reasons.append("it is slower")
        elif not low > LEAST_SPEEDUP:
            reasons.append(f"a speed-up of more than {LEAST_SPEEDUP} is not shown")
    sizes = {f.candidate: f.value for f in record.of_metric("size")}
    small, large = sizes.get(after.candidate), sizes.get(before.candidate)
    if small and large:
        facts.append(f"{small / large:.2f} of its size")
    task = record.candidates[after.candidate].task
    own = _accuracies(before, after, record.measurements)
    for was, now in own or _accuracies(before, after, accuracies):
        drop = (1 if now.higher_is_better else -1) * (_known(was) - _known(now))
        unit = f" {now.unit}" if now.unit else ""
        facts.append(f"{now.metric} {_known(now):.4f} after {_known(was):.4f}{unit}")
        limit = allowed.get(now.metric, ALLOWED_DROP[task])
        if not drop <= limit:
            reasons.append(f"{now.metric} drops by {drop:.4f}, more than {limit:g}")
    verdict = "INT8 is not worth it" if reasons else "INT8 is worth it"
    why = f" because {' and '.join(reasons)}" if reasons else ""
    about = f": {', '.join(facts)}" if facts else ""
    return Int8Verdict(
        model=after.model,
        device=after.device,
        arithmetic=after.arithmetic,
        pays=not reasons,
        sentence=f"{verdict} on {after.device}{why}{about}.",
        speedup=speedup,
        interval=interval,
    )


def _speedup(record: BenchRecord, before: str, after: str) -> tuple[float | None, Interval | None]:
    """Compare round by round; nothing where one of them was not measured."""
    rounds = [record.rounds_of(name) for name in (before, after)]
    if not all(rounds):
        return None, None
    found = compare_rounds(*rounds)
    return found.speedup, (found.low, found.high)


def _accuracies(
    before: Measurement, after: Measurement, known: Sequence[Measurement]
) -> list[tuple[Measurement, Measurement]]:
    """Pair what was measured of both on the same samples, in the same arithmetic; the first metric of each data set.

    A metric that neither has a value of is none of them.
    """
    wanted = [f for f in known if f.data is not None and f.is_whole and not f.unit.is_time]
    pairs: dict[object, tuple[Measurement, Measurement]] = {}
    for now in wanted:
        if _of(now) != _of(after) or now.metric.endswith("_drop"):
            continue
        for was in wanted:
            own = was.model_copy(update={"role": ""})
            if was.value is None and now.value is None:
                continue
            if _of(was) == _of(before) and comparable(own, now, across={"precision", "model", "weights"}) is None:
                pairs.setdefault(now.data, (was, now))
    return list(pairs.values())


def _known(figure: Measurement) -> float:
    """Return the value; one that did not come about is no number, and speaks against INT8."""
    return math.nan if figure.value is None else figure.value


def _of(figure: Measurement) -> tuple[object, ...]:
    return _made_from(figure), figure.precision, figure.arithmetic


def _made_from(figure: Measurement) -> tuple[object, ...]:
    return tuple((one.id, one.weights_sha256) for one in figure.variants)

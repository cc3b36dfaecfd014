"""What shall be deployed: the candidates of one benchmark beside its baseline, all claims of the table together.

Whatever a table says about differences shares one rate of errors: with 95%, all of its intervals hold at once
(Bonferroni), and a difference is claimed only where its interval excludes none. A row is of one run alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..core import MODEL, BenchRecord, Interval, Measurement
from .int8 import ALLOWED_DROP
from .intervals import drop_interval, figure_interval
from .significance import MIN_SAMPLES, TimeDifference, compare_rounds, more_needed, shared_confidence

__all__ = ["AccuracyChange", "Deployment", "DeploymentRow", "deployment_of"]

_SMALLER = 0.9
"""A model that is no faster is preferred where its file is smaller than this share of the baseline's, …"""

_AS_FAST = 0.95
"""… and its speed-up is shown to be no less than this."""


@dataclass(frozen=True)
class AccuracyChange:
    """How much higher a candidate's accuracy is than the baseline's, on the same samples.

    Attributes:
        value: of the mean's change, in the metric's unit.
        interval: of the change; None where there are too few samples for one.
        drop: the most that the accuracy may have become worse, in the metric's unit; None there too.
        shown: the interval excludes zero.
        more: further samples that would tell whether the drop is within what is allowed; 0 where that is told.
    """

    value: float
    interval: Interval | None
    drop: float | None
    shown: bool
    more: int = 0


@dataclass(frozen=True)
class DeploymentRow:
    """A candidate: how accurate and how fast it is, and how that compares.

    Attributes:
        candidate: its key in the record.
        model: its label.
        precision: of the stored weights.
        arithmetic: that was computed in.
        device: that executed it, as the commands take it.
        instruction_set: that oneDNN was told to go no further than; empty where it was not.
        status: `measured`, or why it was not.
        reason: the same in a sentence.
        figures: by metric: `latency_p50`, `latency_p90`, `throughput`, `first_inference`, `peak_memory`, `size`.
        accuracy: the mean of the metric; None where it was not measured.
        accuracy_interval: of the mean, by itself.
        change: against the baseline; None for it, and without an accuracy.
        speed: against the baseline; None for it, and where there are no times.
        unsteady: why its times may not be relied on; empty where they may.
    """

    candidate: str
    model: str
    precision: str
    arithmetic: str
    device: str
    instruction_set: str
    status: str
    reason: str
    figures: Mapping[str, float]
    accuracy: float | None = None
    accuracy_interval: Interval | None = None
    change: AccuracyChange | None = None
    speed: TimeDifference | None = None
    unsteady: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return it in a few words: the model, how it is stored, and what it computes in."""
        computed = f"in {self.arithmetic}" if self.arithmetic else ""
        return " ".join(part for part in (self.model, self.precision, computed, f"on {self.device}") if part)


@dataclass(frozen=True)
class Deployment:
    """The table of one benchmark, and what follows from it.

    Attributes:
        rows: in the order of the candidates.
        baseline: the key of the row that others are compared with.
        metric: of the accuracies; empty where there are none.
        unit: of the metric.
        higher_is_better: of the metric.
        reference: what answers were compared with: `truth`, or the label of the model whose answers stand for it.
        samples: that the accuracies are means over.
        claims: how many differences the table tells, which share the 5%.
        allowed: the drop of the metric that may be lost.
        pick: the key of the row to deploy; None where nothing was measured.
        sentence: says so, and why.
        open: what was not shown, a sentence each, with what it would take.
    """

    rows: tuple[DeploymentRow, ...]
    baseline: str
    metric: str
    unit: str
    higher_is_better: bool
    reference: str
    samples: int
    claims: int
    allowed: float
    pick: str | None
    sentence: str
    open: tuple[str, ...]

    def row(self, candidate: str) -> DeploymentRow:
        """Return the row of a candidate's key."""
        return next(each for each in self.rows if each.candidate == candidate)


def deployment_of(record: BenchRecord) -> Deployment:
    """Compare all candidates of a benchmark with its baseline, and say which one to deploy.

    The pick is the fastest of those that are shown to be faster than the baseline and whose drop in accuracy is shown
    to be within what is allowed: the record's own limit, or 0.01 IoU and 0.3 dB. Where none is, it is one that is as
    fast and smaller; else the baseline.

    Args:
        record: of candidates that were measured interleaved, with samples of their accuracies where there are any.

    Raises:
        DependencyError: SciPy is not installed, and there is something to compare.
    """
    figures = {(f.candidate, f.metric): f for f in record.measurements if f.stage in {"", MODEL}}
    accuracies = {f.candidate: f for f in record.measurements if f.data and f.is_whole and f.candidate}
    times = {key: rounds for key in record.candidates if (rounds := record.rounds_of(key))}
    base = accuracies.get(record.baseline)
    compared = [key for key in record.candidates if key != record.baseline]
    timed = [key for key in compared if key in times and record.baseline in times]
    judged = [key for key in compared if key in accuracies] if base is not None else []
    claims = max(1, len(timed) + len(judged))
    example = base or next(iter(accuracies.values()), None)
    metric = example.metric if example else ""
    task = next(iter(record.candidates.values())).task
    allowed = record.allowed_drop.get(metric, ALLOWED_DROP[task])
    rows: list[DeploymentRow] = []
    for key, found in record.candidates.items():
        accuracy = accuracies.get(key)
        change = speed = None
        if base is not None and accuracy is not None and key in judged:
            change = _change(record, base, accuracy, allowed, claims)
        if key in timed:
            speed = compare_rounds(times[record.baseline], times[key], claims=claims)
        # What was never opened has no figure, and is told by what was asked for.
        median = figures.get((key, "latency_p50"))
        how = found.execution or (median.execution if median else None)
        asked = found.asked
        own = {name: f.value for (of, name), f in figures.items() if of == key and f.value is not None and not f.data}
        rows.append(
            DeploymentRow(
                candidate=key,
                model=median.model if median else asked.get("model", key),
                precision=median.precision if median else asked.get("precision", ""),
                arithmetic=(how.arithmetic if how else "") or asked.get("arithmetic", ""),
                device=how.name if how else asked.get("device", ""),
                instruction_set=how.instruction_set if how else "",
                status=found.status,
                reason=found.reason or "",
                figures=own,
                accuracy=accuracy.value if accuracy else None,
                accuracy_interval=figure_interval(record, accuracy) if accuracy else None,
                change=change,
                speed=speed,
                unsteady=found.unstable,
            )
        )
    data = example.data if example else None
    table = Deployment(
        rows=tuple(rows),
        baseline=record.baseline,
        metric=metric,
        unit=str(example.unit) if example else "",
        higher_is_better=example.higher_is_better is not False if example else True,
        reference=data.reference if data else "",
        samples=(data.count or 0) if data else 0,
        claims=claims,
        allowed=allowed,
        pick=None,
        sentence="",
        open=(),
    )
    return _picked(table, times)


def _change(
    record: BenchRecord, before: Measurement, after: Measurement, allowed: float, claims: int
) -> AccuracyChange | None:
    if before.value is None or after.value is None:
        return None
    value = after.value - before.value
    old, new = record.by_sample(before), record.by_sample(after)
    if not old or not new or old.keys() != new.keys():
        return AccuracyChange(value, None, None, shown=False)
    series = [old[name] for name in new], list(new.values())
    if series[0] != series[1] and len(new) < MIN_SAMPLES:
        return AccuracyChange(value, None, None, shown=False, more=MIN_SAMPLES - len(new))
    low, high = drop_interval(*series, confidence=shared_confidence(claims))
    interval = (-high + 0.0, -low + 0.0)
    worse = after.higher_is_better is not False
    loss, most = (-value, -interval[0]) if worse else (value, interval[1])
    more = more_needed(len(new), allowed - loss, most - loss) if loss < allowed < most else 0
    return AccuracyChange(value, interval, max(0.0, most), shown=not interval[0] <= 0 <= interval[1], more=more)


def _picked(table: Deployment, times: Mapping[str, Sequence[Sequence[float]]]) -> Deployment:
    measured = [row for row in table.rows if row.status == "measured" and row.candidate in times]
    if not measured:
        return _with(table, None, "Nothing could be measured, so there is nothing to deploy.")
    base = next((row for row in measured if row.candidate == table.baseline), None)
    if base is None:
        return _with(table, None, "The baseline could not be measured, so nothing can be compared with it.")
    fit = [row for row in measured if row is not base and _keeps(table, row)]
    faster = [row for row in fit if row.speed and row.speed.verdict == "faster"]
    if faster:
        best = max(faster, key=lambda row: row.speed.speedup if row.speed else 0.0)
        rivals = [row for row in faster if row is not best]
        equal = [
            row.name
            for row in rivals
            if compare_rounds(times[row.candidate], times[best.candidate], claims=table.claims).verdict != "faster"
        ]
        beside = f"; not shown to be faster than {' and '.join(equal)}" if equal else ""
        return _with(table, best, f"{_speed(best, base)}{_accuracy(table, best)}{beside}")
    size = base.figures.get("size")
    small = [
        row
        for row in fit
        if size and row.figures.get("size", size) < _SMALLER * size and row.speed and row.speed.low >= _AS_FAST
    ]
    if small and size:
        best = min(small, key=lambda row: row.figures["size"])
        share = best.figures["size"] / size
        said = f"none is shown to be faster, and it has {share:.2f} of the size at the same speed"
        return _with(table, best, f"{said}{_accuracy(table, best)}")
    others = len(measured) > 1
    why = "none of the others is shown to be faster and to keep the accuracy" if others else "it was measured alone"
    return _with(table, base, why)


def _keeps(table: Deployment, row: DeploymentRow) -> bool:
    """Tell whether a candidate's drop is shown to be within what is allowed; all keep what nobody measured."""
    if not table.metric:
        return True
    return row.change is not None and row.change.drop is not None and row.change.drop <= table.allowed


def _speed(row: DeploymentRow, base: DeploymentRow) -> str:
    found = row.speed
    if found is None:
        return ""
    return f"{found.speedup:.1f} times as fast as {base.name} ({found.low:.2f} to {found.high:.2f})"


def _accuracy(table: Deployment, row: DeploymentRow) -> str:
    if not table.metric or row.change is None or row.change.drop is None:
        return ", its accuracy not measured"
    unit = f" {table.unit}" if table.unit else ""
    what = table.metric if table.reference == "truth" else f"{table.metric} with the answers of {table.reference}"
    return f", {what} within {row.change.drop:.3g}{unit} at 95%"


def _with(table: Deployment, pick: DeploymentRow | None, why: str) -> Deployment:
    sentence = why
    if pick is not None:
        sentence = f"Deploy {pick.name}: {why}."
        unsteady = [row.name for row in table.rows if row.unsteady]
        if unsteady:
            sentence += f" Times were not steady ({', '.join(unsteady)}): repeat it on a quieter machine."
    return replace(table, pick=pick.candidate if pick else None, sentence=sentence, open=tuple(_open(table)))


def _open(table: Deployment) -> list[str]:
    """Say what was not shown, and how many more rounds or samples would."""
    found: list[str] = []
    for row in table.rows:
        if row.status != "measured":
            found.append(f"{row.candidate}: {row.status}: {row.reason}")
        speed, change = row.speed, row.change
        if speed and speed.verdict in {"no difference", "not enough samples"} and speed.more:
            found.append(
                f"{row.name}: whether it is faster or slower ({speed.speedup:.2f}, {speed.low:.2f} to "
                f"{speed.high:.2f}); about {speed.more} more rounds would tell"
            )
        if change is None:
            continue
        if change.interval is None and change.more:
            found.append(f"{row.name}: its change of {table.metric}; at least {change.more} more samples are needed")
        elif change.drop is not None and change.drop > table.allowed:
            certain = change.interval is not None and _least_loss(table, change.interval) > table.allowed
            words = "drops by more" if certain else "may drop by more"
            take = f"; about {change.more} more samples would tell" if change.more else ""
            found.append(
                f"{row.name}: {table.metric} {words} than the allowed {table.allowed:g} (up to {change.drop:.3g}){take}"
            )
    return found


def _least_loss(table: Deployment, interval: Interval) -> float:
    return -interval[1] if table.higher_is_better else interval[0]

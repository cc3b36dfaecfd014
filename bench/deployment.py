"""What shall be deployed: the candidates of one benchmark beside its baseline, all claims of the table together.

Whatever a table says about differences shares one rate of errors: with 95%, all of its intervals hold at once
(Bonferroni), and a difference is claimed only where its interval excludes none. A row is of one run alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..core import Interval
from .significance import TimeDifference, compare_rounds

__all__ = ["AccuracyChange", "Deployment", "DeploymentRow", "picked"]

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
        notes: what else a reader should know, a sentence each.
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
    notes: tuple[str, ...] = ()

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
        stage: that times are of: the network alone, or the whole way of an image.
        reference: what answers were compared with: `truth`, or the label of the model whose answers stand for it.
        samples: that the accuracies are means over.
        claims: how many differences the table tells, which share the 5%.
        allowed: the drop of the metric that may be lost.
        pick: the key of the row to deploy; None where nothing was measured.
        sentence: says so, and why.
        open: what was not shown, with what it would take, and what is lost or could not be measured; a sentence each.
    """

    rows: tuple[DeploymentRow, ...]
    baseline: str
    metric: str
    unit: str
    higher_is_better: bool
    stage: str
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


def picked(table: Deployment, times: Mapping[str, Sequence[Sequence[float]]]) -> Deployment:
    """Return the table with the candidate to deploy, why, and what was not shown.

    Args:
        table: without them.
        times: milliseconds of each candidate by round.
    """
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
            some = len(unsteady) < sum(row.status == "measured" for row in table.rows)
            of = f" ({', '.join(unsteady)})" if some else ""
            sentence += f" Times were not steady{of}: repeat it on a quieter machine."
    return replace(table, pick=pick.candidate if pick else None, sentence=sentence, open=tuple(_open(table)))


def _open(table: Deployment) -> list[str]:
    """Say what was not shown, and how many more rounds or samples would."""
    found: list[str] = []
    for row in table.rows:
        if row.status != "measured":
            found.append(f"{row.candidate}: {row.status}: {row.reason}")
        speed, change = row.speed, row.change
        if speed and speed.verdict in {"no difference", "not enough samples"} and speed.more:
            shown = f"{speed.speedup:.2f}, {speed.low:.2f} to {speed.high:.2f}"
            take = f"about {speed.more} more rounds would tell"
            found.append(f"not shown: {row.name}: whether it is faster or slower ({shown}); {take}")
        if change is None:
            continue
        if change.interval is None and change.more:
            take = f"at least {change.more} more samples are needed"
            found.append(f"not shown: {row.name}: its change of {table.metric}; {take}")
        elif change.drop is not None and change.drop > table.allowed:
            certain = change.interval is not None and _least_loss(table, change.interval) > table.allowed
            words = "drops by more" if certain else "may drop by more"
            take = f"; about {change.more} more samples would tell" if change.more else ""
            said = (
                f"{row.name}: {table.metric} {words} than the allowed {table.allowed:g} (up to {change.drop:.3g}){take}"
            )
            found.append(said if certain else f"not shown: {said}")
    return found


def _least_loss(table: Deployment, interval: Interval) -> float:
    return -interval[1] if table.higher_is_better else interval[0]

"""What changed: since the baseline, and from record to record of the same thing, with the limits of its gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ...bench import Gate
from ...core import Aspect, BenchRecord, DependencyError, GateRecord, Measurement, comparable, differences, identity
from ..document import NOTHING, Cell, Column, Paragraph, Plot, Section, Table, Tone
from ..evidence import (
    TIMES,
    Evidence,
    Point,
    RecordSource,
    accuracy_change,
    figure_cell,
    number,
    scaled,
    signed,
    span,
    title_of,
)
from ..plots import plot_of, trend

__all__ = ["baseline_changes", "history"]

Change = Literal["better", "worse", "no clear change", "changed", "the same", "not compared", "new"]

_ORDER = ("worse", "better", "changed", "no clear change", "not compared", "new", "the same")

_TONES: dict[str, Tone] = {"better": "good", "worse": "bad"}

_DIFFERENT: dict[Aspect, str] = {
    "weights": "made from other weights",
    "data": "measured on other samples, or against something else",
    "size": "computed at another size",
    "arithmetic": "computed in another arithmetic",
    "machine": "measured on another machine",
    "settings": "run with other settings",
}

_NOT_SHOWN = frozenset({"model", "precision", "device", "arithmetic", "size", "samples", "verdict", "candidate"})
"""Labels that the configuration names where it must, or that are findings."""

_OF_LIMITS = frozenset(
    {"model", "precision", "device", "arithmetic", "size", "dataset", "reference", "slice", "stage", "statistic"}
)
"""Labels of a verdict that must be the figure's for its limit to be drawn."""

_MOST_PLOTS = 8

_COLUMNS = (
    *map(Column, ("figure", "of", "unit")),
    *(Column(title, numeric=True) for title in ("before", "after", "change")),
    Column("verdict"),
)

_NOTE = (
    "Accuracy is compared sample by sample where both have the same samples; a change is called better or worse "
    "only if its 95% interval leaves zero out. Times are compared on the same machine only, by the Mann-Whitney "
    "test; two separate runs differ by more than one run's interval shows."
)


@dataclass(frozen=True)
class _Change:
    verdict: Change
    why: str = ""
    amount: str = ""
    value: float | None = None
    detail: str = ""


def baseline_changes(evidence: Evidence) -> Section | None:
    """Return each figure that the baselines have too, before and after; None without baselines."""
    if not evidence.baselines:
        return None
    before: dict[object, list[Point]] = {}
    for source in evidence.baselines:
        for point in source.points:
            before.setdefault(_key(point), []).append(point)
    main: list[tuple[Cell, ...]] = []
    slices: list[tuple[Cell, ...]] = []
    same: list[tuple[Cell, ...]] = []
    counts: Counter[str] = Counter()
    unmatched = 0
    for point in (point for source in evidence.current for point in source.points):
        matches = before.get(_key(point), [])
        if point.figure.value is None or not matches:
            unmatched += 1
            continue
        old = min(matches, key=lambda match: _distance(match, point))
        change = _change(old, point)
        counts[change.verdict] += 1
        rows = same if change.verdict == "the same" else main if point.figure.is_whole else slices
        rows.append(_row(old, point, change))
    blocks: list[Paragraph | Table] = []
    if counts:
        listed = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        left = f"; {unmatched} figures are not in the baseline" if unmatched else ""
        blocks.append(Paragraph(f"Figures: {listed}{left}."))
    else:
        text = "The baseline has no figure that the records have too: other models, data sets or settings."
        blocks.append(Paragraph(text, warning=True))
    main.sort(key=lambda row: _ORDER.index(row[-1].text))
    if main:
        blocks.append(Table("Before and after", _COLUMNS, tuple(main), _NOTE))
    if slices:
        blocks.append(Table("Before and after, slice by slice", _COLUMNS, tuple(slices), folded=True))
    if same:
        blocks.append(Table(f"{len(same)} figures are the same", _COLUMNS, tuple(same), folded=True))
    return Section("changes", "Changes from the baseline", tuple(blocks))


def _key(point: Point) -> object:
    """Return what a figure has in common with what it is set beside, whether or not they may be compared."""
    figure, of = point.figure, identity(point.figure)
    return (
        *(point.source.record.kind, of["metric"], of["model"], of["precision"]),
        *(figure.device, figure.dataset, figure.slice, figure.baseline),
    )


def _distance(old: Point, new: Point) -> tuple[int, bool, float]:
    """Put what may be compared first, then the candidate of the same name, then the newest."""
    other = old.figure.candidate != new.figure.candidate
    return len(differences(old.figure, new.figure)), other, -old.source.record.created.timestamp()


def _change(old: Point, new: Point) -> _Change:
    before, after = old.figure.value, new.figure.value
    if before is None or after is None:
        return _Change("new", "the baseline has no value")
    forbidden = comparable(old.figure, new.figure)
    if forbidden is not None:
        text = _DIFFERENT.get(forbidden.aspect, f"another {forbidden.aspect}")
        was, now = (each or "not known" for each in (forbidden.before, forbidden.after))
        return _Change("not compared", f"{text}: {was}, then {now}")
    unit = new.figure.unit
    if unit.is_time:
        return _change_of_times(old, new, before, after)
    difference = after - before if after != before else 0.0
    relative = f"{signed(100 * difference / abs(before), TIMES)}%" if before and abs(before) != float("inf") else ""
    found = accuracy_change(old, new) if new.figure.data else None
    interval = found[1] if found else None
    verdict: Change = "the same" if difference == 0 else _direction(new.figure, difference)
    if interval is not None and difference and interval[0] <= 0 <= interval[1]:
        verdict = "no clear change"
    return _Change(
        verdict, relative, signed(difference, unit, like=after), difference, span(interval, unit, like=after)
    )


def _change_of_times(old: Point, new: Point, before: float, after: float) -> _Change:
    if not before or not after:
        return _Change("not compared", "one of the two is zero")
    speedup = before / after if not new.figure.higher_is_better else after / before
    detail, why = "", "single figures, no samples to test"
    verdict: Change = "no clear change"
    series = [_tested(point) for point in (old, new)]
    if all(len(values) > 1 for values in series):
        try:
            from ...bench import compare_samples

            found = compare_samples(*series)
            detail = span((found.low, found.high), TIMES)
            why = f"{found.verdict}, p = {found.p_value:.2g}"
            if found.verdict in {"faster", "slower"}:
                verdict = "better" if found.verdict == "faster" else "worse"
        except DependencyError as error:
            why = str(error)
    return _Change(verdict, why, f"{number(speedup, TIMES)} {TIMES} as fast", speedup, detail)


def _tested(point: Point) -> tuple[float, ...]:
    """Return the times that the test compares: a benchmark says which, where a latency is that of a queue."""
    record, figure = point.source.record, point.figure
    if point.times and isinstance(record, BenchRecord):
        return record.times(figure.candidate, figure.stage)
    return point.times


def _direction(figure: Measurement, difference: float) -> Change:
    if figure.higher_is_better is None:
        return "changed"
    return "better" if (difference > 0) == figure.higher_is_better else "worse"


def _row(old: Point, new: Point, change: _Change) -> tuple[Cell, ...]:
    figure = new.figure
    hidden = _NOT_SHOWN | ({"slice"} if figure.is_whole else set())
    hidden |= {"reference"} if figure.data and figure.data.reference == "truth" else set()
    shown = {name: text for name, text in figure.labels.items() if name not in hidden}
    about = [new.configuration.label, *(f"{name} {text}" if text.isdecimal() else text for name, text in shown.items())]
    return (
        Cell(title_of(figure.metric)),
        Cell(" ".join(part for part in about if part)),
        Cell(scaled(figure.unit)[0]),
        figure_cell(old.figure.value, figure.unit, old.interval),
        new.cell,
        Cell(change.amount or NOTHING.text, change.value, change.detail),
        Cell(change.verdict, detail=change.why, tone=_TONES.get(change.verdict, "")),
    )


def history(evidence: Evidence) -> Section | None:
    """Return a trend of each main figure that several records have; None where there is none."""
    blocks: list[Plot | Paragraph] = []
    left_out = 0
    for series in evidence.history:
        for point in _main_points(series[-1]):
            found = [match for source in series if (match := _same(source, point))]
            if len(found) < 2:
                continue
            if len(blocks) >= _MOST_PLOTS:
                left_out += 1
                continue
            blocks.append(_trend(evidence, found, f"history-{len(blocks)}"))
    if left_out:
        blocks.append(Paragraph(f"{left_out} further trends are not drawn; their figures are under All figures."))
    return Section("history", "History", tuple(blocks)) if blocks else None


def _main_points(source: RecordSource) -> list[Point]:
    """Return the first figures over all samples that have a direction, and are not of single steps."""
    with_direction = [point for point in source.points if point.figure.higher_is_better is not None]
    return [p for p in with_direction if p.figure.value is not None and p.figure.is_whole and not p.figure.step][:4]


def _same(source: RecordSource, point: Point) -> Point | None:
    """Return the figure of the very same thing, of the candidate of the same name where there are several."""
    wanted = identity(point.figure)
    same = [one for one in source.points if one.figure.value is not None and identity(one.figure) == wanted]
    return next((one for one in same if one.figure.candidate == point.figure.candidate), next(iter(same), None))


def _trend(evidence: Evidence, found: Sequence[Point], name: str) -> Plot:
    """Draw one figure of several records, the oldest first; all that it depends on is the same in each."""
    last = found[-1]
    figure, record = last.figure, last.source.record
    unit, divisor = scaled(figure.unit)
    values = [(one.figure.value or 0.0) / divisor for one in found]
    created = [one.source.record.created for one in found]
    dates = [when.strftime("%d %b") for when in created]
    if len(set(dates)) < len(dates):
        dates = [when.strftime("%d %b %H:%M") for when in created]
    limits = [(text, bound / divisor) for text, bound in _limits(evidence, figure)]
    about = " ".join(part for part in (last.configuration.label, figure.stage) if part)
    title = f"{title_of(figure.metric)}: {about or record.kind}"
    description = f"From {number(values[0])} to {number(values[-1])} {unit} over {len(values)} records."
    if limits:
        description += f" Limits of gates: {', '.join(f'{text} {number(bound)}' for text, bound in limits)}."
    columns = (Column("measured"), Column(title_of(figure.metric), unit, numeric=True), Column("record"))
    rows = [
        (
            Cell(when.strftime("%Y-%m-%d %H:%M"), when.timestamp()),
            Cell(number(one.figure.value, one.figure.unit), one.figure.value),
            Cell(one.source.name),
        )
        for one, when in zip(found, created, strict=True)
    ]
    note = record.machine.label if figure.unit.depends_on_machine else ""
    table = Table(title, columns, tuple(rows), note)
    return plot_of(name, title, description, partial(trend, values, dates, unit, limits), table)


def _limits(evidence: Evidence, figure: Measurement) -> list[tuple[str, float]]:
    """Return the limits on the figure itself, from gates that were given and from records of verdicts."""
    found: dict[tuple[str, float], None] = {}
    for gate in evidence.gates:
        if isinstance(gate, Gate) and gate.wants(figure) and gate.covers(figure):
            found |= {(kind, bound): None for kind, bound in gate.limits().items() if kind in {"min", "max"}}
    mine = {name: text for name, text in figure.labels.items() if name in _OF_LIMITS}
    for _, record in evidence.of(GateRecord):
        for verdict in record.verdicts:
            about = {name: text for name, text in verdict.labels.items() if name in _OF_LIMITS}
            if verdict.metric == figure.metric and about == mine and verdict.limit in {"min", "max"}:
                found |= {(verdict.limit, verdict.bound): None} if verdict.bound is not None else {}
    return [(f"{kind} {number(bound)}", bound) for kind, bound in found]

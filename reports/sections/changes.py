"""What changed since the baseline, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...core import Aspect, BenchRecord, DependencyError, Measurement, comparable, differences, identity
from ..document import NOTHING, Cell, Column, Paragraph, Section, Table
from ..evidence import Evidence, Point, raw_times
from ..numbers import TIMES, figure_cell, number, scaled, signed, span, title_of
from .paired import accuracy_change

__all__ = ["changes"]

Word = Literal["better", "worse", "no clear change", "changed", "the same", "not compared", "new"]


_OTHER: dict[Aspect, str] = {
    "weights": "made from other weights",
    "data": "measured on other samples, or against something else",
    "size": "computed at another size",
    "arithmetic": "computed in another arithmetic",
    "machine": "measured on another machine",
    "settings": "run with other settings",
}

_ORDER = ("worse", "better", "changed", "no clear change", "not compared", "new", "the same")


@dataclass(frozen=True)
class _Change:
    word: Word
    why: str = ""
    amount: str = ""
    value: float | None = None
    detail: str = ""


def changes(evidence: Evidence) -> Section | None:
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
    counts: dict[str, int] = {}
    unmatched = 0
    for point in evidence.points():
        matches = before.get(_key(point), [])
        if point.figure.value is None or not matches:
            unmatched += 1
            continue
        old = min(matches, key=lambda match: _distance(match, point))
        change = _change(old, point)
        counts[change.word] = counts.get(change.word, 0) + 1
        rows = same if change.word == "the same" else main if point.figure.is_whole else slices
        rows.append(_row(old, point, change))
    if not counts:
        text = "The baseline has no figure that the records have too: other models, data sets or settings."
        return Section("changes", "Changes from the baseline", (Paragraph(text, warning=True),))
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    left = f"; {unmatched} figures are not in the baseline" if unmatched else ""
    blocks: list[Paragraph | Table] = [Paragraph(f"Figures: {said}{left}.")]
    note = (
        "Accuracy is compared sample by sample where both have the same samples; a change is called better or worse "
        "only if its 95% interval leaves zero out. Times are compared on the same machine only, by the Mann-Whitney "
        "test; two separate runs differ by more than one run's interval shows."
    )
    main.sort(key=lambda row: _ORDER.index(row[-1].text))
    if main:
        blocks.append(Table("Before and after", _COLUMNS, tuple(main), note))
    if slices:
        blocks.append(Table("Before and after, slice by slice", _COLUMNS, tuple(slices), folded=True))
    if same:
        blocks.append(Table(f"{len(same)} figures are the same", _COLUMNS, tuple(same), folded=True))
    return Section("changes", "Changes from the baseline", tuple(blocks))


_SAID = frozenset({"model", "precision", "device", "arithmetic", "size", "samples", "verdict", "candidate"})
"""Labels that the subject says where they must be told, or that are findings."""

_COLUMNS = (
    Column("figure"),
    Column("of"),
    Column("unit"),
    Column("before", numeric=True),
    Column("after", numeric=True),
    Column("change", numeric=True),
    Column("verdict"),
)


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
        text = _OTHER.get(forbidden.aspect, f"another {forbidden.aspect}")
        was, now = (said or "not known" for said in (forbidden.before, forbidden.after))
        return _Change("not compared", f"{text}: {was}, then {now}")
    if new.figure.unit.is_time:
        return _times(old, new, before, after)
    difference = after - before if after != before else 0.0
    relative = f"{signed(100 * difference / abs(before), TIMES)}%" if before and abs(before) != float("inf") else ""
    found = accuracy_change(old, new) if new.figure.data else None
    interval = found[1] if found else None
    word: Word = "the same" if difference == 0 else _direction(new.figure, difference)
    if interval is not None and difference and interval[0] <= 0 <= interval[1]:
        word = "no clear change"
    return _Change(
        word,
        relative,
        signed(difference, new.figure.unit, like=after),
        difference,
        span(interval, new.figure.unit, like=after),
    )


def _times(old: Point, new: Point, before: float, after: float) -> _Change:
    if not before:
        return _Change("not compared", "the baseline is zero")
    ratio = after / before
    shown, detail = f"{TIMES} {number(ratio, TIMES)}", ""
    series = [_tested(point) for point in (old, new)]
    why = "single figures, no samples to test"
    word: Word = "no clear change"
    if all(len(values) > 1 for values in series):
        try:
            from ...bench import compare_samples

            found = compare_samples(*series)
            detail = span((found.low, found.high), TIMES)
            why = f"{found.verdict}, p = {found.p_value:.2g}"
            if found.verdict in {"faster", "slower"}:
                word = "better" if found.verdict == "faster" else "worse"
        except DependencyError as error:
            why = str(error)
    return _Change(word, why, shown, ratio, detail)


def _tested(point: Point) -> tuple[float, ...]:
    """Return the times that the test compares: a benchmark says which, where a latency is that of a queue."""
    record, figure = point.source.record, point.figure
    if not raw_times(point):
        return ()
    return record.times(figure.candidate, figure.stage) if isinstance(record, BenchRecord) else raw_times(point)


def _direction(figure: Measurement, difference: float) -> Word:
    if figure.higher_is_better is None:
        return "changed"
    return "better" if (difference > 0) == figure.higher_is_better else "worse"


def _row(old: Point, new: Point, change: _Change) -> tuple[Cell, ...]:
    figure = new.figure
    hidden = _SAID | ({"slice"} if figure.is_whole else set())
    hidden |= {"reference"} if figure.data and figure.data.reference == "truth" else set()
    shown = {name: text for name, text in figure.labels.items() if name not in hidden}
    about = [new.subject.label, *(f"{name} {text}" if text.isdecimal() else text for name, text in shown.items())]
    return (
        Cell(title_of(figure.metric)),
        Cell(" ".join(part for part in about if part)),
        Cell(scaled(figure.unit)[0]),
        figure_cell(old.figure.value, figure.unit, old.interval),
        figure_cell(figure.value, figure.unit, new.interval),
        Cell(change.amount or NOTHING.text, change.value, change.detail),
        Cell(
            change.word,
            detail=change.why,
            tone="good" if change.word == "better" else "bad" if change.word == "worse" else "",
        ),
    )

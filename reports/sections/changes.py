"""What changed since the baseline, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...bench.intervals import Interval
from ...core.errors import DependencyError
from ...core.record import Figure
from ..document import NOTHING, Cell, Column, Paragraph, Section, Table
from ..evidence import Evidence, Point, arithmetic_of, made_alike, raw_samples, same_machine, what_is_measured
from ..numbers import TIMES, figure_cell, number, scaled, signed, span, title_of
from .paired import accuracy_change

__all__ = ["changes"]

Word = Literal["better", "worse", "no clear change", "changed", "the same", "not compared", "new"]


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
        # Of two fine-tunes of one model, each is compared with what it was; a new one with the newest.
        alike = [match for match in matches if made_alike(match, point)] or matches
        old = max(alike, key=lambda match: match.source.record.created)
        change = _change(old, point)
        counts[change.word] = counts.get(change.word, 0) + 1
        whole = point.figure.labels.get("slice", "all") == "all"
        rows = same if change.word == "the same" else main if whole else slices
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
    return point.source.record.kind, what_is_measured(point.figure), _models(point)


def _models(point: Point) -> tuple[str, ...]:
    """Figures without a model's label are of the record's models."""
    return () if point.subject.model else tuple(ref.model for ref in point.source.record.artifacts)


def _change(old: Point, new: Point) -> _Change:
    before, after = old.figure.value, new.figure.value
    if before is None or after is None:
        return _Change("new", "the baseline has no value")
    first, second = old.source.record, new.source.record
    for name, what in (("dataset_hash", "data set"), ("reference", "reference"), ("border", "border")):
        if first.settings.get(name) != second.settings.get(name):
            return _Change("not compared", f"measured with another {what}")
    if new.figure.is_of_machine and not same_machine(first, second):
        return _Change("not compared", "measured on another machine")
    if new.figure.is_of_machine and arithmetic_of(old) != arithmetic_of(new):
        return _Change("not compared", "computed in another arithmetic")
    if new.figure.is_time:
        return _times(old, new, before, after)
    difference = after - before if after != before else 0.0
    relative = f"{signed(100 * difference / abs(before), TIMES)}%" if before and abs(before) != float("inf") else ""
    found = accuracy_change(old, new) if "slice" in new.figure.labels else None
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
    series = [raw_samples(point.source, point.figure) for point in (old, new)]
    why = "single figures, no samples to test"
    word: Word = "no clear change"
    if all(len(values) > 1 for values in series):
        try:
            from ...bench.significance import compare_samples

            found = compare_samples(*series)
            detail = span((found.low, found.high), TIMES)
            why = f"{found.verdict}, p = {found.p_value:.2g}"
            if found.verdict in {"faster", "slower"}:
                word = "better" if found.verdict == "faster" else "worse"
        except DependencyError as error:
            why = str(error)
    return _Change(word, why, shown, ratio, detail)


def _direction(figure: Figure, difference: float) -> Word:
    if figure.higher_is_better is None:
        return "changed"
    return "better" if (difference > 0) == figure.higher_is_better else "worse"


def _row(old: Point, new: Point, change: _Change) -> tuple[Cell, ...]:
    figure = new.figure
    hidden = {"samples", "verdict", "candidate", "dataset_hash"}
    hidden |= {"reference"} if figure.labels.get("reference") == "truth" else set()
    about = " ".join(
        value
        for key, value in figure.labels.items()
        if value and key not in hidden and (key, value) != ("slice", "all")
    ) or " + ".join(_models(new))
    interval: tuple[Interval | None, ...] = (old.interval, new.interval)
    return (
        Cell(title_of(figure.name)),
        Cell(about.replace("openvino:", "")),
        Cell(scaled(figure.unit)[0]),
        figure_cell(old.figure.value, figure.unit, interval[0]),
        figure_cell(figure.value, figure.unit, interval[1]),
        Cell(change.amount or NOTHING.text, change.value, change.detail),
        Cell(
            change.word,
            detail=change.why,
            tone="good" if change.word == "better" else "bad" if change.word == "worse" else "",
        ),
    )

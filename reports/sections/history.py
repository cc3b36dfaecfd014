"""History: the same thing measured again and again, with the limits of its gates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...core import GateRecord, identity
from ..document import Cell, Column, Paragraph, Plot, Section, Table as Table_
from ..evidence import Evidence, Point, Source
from ..numbers import number, scaled, title_of
from ..scales import Line, trend

__all__ = ["history"]

_MOST_PLOTS = 8


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


def _main_points(source: Source) -> list[Point]:
    """Return the figures worth a trend: over all samples, not of single steps."""
    found = [
        point
        for point in source.points
        if point.figure.higher_is_better is not None
        and point.figure.value is not None
        and point.figure.is_whole
        and not point.figure.step
    ]
    return found[:4]


def _same(source: Source, point: Point) -> Point | None:
    """Return the figure of the very same thing, of the candidate of the same name where there are several."""
    wanted = identity(point.figure)
    same = [one for one in source.points if one.figure.value is not None and identity(one.figure) == wanted]
    return next((one for one in same if one.figure.candidate == point.figure.candidate), next(iter(same), None))


def _trend(evidence: Evidence, found: Sequence[Point], name: str) -> Plot:
    """Draw one figure of several records, the oldest first; all that it depends on is the same in each."""
    last = found[-1]
    figure, subject = last.figure, last.subject
    unit, divisor = scaled(figure.unit)
    values = [(one.figure.value or 0.0) / divisor for one in found]
    created = [one.source.record.created for one in found]
    dates = [when.strftime("%d %b") for when in created]
    if len(set(dates)) < len(dates):
        dates = [when.strftime("%d %b %H:%M") for when in created]
    limits = [(text, bound / divisor) for text, bound in _limits(evidence, last)]
    about = " ".join(part for part in (subject.label, figure.stage) if part)
    title = f"{title_of(figure.metric)}: {about or last.source.record.kind}"
    description = f"From {number(values[0])} to {number(values[-1])} {unit} over {len(values)} records."
    if limits:
        description += f" Limits of gates: {', '.join(f'{text} {number(bound)}' for text, bound in limits)}."
    svg = partial(trend, name, title, description, Line(values, dates, unit), limits)
    columns = (Column("measured"), Column(title_of(figure.metric), unit, numeric=True), Column("record"))
    rows = [
        (
            Cell(when.strftime("%Y-%m-%d %H:%M"), when.timestamp()),
            Cell(number(one.figure.value, one.figure.unit), one.figure.value),
            Cell(one.source.name),
        )
        for one, when in zip(found, created, strict=True)
    ]
    note = last.source.record.machine.label if figure.unit.depends_on_machine else ""
    return Plot(name, title, description, svg, Table_(title, columns, tuple(rows), note))


def _limits(evidence: Evidence, point: Point) -> list[tuple[str, float]]:
    """Return the limits on the figure itself, from gates that were given and from records of verdicts."""
    figure, labels = point.figure, point.figure.labels
    found: dict[tuple[str, float], None] = {}
    for gate in evidence.gates:
        if gate.wants(figure) and gate.covers(figure):
            found |= {(kind, bound): None for kind, bound in gate.limits().items() if kind in {"min", "max"}}
    mine = {name: text for name, text in labels.items() if name in _TOLD}
    for _, record in evidence.of(GateRecord):
        for verdict in record.verdicts:
            about = {name: text for name, text in verdict.labels.items() if name in _TOLD}
            if verdict.metric == figure.metric and about == mine and verdict.limit in {"min", "max"}:
                found[verdict.limit, verdict.bound] = None
    return [(f"{kind} {number(bound)}", bound) for kind, bound in found]


_TOLD = frozenset(
    {"model", "precision", "device", "arithmetic", "size", "dataset", "reference", "slice", "stage", "statistic"}
)
"""Labels of a verdict that must be the figure's for its limit to be drawn."""

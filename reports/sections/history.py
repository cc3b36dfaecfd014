"""History: the same thing measured again and again, with the limits of its gates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...core.record import Figure
from ..document import Cell, Column, Paragraph, Plot, Section
from ..document import Table as Table_
from ..evidence import Evidence, Point, Source, machine, what_is_measured
from ..numbers import number, scaled, title_of
from ..scales import Line, trend
from ..verdicts import KIND as GATE

__all__ = ["history"]

_MOST_PLOTS = 8


def history(evidence: Evidence) -> Section | None:
    """Return a trend of each main figure that several records have; None where there is none."""
    blocks: list[Plot | Paragraph] = []
    left_out = 0
    for series in evidence.history:
        if series[0].record.kind == GATE:
            continue
        for figure in _main_figures(series[-1]):
            found = [(source, match) for source in series if (match := _same(source, figure))]
            if len(found) < 2:
                continue
            if len(blocks) >= _MOST_PLOTS:
                left_out += 1
                continue
            blocks.append(_trend(evidence, figure, found, f"history-{len(blocks)}"))
    if left_out:
        blocks.append(Paragraph(f"{left_out} further trends are not drawn; their figures are under All figures."))
    return Section("history", "History", tuple(blocks)) if blocks else None


def _main_figures(source: Source) -> list[Figure]:
    """Return the figures worth a trend: over all samples, not of single steps, not the ends of intervals."""
    figures = [
        figure
        for figure in source.record.figures
        if figure.higher_is_better is not None
        and figure.value is not None
        and figure.labels.get("slice", "all") == "all"
        and not figure.name.endswith(("_low", "_high"))
        and not {"step", "layer"} & figure.labels.keys()
    ]
    return figures[:4]


def _same(source: Source, figure: Figure) -> Figure | None:
    wanted = what_is_measured(figure)
    same = (one for one in source.record.figures if one.value is not None and what_is_measured(one) == wanted)
    return next(same, None)


def _trend(evidence: Evidence, figure: Figure, found: Sequence[tuple[Source, Figure]], name: str) -> Plot:
    unit, divisor = scaled(figure.unit)
    values = [(one.value or 0.0) / divisor for _, one in found]
    times = figure.is_of_machine
    machines = [machine(source.record.environment) if times else "" for source, _ in found]
    letters = {one: chr(ord("A") + place % 26) for place, one in enumerate(dict.fromkeys(machines))}
    dates = [source.record.created.strftime("%d %b") for source, _ in found]
    if len(set(dates)) < len(dates):
        dates = [source.record.created.strftime("%d %b %H:%M") for source, _ in found]
    limits = [(text, bound / divisor) for text, bound in _limits(evidence, figure)]
    of = Point(found[-1][0], figure, None).subject
    about = (of.name, of.precision, figure.labels.get("device", ""), of.arithmetic, figure.labels.get("stage", ""))
    subject = " ".join(filter(None, about))
    title = f"{title_of(figure.name)}: {subject or found[0][0].record.kind}"
    first, last = values[0], values[-1]
    description = f"From {number(first)} to {number(last)} {unit} over {len(values)} records."
    if limits:
        description += f" Limits of gates: {', '.join(f'{text} {number(bound)}' for text, bound in limits)}."
    if len(letters) > 1:
        description += f" The times come from {len(letters)} machines; lines join those of one machine only."
    svg = partial(trend, name, title, description, Line(values, machines, dates, unit), limits)
    columns = [Column("measured"), Column(title_of(figure.name), unit, numeric=True), Column("record")]
    columns += [Column("machine")] if times else []
    rows = [
        (
            Cell(source.record.created.strftime("%Y-%m-%d %H:%M"), source.record.created.timestamp()),
            Cell(number(one.value, one.unit), one.value),
            Cell(source.name),
            *([Cell(letters[where])] if times else []),
        )
        for (source, one), where in zip(found, machines, strict=True)
    ]
    note = "; ".join(f"{letter}: {one}" for one, letter in letters.items()) if times else ""
    return Plot(name, title, description, svg, Table_(title, tuple(columns), tuple(rows), note))


def _limits(evidence: Evidence, figure: Figure) -> list[tuple[str, float]]:
    """Return the limits on the figure itself, from gates that were given and from records of verdicts."""
    found: dict[tuple[str, float], None] = {}
    for gate in evidence.gates:
        if (
            gate.metric == figure.name
            and gate.covers(figure.labels)
            and figure.labels.get("slice", "all") == gate.slice
        ):
            found |= {(kind, bound): None for kind, bound in gate.limits().items() if kind in {"min", "max"}}
    for source in evidence.of_kind(GATE):
        rows = source.record.samples
        for row, (gate, limit, bound) in enumerate(
            zip(rows.get("gate", []), rows.get("limit", []), rows.get("bound", []), strict=False)
        ):
            same = all(
                (rows[key][row : row + 1] or [""])[0] == figure.labels.get(key, "") for key in _PATTERNS if key in rows
            )
            metric = str(gate).split()
            whole = not metric[1:] or all("=" in word and word.split("=")[0] in _PATTERNS for word in metric[1:])
            if (
                same
                and metric[:1] == [figure.name]
                and whole
                and limit in {"min", "max"}
                and isinstance(bound, int | float)
            ):
                found[str(limit), float(bound)] = None
    return [(f"{kind} {number(bound)}", bound) for kind, bound in found]


_PATTERNS = ("model", "precision", "device", "arithmetic", "dataset")

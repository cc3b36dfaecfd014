"""Latency: every setting that was measured, and how the single times are spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from statistics import median

from ...bench import median_interval
from ...core import MODEL, BenchRecord, RunRecord, VideoRecord
from ..document import Cell, Column, Plot, Section, Table
from ..evidence import Evidence, Point, Source, models_of, raw_times
from ..numbers import figure_cell, number
from ..plots import Series, colour_of, distributions, stacked
from .pivot import pivot

__all__ = ["latency", "stages"]

_MOST_ROWS = 10
_TOTAL = "total"
_MEANS = frozenset({("latency", "p50"), ("latency_mean", "")})
"""What stands for the time of a stage, by metric and statistic."""


def latency(evidence: Evidence) -> Section | None:
    """Return the distributions and the table of every setting; None where no time of a model was measured."""
    drawn: list[Plot] = []
    tables: list[Table] = []
    for source, record in evidence.of(BenchRecord):
        points = [point for point in source.points if point.figure.unit.is_time and point.figure.stage == MODEL]
        rows = [row for point in points if (row := _series(point))]
        drawn += _plots(source, record, rows, f"latency-{len(drawn)}")
        if not points:
            continue
        compared = [point for point in source.points if point.figure.metric in {"ratio", "p_value"}]
        if compared:
            text = "Ratios of times to those of the baseline, round by round; below 1 is faster."
            hidden = _hidden(compared)
            tables.append(pivot("Compared with the baseline", compared, hidden=hidden, note=text, best=False))
        note = f"{source.name}; {_conditions(record)}"
        tables.append(pivot(f"Times by setting: {_models(points)}", points, hidden=_hidden(points), note=note))
    return Section("latency", "Latency", (*drawn, *tables)) if drawn or tables else None


def stages(evidence: Evidence) -> Section | None:
    """Return where the time of whole images goes, stage by stage; None where no record says."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for source, _ in evidence.of(BenchRecord, RunRecord, VideoRecord):
        for point in source.points:
            figure = point.figure
            if (figure.metric, figure.statistic) not in _MEANS or figure.stage in {MODEL, _TOTAL, ""}:
                continue
            if figure.value is not None:
                label = figure.candidate or point.subject.label or source.name
                found.setdefault((label, source.name), []).append((figure.stage, figure.value))
    often = Counter(label for label, _ in found)
    # Two runs of one model are two bars.
    bars = {label if often[label] == 1 else f"{label} ({name})": parts for (label, name), parts in found.items()}
    if not bars:
        return None
    columns = [Column("what"), Column("stage"), Column("time", "ms", numeric=True), Column("share", "%", numeric=True)]
    rows: list[tuple[Cell, ...]] = []
    for label, parts in bars.items():
        total = sum(value for _, value in parts) or 1.0
        for stage, value in parts:
            share = 100 * value / total
            rows.append((Cell(label), Cell(stage), figure_cell(value, "ms"), Cell(f"{share:.1f}", share)))
    slowest = {label: max(parts, key=lambda part: part[1])[0] for label, parts in bars.items()}
    description = "; ".join(f"{label}: most of the time goes into {stage}" for label, stage in slowest.items())
    title = "Where the time of an image goes"
    svg = partial(stacked, "stages", title, description, [*bars.items()][:_MOST_ROWS], "ms")
    table = Table(title, tuple(columns), tuple(rows), _STAGES_NOTE)
    return Section("stages", "Stages of the pipeline", (Plot("stages", title, description, svg, table),))


_STAGES_NOTE = (
    "Of a run the medians of the stages, which need not add up to that of the whole; of a benchmark the means."
)


def _hidden(points: Sequence[Point]) -> frozenset[str]:
    """Return labels that need not be shown: a candidate's name, unless nothing else tells candidates apart."""
    told = [{name: text for name, text in point.figure.labels.items() if name != "candidate"} for point in points]
    rows = {(point.figure.metric, *own.items()) for point, own in zip(points, told, strict=True)}
    return frozenset({"candidate"} if len(rows) == len(points) else ())


def _series(point: Point) -> Series | None:
    figure, values = point.figure, raw_times(point)
    if len(values) < 2:
        return None
    subject, how = point.subject, figure.execution
    said = {"hint": how.hint, "streams": how.streams, "batch": how.batch} if how else {}
    said |= {"size": how.size_text} if how and not subject.size else {}
    extras = [f"{name} {value}" for name, value in said.items() if value]
    interval = point.interval or median_interval(values)
    middle = median(values) if figure.value is None else figure.value
    return Series(f"{subject.label} {' '.join(extras)}".strip(), values, middle, interval, colour_of(subject.precision))


def _plots(source: Source, record: BenchRecord, rows: Sequence[Series], name: str) -> list[Plot]:
    if not rows:
        return []
    shown = _shortened(rows)[:_MOST_ROWS]
    fastest = min(shown, key=lambda row: row.middle)
    title = f"Single times: {', '.join(models_of(record)) or source.name}"
    description = (
        f"Each dot is one time, the bar the middle half, the large dot the median with its 95% interval. "
        f"The lowest median is that of {fastest.label}: {number(fastest.middle, 'ms')} ms."
    )
    svg = partial(distributions, name, title, description, shown, "ms")
    note = f"{source.name}; {_conditions(record)}"
    columns = (
        Column("what"),
        *(Column(text, "ms", numeric=True) for text in ("fastest", "median", "slowest")),
        Column("times", numeric=True),
    )
    cells = [
        (
            Cell(row.label),
            figure_cell(min(row.values), "ms"),
            figure_cell(row.middle, "ms", row.interval),
            figure_cell(max(row.values), "ms"),
            Cell(str(len(row.values)), float(len(row.values))),
        )
        for row in rows
    ]
    return [Plot(name, title, description, svg, Table(title, columns, tuple(cells), note))]


def _shortened(rows: Sequence[Series]) -> list[Series]:
    """Leave the words out that all labels begin with or share: the drawing has little room."""
    words = [row.label.split() for row in rows]
    shared = set(words[0]).intersection(*words[1:]) if len(rows) > 1 else set[str]()
    pruned = [" ".join(word for word in line if word not in shared) or " ".join(line) for line in words]
    if len(set(pruned)) < len(pruned):
        return list(rows)
    return [
        Series(label, row.values, row.middle, row.interval, row.colour) for label, row in zip(pruned, rows, strict=True)
    ]


def _models(points: Sequence[Point]) -> str:
    return ", ".join(dict.fromkeys(point.subject.model for point in points))


def _conditions(record: BenchRecord) -> str:
    machine = f"{record.machine.cpu}, {record.machine.cores} cores"
    return f"{machine}, rounds {record.rounds}, scenario {record.scenario}, threads {record.threads}"

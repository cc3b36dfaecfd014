"""Latency: every setting that was measured, and how the single times are spread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median

from ...bench.intervals import median_interval
from ..document import Cell, Column, Plot, Section, Table
from ..evidence import Evidence, Point, Source, raw_samples, setting
from ..numbers import figure_cell, number
from ..plots import Series, colour_of, distributions, stacked
from .pivot import pivot

__all__ = ["latency", "stages"]

_MOST_ROWS = 10
_TOTAL = "total"
_NETWORK = frozenset({"", "model"})


def latency(evidence: Evidence) -> Section | None:
    """Return the distributions and the table of every setting; None where no time of a model was measured."""
    drawn: list[Plot] = []
    tables: list[Table] = []
    for source in evidence.current:
        if source.record.kind == "run":
            continue
        points = [point for point in source.points if point.figure.is_time and point.subject.model]
        points = [point for point in points if point.figure.labels.get("stage", "") in _NETWORK]
        rows = [row for point in points if (row := _series(point))]
        drawn += _plots(source, rows, f"latency-{len(drawn)}")
        if points and source.record.kind not in {"quantization", "worth"}:
            note = f"{source.name}; {_conditions(source)}"
            compared = [point for point in source.points if point.figure.name in {"ratio", "p_value"}]
            if compared:
                text = "Ratios of times to those of the baseline, round by round; below 1 is faster."
                tables.append(
                    pivot("Compared with the baseline", compared, hidden={"candidate"}, note=text, best=False)
                )
            tables.append(pivot(f"Times by setting: {_models(points)}", points, hidden={"candidate"}, note=note))
    return Section("latency", "Latency", (*drawn, *tables)) if drawn or tables else None


def stages(evidence: Evidence) -> Section | None:
    """Return where the time of whole pictures goes, stage by stage; None where no record says."""
    bars: dict[str, list[tuple[str, float]]] = {}
    for point in evidence.points():
        figure, stage = point.figure, point.figure.labels.get("stage", "")
        if stage in {*_NETWORK, _TOTAL} or figure.value is None or figure.name not in {"latency", "latency_mean"}:
            continue
        label = figure.labels.get("candidate") or point.subject.label or _run_of(point.source)
        bars.setdefault(label, []).append((stage, figure.value * (1000 if figure.unit == "s" else 1)))
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
    title = "Where the time of a picture goes"
    svg = partial(stacked, "stages", title, description, [*bars.items()][:_MOST_ROWS], "ms")
    table = Table(title, tuple(columns), tuple(rows), _STAGES_NOTE)
    return Section("stages", "Stages of the pipeline", (Plot("stages", title, description, svg, table),))


_STAGES_NOTE = (
    "Of a run the medians of the stages, which need not add up to that of the whole; of a benchmark the means."
)


def _series(point: Point) -> Series | None:
    figure = point.figure
    values = raw_samples(point.source, figure) if figure.name in {"latency", "latency_p50"} else []
    if len(values) < 2:
        return None
    subject = point.subject
    extras = [f"{key} {figure.labels[key]}" for key in ("hint", "streams", "batch", "size") if figure.labels.get(key)]
    label = subject.label
    interval = point.interval or median_interval(values)
    middle = median(values) if figure.value is None else figure.value
    return Series(f"{label} {' '.join(extras)}".strip(), values, middle, interval, colour_of(subject.precision))


def _plots(source: Source, rows: Sequence[Series], name: str) -> list[Plot]:
    if not rows:
        return []
    shown = _shortened(rows)[:_MOST_ROWS]
    fastest = min(shown, key=lambda row: row.middle)
    models = dict.fromkeys(ref.model for ref in source.record.artifacts)
    title = f"Single times: {', '.join(models) or source.name}"
    description = (
        f"Each dot is one time, the bar the middle half, the large dot the median with its 95% interval. "
        f"The lowest median is that of {fastest.label}: {number(fastest.middle, 'ms')} ms."
    )
    svg = partial(distributions, name, title, description, shown, "ms")
    note = f"{source.name}; {_conditions(source)}"
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


def _conditions(source: Source) -> str:
    record = source.record
    parts = [f"{record.environment.cpu}, {record.environment.cores} cores"]
    parts += [
        f"{name} {setting(record, name)}"
        for name in ("rounds", "input", "scenario", "threads")
        if setting(record, name)
    ]
    return ", ".join(parts)


def _run_of(source: Source) -> str:
    models = " + ".join(ref.model for ref in source.record.artifacts)
    return models or source.name

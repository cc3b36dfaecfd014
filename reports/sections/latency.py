"""Latency: every setting that was measured, how single times are spread, where they go, and what bounds the layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from ...bench import median_interval
from ...core import MODEL, BenchRecord, CandidateResult, LayerTime, RunRecord, VideoRecord
from ..document import NOTHING, Cell, Column, Plot, Section, Table
from ..evidence import Evidence, Point, RecordSource, figure_cell, number
from ..plots import Distribution, Roof, colour_of, distributions, plot_of, roofline, stacked
from .measurements import pivot

__all__ = ["latency", "layers", "stages"]

_MOST_ROWS = 10
_MOST_LAYERS = 20
_MOST_CANDIDATES = 6
_TOTAL = "total"
_MEANS = frozenset({("latency", "p50"), ("latency_mean", "")})
"""What stands for the time of a stage, by metric and statistic."""

_STAGES_NOTE = (
    "Of a run the medians of the stages, which need not add up to that of the whole; of a benchmark the means."
)


def latency(evidence: Evidence) -> Section | None:
    """Return the distributions and the table of every setting; None where no time of a model was measured."""
    drawn: list[Plot] = []
    tables: list[Table] = []
    for source, record in evidence.of(BenchRecord):
        points = [point for point in source.points if point.figure.unit.is_time and point.figure.stage == MODEL]
        machine = f"{record.machine.cpu}, {record.machine.cores} cores"
        how = f"rounds {record.rounds}, scenario {record.scenario}, threads {record.threads}"
        note = f"{source.name}; {machine}, {how}"
        rows = [row for point in points if (row := _distribution(point))]
        if rows:
            drawn.append(_single_times(source, rows, f"latency-{len(drawn)}", note))
        if not points:
            continue
        compared = [point for point in source.points if point.figure.metric in {"speedup", "p_value"}]
        if compared:
            text = "Ratios of times to those of the baseline, round by round; below 1 is faster."
            hidden = _hidden(compared)
            tables.append(pivot("Compared with the baseline", compared, hidden=hidden, note=text, best=False))
        models = ", ".join(dict.fromkeys(point.configuration.model for point in points))
        tables.append(pivot(f"Times by setting: {models}", points, hidden=_hidden(points), note=note))
    return Section("latency", "Latency", (*drawn, *tables)) if drawn or tables else None


def _hidden(points: Sequence[Point]) -> frozenset[str]:
    """Return labels that need not be shown: a candidate's name, unless nothing else tells candidates apart."""
    shown = [{name: text for name, text in point.figure.labels.items() if name != "candidate"} for point in points]
    rows = {(point.figure.metric, *own.items()) for point, own in zip(points, shown, strict=True)}
    return frozenset({"candidate"} if len(rows) == len(points) else ())


def _distribution(point: Point) -> Distribution | None:
    figure, values, of = point.figure, point.times, point.configuration
    if len(values) < 2:
        return None
    how = figure.execution
    settings = {"hint": how.hint, "streams": how.streams, "batch": how.batch} if how else {}
    settings |= {"size": how.size_text} if how and not of.size else {}
    extras = [f"{name} {value}" for name, value in settings.items() if value]
    interval = point.interval or median_interval(values)
    middle = median(values) if figure.value is None else figure.value
    return Distribution(f"{of.label} {' '.join(extras)}".strip(), values, middle, interval, colour_of(of.precision))


def _single_times(source: RecordSource, rows: Sequence[Distribution], name: str, note: str) -> Plot:
    shown = _shortened(rows)[:_MOST_ROWS]
    fastest = min(shown, key=lambda row: row.middle)
    title = f"Single times: {source.models}"
    description = (
        f"Each dot is one time, the bar the middle half, the large dot the median with its 95% interval. "
        f"The lowest median is that of {fastest.label}: {number(fastest.middle, 'ms')} ms."
    )
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
    draw = partial(distributions, shown, "ms")
    return plot_of(name, title, description, draw, Table(title, columns, tuple(cells), note))


def _shortened(rows: Sequence[Distribution]) -> list[Distribution]:
    """Leave the words out that all labels share: the drawing has little room."""
    words = [row.label.split() for row in rows]
    shared = set(words[0]).intersection(*words[1:]) if len(rows) > 1 else set[str]()
    pruned = [" ".join(word for word in line if word not in shared) or " ".join(line) for line in words]
    if len(set(pruned)) < len(pruned):
        return list(rows)
    return [replace(row, label=label) for label, row in zip(pruned, rows, strict=True)]


def stages(evidence: Evidence) -> Section | None:
    """Return where the time of whole images goes, stage by stage; None where no record says."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for source, _ in evidence.of(BenchRecord, RunRecord, VideoRecord):
        for point in source.points:
            figure = point.figure
            if (figure.metric, figure.statistic) not in _MEANS or figure.stage in {MODEL, _TOTAL, ""}:
                continue
            if figure.value is not None:
                label = figure.candidate or point.configuration.label or source.name
                found.setdefault((label, source.name), []).append((figure.stage, figure.value))
    often = Counter(label for label, _ in found)
    # Two runs of one model are two bars.
    bars = {label if often[label] == 1 else f"{label} ({name})": parts for (label, name), parts in found.items()}
    if not bars:
        return None
    columns = (Column("what"), Column("stage"), Column("time", "ms", numeric=True), Column("share", "%", numeric=True))
    rows: list[tuple[Cell, ...]] = []
    for label, parts in bars.items():
        total = sum(value for _, value in parts) or 1.0
        for stage, value in parts:
            share = 100 * value / total
            rows.append((Cell(label), Cell(stage), figure_cell(value, "ms"), Cell(f"{share:.1f}", share)))
    slowest = {label: max(parts, key=lambda part: part[1])[0] for label, parts in bars.items()}
    description = "; ".join(f"{label}: most of the time goes into {stage}" for label, stage in slowest.items())
    title = "Where the time of an image goes"
    draw = partial(stacked, [*bars.items()][:_MOST_ROWS], "ms")
    plot = plot_of("stages", title, description, draw, Table(title, columns, tuple(rows), _STAGES_NOTE))
    return Section("stages", "Stages of the pipeline", (plot,))


def layers(evidence: Evidence) -> Section | None:
    """Return a roofline and the hottest layers of each profile; None where nothing was profiled."""
    profiled = [
        (name, candidate, record)
        for _, record in evidence.of(BenchRecord)
        for name, candidate in record.candidates.items()
        if candidate.profile
    ]
    plots = [
        _hottest_layers(f"layers-{place}", name, candidate.profile, _measured_roof(record, candidate))
        for place, (name, candidate, record) in enumerate(profiled[:_MOST_CANDIDATES])
    ]
    return Section("layers", "Hottest layers", tuple(plots)) if plots else None


def _measured_roof(record: BenchRecord, candidate: CandidateResult) -> Roof | None:
    """Return the limits of the candidate's device, where the benchmark measured them."""
    limits = record.rooflines.get(candidate.execution.name) if candidate.execution else None
    if limits is None or limits.memory <= 0:
        return None
    peaks = {name: value * 1e9 for name, value in limits.compute.items() if value > 0}
    return Roof(peaks, limits.memory * 1e9) if peaks else None


def _has_place(layer: LayerTime) -> bool:
    return layer.ms > 0 and layer.flops > 0 and layer.bytes > 0


def _reached(found: Sequence[LayerTime], total: float) -> Roof | None:
    """Return the highest rates of any layer; of those too short for the clock only where there are no others."""
    measured = [layer for layer in found if _has_place(layer)]
    lasting = [layer for layer in measured if layer.ms >= 0.005 * total] or measured
    if not lasting:
        return None
    return Roof({"": max(map(_rate, lasting))}, max(layer.bytes / layer.ms * 1000 for layer in lasting))


def _rate(layer: LayerTime) -> float:
    """Operations a second."""
    return layer.flops / layer.ms * 1000


def _intensity(layer: LayerTime) -> float:
    """Operations a byte."""
    return layer.flops / layer.bytes


def _hottest_layers(name: str, candidate: str, found: Sequence[LayerTime], measured_roof: Roof | None) -> Plot:
    total = sum(layer.ms for layer in found) or 1.0
    hottest = sorted(found, key=lambda layer: -layer.ms)[:_MOST_LAYERS]
    share = 100 * sum(layer.ms for layer in hottest) / total
    title = f"Roofline: {candidate}"
    lines = (
        "The lines are the machine's limits as they were measured"
        if measured_roof
        else "The lines are the highest rate and traffic that any layer reached, not the processor's own limits"
    )
    description = (
        f"The {len(hottest)} hottest of {len(found)} layers take {share:.0f}% of the time; the larger a circle, the "
        f"more of it. The hottest is {hottest[0].name}. {lines}; layers far below them have something to gain."
    )
    columns = (
        *map(Column, ("layer", "kind", "precision", "primitive")),
        Column("time", "ms", numeric=True),
        Column("share", "%", numeric=True),
        *(Column(text, numeric=True) for text in ("GFLOP/s", "GB/s", "operations a byte")),
        Column("of the limit", "%", numeric=True),
        Column("bound by"),
    )
    rows = [
        (
            *map(Cell, (layer.name, layer.type, layer.precision, layer.primitive)),
            figure_cell(layer.ms, "ms"),
            Cell(f"{100 * layer.ms / total:.1f}", layer.ms),
            figure_cell(_rate(layer) / 1e9) if layer.ms else NOTHING,
            figure_cell(layer.bytes / layer.ms / 1e6) if layer.ms else NOTHING,
            Cell(number(_intensity(layer)), _intensity(layer)) if layer.bytes else NOTHING,
            NOTHING if layer.of_limit is None else Cell(f"{100 * layer.of_limit:.0f}", layer.of_limit),
            Cell(layer.bound_by) if layer.bound_by else NOTHING,
        )
        for layer in hottest
    ]
    note = f"The {len(hottest)} hottest of {len(found)}; the record has all of them."
    shown = [(each.name, _intensity(each), _rate(each), each.ms / total) for each in hottest if _has_place(each)]
    draw = partial(roofline, shown, measured_roof or _reached(found, total)) if shown else None
    return plot_of(name, title, description, draw, Table(title, columns, tuple(rows), note))

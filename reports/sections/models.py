"""The table of models: accuracy, latency and size of each model in each precision on each device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ...bench import median_ratio_interval
from ...convert import zoo
from ...core import (
    MODEL,
    Aspect,
    BenchRecord,
    CompareRecord,
    QuantizeRecord,
    RunRecord,
    ValidateRecord,
    VideoRecord,
    comparable,
)
from ...metrics import METRICS
from ..configurations import Configuration, varying
from ..document import NOTHING, Cell, Column, Paragraph, Plot, Section, Table
from ..evidence import TIMES, Evidence, Point, accuracy_change, figure_cell, scaled, signed, span, title_of, told_apart
from ..marking import mark_best
from ..plots import Dot, colour_of, plot_of, scatter

__all__ = ["models"]

_TASKS = {"segmentation": "Segmentation", "super_resolution": "Super-resolution", "": "Models"}
_PRECISIONS = ("fp32", "fp16", "int8")
_BESIDE = {"bench": "benchmark"}
_LATENCY = frozenset({"latency", "latency_p50"})
_PROCESSED = (CompareRecord, RunRecord, VideoRecord)
"""Records whose times are not those of a network."""


@dataclass(frozen=True)
class ModelRow:
    """The figures that stand for a model in one of its configurations.

    Attributes:
        configuration: of all of them.
        accuracies: by heading.
        latency: of one image at a time.
        size: of the model's files.
        speedups: over other candidates of its benchmark.
    """

    configuration: Configuration
    accuracies: dict[str, Point]
    latency: Point | None
    size: Point | None
    speedups: tuple[Point, ...]


def models(evidence: Evidence) -> Section | None:
    """Return the tables, one for each task, and accuracy against latency; None where no figure names a model."""
    sources = [source for source in evidence.current if not isinstance(source.record, _PROCESSED)]
    points = [point for source in sources for point in source.points if point.configuration.model]
    blocks: list[Table | Plot | Paragraph] = []
    machines = {source.record.machine.hardware for source in evidence.current if source.record.measurements}
    if len(machines) > 1:
        text = f"These records come from {len(machines)} machines. Times of different machines are not compared."
        blocks.append(Paragraph(text, warning=True))
    tasks: dict[str, list[ModelRow]] = {}
    for row in _rows_of(points):
        tasks.setdefault(_task_of(row.configuration.model, points), []).append(row)
    for task, rows in tasks.items():
        note = points[0].source.configurations.note(row.configuration for row in rows)
        blocks.append(_table(_TASKS[task], rows, note))
        for machine in dict.fromkeys(row.configuration.machine for row in rows):
            blocks += _pareto(task, [row for row in rows if row.configuration.machine == machine], machine)
    return Section("models", "Accuracy, latency, size", tuple(blocks)) if blocks else None


def _table(caption: str, rows: Sequence[ModelRow], machines: str) -> Table:
    names = _headings(rows)
    # Each row beside the one that it is compared with.
    keys = [replace(row.configuration, precision="") for row in rows]
    fp32 = {key: row for key, row in zip(keys, rows, strict=True) if row.configuration.precision == "fp32"}
    pairs = [(row, None if fp32.get(key) is row else fp32.get(key)) for key, row in zip(keys, rows, strict=True)]
    compared = any(baseline for _, baseline in pairs)
    columns: list[tuple[Column, list[Cell]]] = [(Column("model"), [Cell(row.configuration.name) for row in rows])]
    columns += [
        (Column(name), [Cell(getattr(row.configuration, name) or NOTHING.text) for row in rows])
        for name in ("precision", "device", *varying(row.configuration for row in rows))
    ]
    for name in names:
        example = next(row.accuracies[name].figure for row in rows if name in row.accuracies)
        heading = Column(name, scaled(example.unit)[0], numeric=True, better=example.higher_is_better)
        cells = [_cell(row.accuracies.get(name)) for row in rows]
        if told_apart([row.accuracies[name] for row in rows if name in row.accuracies]):
            # Of the same samples: their differences tell more than each one's own interval.
            cells = [replace(cell, interval=None) for cell in cells]
        columns.append((heading, cells))
    if compared and names:
        heading = Column(f"change of {names[0].split(' on ')[0]} from FP32", numeric=True)
        columns.append((heading, [_change(row, baseline, names[0]) for row, baseline in pairs]))
    if any(row.latency for row in rows):
        # Of times there is a best one where all rows are of one machine.
        one_machine = len({row.configuration.machine for row in rows}) == 1
        heading = Column("latency", "ms", numeric=True, better=False if one_machine else None)
        columns.append((heading, [_cell(row.latency) for row in rows]))
        if compared:
            heading = Column("speed-up over FP32", numeric=True, better=True if one_machine else None)
            columns.append((heading, [_speedup(row, baseline) for row, baseline in pairs]))
    if any(row.size for row in rows):
        columns.append((Column("size", "MB", numeric=True, better=False), [_cell(row.size) for row in rows]))
    headings = tuple(heading for heading, _ in columns)
    whole = list(zip(*(column for _, column in columns), strict=True))
    note = "Below each figure its 95% interval. Bold with ★: the best of the column. A dash: not measured."
    if len({row.latency.source.name for row in rows if row.latency}) > 1:
        note += " The latencies come from several records, measured one after another."
    return Table(caption, headings, mark_best(headings, whole), f"{note} {machines}".rstrip())


def _headings(rows: Sequence[ModelRow]) -> list[str]:
    """Return the headings of validations; others only where a row has nothing else."""
    names = dict.fromkeys(name for row in rows for name in row.accuracies)
    validated = [name for name in names if not name.endswith(")")]
    without = [row for row in rows if not row.accuracies.keys() & set(validated)]
    extra = [name for name in names if name not in validated and any(name in row.accuracies for row in without)]
    return [*validated, *extra]


def _cell(point: Point | None) -> Cell:
    return NOTHING if point is None else point.cell


def _change(row: ModelRow, baseline: ModelRow | None, name: str) -> Cell:
    if baseline is None or name not in row.accuracies or name not in baseline.accuracies:
        return NOTHING
    before, after = baseline.accuracies[name], row.accuracies[name]
    found = accuracy_change(before, after) if _may_be_compared(before, after) else None
    if found is None:
        return NOTHING
    change, interval = found
    unit, like = after.figure.unit, after.figure.value
    return Cell(signed(change, unit, like=like), change, span(interval, unit, like=like))


def _may_be_compared(before: Point, after: Point) -> bool:
    """Tell whether two figures differ in nothing but the precision of one model."""
    across: set[Aspect] = {"precision"}
    if not all(one.weights_sha256 for point in (before, after) for one in point.figure.variants):
        # Nobody knows the weights, and the files, which stand for them, are of each precision others.
        across.add("weights")
    return comparable(before.figure, after.figure, across=across) is None


def _speedup(row: ModelRow, baseline: ModelRow | None) -> Cell:
    """The speed-up that was measured round by round, else that of the medians where both are of one record."""
    if baseline is None or row.latency is None or baseline.latency is None:
        return NOTHING
    before, after = baseline.latency, row.latency
    if not before.figure.value or not after.figure.value or before.source is not after.source:
        return NOTHING
    for point in row.speedups:
        found = point.figure
        same = point.source is after.source and found.candidate == after.figure.candidate
        if same and found.baseline == before.figure.candidate and found.value:
            return point.cell
    if not _may_be_compared(before, after):
        return NOTHING
    interval = median_ratio_interval(after.times, before.times) if before.times and after.times else None
    return figure_cell(before.figure.value / after.figure.value, TIMES, interval)


def _pareto(task: str, rows: Sequence[ModelRow], machine: str) -> list[Plot]:
    """Accuracy against latency on one machine, for the metric that most rows have, two at least; else nothing."""
    measured = {
        name: [(row, row.accuracies[name], row.latency) for row in rows if name in row.accuracies and row.latency]
        for name in _headings(rows)
    }
    name, found = max(measured.items(), key=lambda item: len(item[1]), default=("", []))
    if len(found) < 2:
        return []
    figure = found[0][1].figure
    up = figure.higher_is_better is not False
    models_ = list(dict.fromkeys(row.configuration.name for row, *_ in found))
    several = len({row.configuration.device for row, *_ in found}) > 1
    places = [(_value(latency), _value(accuracy)) for _, accuracy, latency in found]
    dots: list[Dot] = []
    cells: list[tuple[Cell, ...]] = []
    for place, ((row, accuracy, latency), (x, y)) in enumerate(zip(found, places, strict=True)):
        beaten = any(a <= x and (b >= y if up else b <= y) and (a, b) != (x, y) for a, b in places)
        of = replace(row.configuration, machine="", **({} if several else {"device": ""}))
        colour, group = colour_of(of.precision, place), models_.index(of.name)
        dots.append(Dot(of.label, x, y, latency.interval, accuracy.interval, colour, group, front=not beaten))
        cells.append((Cell(of.label), latency.cell, accuracy.cell, Cell("no" if beaten else "yes")))
    front = ", ".join(dot.label for dot in dots if dot.front)
    title = f"{_TASKS[task]}: {name} against latency" + (f" on machine {machine}" if machine else "")
    description = f"On the front, where nothing else is both faster and better: {front}."
    columns = (
        Column("model"),
        Column("latency", "ms", numeric=True, better=False),
        Column(name, figure.unit, numeric=True, better=up),
        Column("on the front"),
    )
    unit = f", {figure.unit}" if figure.unit else ""
    draw = partial(scatter, dots, ("latency, ms", f"{name}{unit}"), better_up=up)
    plot = "-".join(part for part in ("pareto", task or "models", machine) if part)
    return [plot_of(plot, title, description, draw, Table(title, columns, tuple(cells)))]


def _value(point: Point) -> float:
    return float("nan") if point.figure.value is None else point.figure.value


def _task_of(model: str, points: Sequence[Point]) -> str:
    for point in points:
        if point.configuration.model == model and point.figure.metric in METRICS:
            return "super_resolution" if METRICS[point.figure.metric].takes == "images" else "segmentation"
    return next((spec.task for spec in zoo.list_models() if spec.id == model.partition("@")[0]), "")


def _rows_of(points: Sequence[Point]) -> list[ModelRow]:
    """Return a row for each configuration with an accuracy, a latency or a size, model by model, FP32 first."""
    made = [_row(each, points) for each in _configurations_of(points)]
    rows = [row for row in made if row.accuracies or row.latency or row.size]
    names = list(dict.fromkeys(row.configuration.name for row in rows))

    def key(row: ModelRow) -> tuple[int | str, ...]:
        of = row.configuration
        rank = _PRECISIONS.index(of.precision) if of.precision in _PRECISIONS else len(_PRECISIONS)
        return names.index(of.name), of.machine, of.device, of.size, rank, of.precision, of.arithmetic

    return sorted(rows, key=key)


def _configurations_of(points: Sequence[Point]) -> list[Configuration]:
    """Return what the figures are of, each once.

    A file's size is of no execution, and an accuracy of no machine: they are shown with each of the model's.
    """
    executed = {(p.configuration.name, p.configuration.precision) for p in points if p.figure.executions}
    found = dict.fromkeys(
        point.configuration
        for point in points
        if point.figure.executions or (point.configuration.name, point.configuration.precision) not in executed
    )
    timed = {replace(each, machine="") for each in found if each.machine}
    return [each for each in found if each.machine or each not in timed]


def _main_accuracies(points: Sequence[Point]) -> dict[str, Point]:
    """Return the accuracy figures that stand for a configuration, by heading: of each data set the first two metrics.

    What was measured beside something else, on other samples, has a heading of its own.
    """
    found: dict[str, Point] = {}
    counts: dict[tuple[object, ...], int] = {}
    for point in points:
        figure, record = point.figure, point.source.record
        if figure.metric not in METRICS or not figure.is_whole or isinstance(record, QuantizeRecord):
            continue
        if figure.step or figure.against or figure.role:
            continue
        data, reference = figure.data, figure.data.reference if figure.data else "truth"
        group = (point.source.path, figure.dataset, reference, data.sha256 if data else "")
        counts[group] = counts.get(group, 0) + 1
        if counts[group] <= 2:
            where = f" against {reference}" if reference not in {"", "truth"} else ""
            beside = "" if isinstance(record, ValidateRecord) else f" ({_BESIDE.get(record.kind, record.kind)})"
            on = f" on {figure.dataset}" if figure.dataset else ""
            name = f"{title_of(figure.metric)}{where}{on}{beside}"
            if name not in found or found[name].source.record.created < record.created:
                found[name] = point
    return found


def _latency_of(points: Sequence[Point]) -> Point | None:
    """Return the latency that stands for a configuration: of one image at a time, as a user waits for it."""
    found = [point for point in points if point.figure.metric in _LATENCY and point.figure.value is not None]
    return min(found, key=_unusual, default=None)


def _unusual(point: Point) -> tuple[float | bool, ...]:
    figure, record = point.figure, point.source.record
    how = figure.execution
    return (
        not isinstance(record, BenchRecord),
        figure.stage not in {"", MODEL},
        figure.scenario not in {"", "single-stream"},
        how is not None and how.hint not in {"", "latency"},
        how is not None and how.batch not in {None, 1},
        how is not None and how.streams > 1,
        -record.created.timestamp(),
    )


def _row(of: Configuration, points: Sequence[Point]) -> ModelRow:
    own = [point for point in points if point.configuration in {of, replace(of, machine="")}]
    made = [p for p in points if (p.configuration.name, p.configuration.precision) == (of.name, of.precision)]
    sizes = [point for point in made if point.figure.metric == "size" and point.figure.value is not None]
    speedups = tuple(p for p in own if p.figure.metric == "speedup" and p.figure.stage in {"", MODEL})
    newest = max(sizes, key=lambda point: point.source.record.created, default=None)
    return ModelRow(of, _main_accuracies(own), _latency_of(own), newest, speedups)

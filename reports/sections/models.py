"""The table of models: accuracy, latency and size of each model in each precision on each device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ...bench import median_ratio_interval
from ...convert import zoo
from ...core import Aspect, comparable
from ...metrics import METRICS
from ..document import NOTHING, Cell, Column, Paragraph, Plot, Section, Table, mark_best
from ..evidence import Evidence, Point, raw_times
from ..numbers import TIMES, figure_cell, scaled, signed, span
from ..plots import Dot, colour_of, scatter
from ..telling import Subject, told
from .paired import accuracy_change
from .rows import Row, points_of_models, rows_of, subjects_of

__all__ = ["models"]

_BASELINE = "fp32"
_TASKS = {"segmentation": "Segmentation", "super_resolution": "Super-resolution", "": "Models"}
_Cells = tuple[tuple[Cell, ...], ...]


def models(evidence: Evidence) -> Section | None:
    """Return the tables, one for each task, and accuracy against latency; None where no figure names a model."""
    points = points_of_models(evidence)
    blocks: list[Table | Plot | Paragraph] = []
    machines = {source.record.machine.hardware for source in evidence.current if source.record.measurements}
    if len(machines) > 1:
        text = f"These records come from {len(machines)} machines. Times of different machines are not compared."
        blocks.append(Paragraph(text, warning=True))
    tasks: dict[str, list[Subject]] = {}
    for subject in subjects_of(points):
        tasks.setdefault(_task_of(subject.model, points), []).append(subject)
    for task, members in tasks.items():
        rows = rows_of(members, points)
        if rows:
            blocks.append(_table(_TASKS[task], rows, points[0].source.telling.note(row.subject for row in rows)))
            for machine in dict.fromkeys(row.subject.machine for row in rows):
                blocks += _pareto(task, [row for row in rows if row.subject.machine == machine], machine)
    return Section("models", "Accuracy, latency, size", tuple(blocks)) if blocks else None


def _table(caption: str, rows: Sequence[Row], machines: str) -> Table:
    names = _headings(rows)
    baselines = {_without_precision(row): row for row in rows if row.subject.precision == _BASELINE}
    columns: list[tuple[Column, Callable[[Row], Cell]]] = [
        (Column("model"), lambda row: Cell(row.subject.name)),
        (Column("precision"), lambda row: Cell(row.subject.precision or NOTHING.text)),
        (Column("device"), lambda row: Cell(row.subject.device or NOTHING.text)),
        *((Column(name), _further(name)) for name in told(row.subject for row in rows)),
    ]
    for name in names:
        example = next(row.accuracies[name].figure for row in rows if name in row.accuracies)
        heading = Column(name, scaled(example.unit)[0], numeric=True, better=example.higher_is_better)
        columns.append((heading, _accuracy_of(name)))
    compared = any(row is not _baseline_of(row, baselines) and _baseline_of(row, baselines) for row in rows)
    if compared and names:
        heading = Column(f"change of {names[0].split(' on ')[0]} from FP32", numeric=True)
        columns.append((heading, lambda row: _change(row, _baseline_of(row, baselines), names[0])))
    if any(row.latency for row in rows):
        columns.append((Column("latency", "ms", numeric=True, better=False), lambda row: _point_cell(row.latency)))
        if compared:
            heading = Column("speed-up over FP32", numeric=True, better=True)
            columns.append((heading, lambda row: _speedup(row, _baseline_of(row, baselines))))
    if any(row.size for row in rows):
        columns.append((Column("size", "MB", numeric=True, better=False), lambda row: _point_cell(row.size)))
    cells = [tuple(make(row) for _, make in columns) for row in rows]
    headings = tuple(heading for heading, _ in columns)
    note = "Below each figure its 95% interval. Bold with ★: the best of the column. A dash: not measured."
    if len({row.latency.source.name for row in rows if row.latency}) > 1:
        note += " The latencies come from several records, measured one after another."
    return Table(caption, headings, _marked(headings, cells, rows), f"{note} {machines}".rstrip())


def _marked(columns: Sequence[Column], cells: Sequence[tuple[Cell, ...]], rows: Sequence[Row]) -> _Cells:
    """Mark the best of each column; of what depends on the machine, where all rows are of one."""
    several = len({row.subject.machine for row in rows}) > 1
    timed = {"latency", "speed-up over FP32"} if several else set[str]()
    return mark_best([replace(column, better=None) if column.title in timed else column for column in columns], cells)


def _further(name: str) -> Callable[[Row], Cell]:
    return lambda row: Cell(getattr(row.subject, name) or NOTHING.text)


def _headings(rows: Sequence[Row]) -> list[str]:
    """Return the headings of validations; others only where a row has nothing else."""
    names = dict.fromkeys(name for row in rows for name in row.accuracies)
    validated = [name for name in names if not name.endswith(")")]
    extra = [
        name
        for name in names
        if name not in validated
        and any(name in row.accuracies and not row.accuracies.keys() & set(validated) for row in rows)
    ]
    return [*validated, *extra]


def _without_precision(row: Row) -> Subject:
    return replace(row.subject, precision="")


def _baseline_of(row: Row, baselines: dict[Subject, Row]) -> Row | None:
    return baselines.get(_without_precision(row))


def _accuracy_of(name: str) -> Callable[[Row], Cell]:
    return lambda row: _point_cell(row.accuracies.get(name))


def _point_cell(point: Point | None) -> Cell:
    if point is None:
        return NOTHING
    return figure_cell(point.figure.value, point.figure.unit, point.interval)


def _change(row: Row, baseline: Row | None, name: str) -> Cell:
    if baseline is None or row is baseline or name not in row.accuracies or name not in baseline.accuracies:
        return NOTHING
    before, after = baseline.accuracies[name], row.accuracies[name]
    found = accuracy_change(before, after) if _may_be_compared(before, after) else None
    if found is None:
        return NOTHING
    change, interval = found
    unit = after.figure.unit
    like = after.figure.value
    return Cell(signed(change, unit, like=like), change, span(interval, unit, like=like))


def _may_be_compared(before: Point, after: Point) -> bool:
    """Tell whether two figures differ in nothing but the precision of one model."""
    across: set[Aspect] = {"precision"}
    if not all(one.weights_sha256 for point in (before, after) for one in point.figure.variants):
        # Nobody knows the weights, and the files, which stand for them, are of each precision others.
        across.add("weights")
    return comparable(before.figure, after.figure, across=across) is None


def _speedup(row: Row, baseline: Row | None) -> Cell:
    """The ratio that was measured round by round, else that of the medians where both are of one record."""
    if baseline is None or row is baseline or row.latency is None or baseline.latency is None:
        return NOTHING
    before, after = baseline.latency, row.latency
    if not before.figure.value or not after.figure.value or before.source is not after.source:
        return NOTHING
    for point in row.ratios:
        ratio, (low, high) = point.figure, point.interval or (0.0, 0.0)
        same = point.source is after.source and ratio.candidate == after.figure.candidate
        if same and ratio.baseline == before.figure.candidate and ratio.value and low and high:
            return figure_cell(1 / ratio.value, TIMES, (1 / high, 1 / low))
    if not _may_be_compared(before, after):
        return NOTHING
    old, new = (raw_times(point) for point in (before, after))
    interval = median_ratio_interval(new, old) if old and new else None
    return figure_cell(before.figure.value / after.figure.value, TIMES, interval)


def _pareto(task: str, rows: Sequence[Row], machine: str) -> list[Plot]:
    """Accuracy against latency on one machine, for the metric that most rows have, two at least; else nothing."""
    plot = "-".join(part for part in ("pareto", task or "models", machine) if part)
    with_both = {name: [r for r in rows if name in r.accuracies and r.latency] for name in _headings(rows)}
    for name, both in sorted(with_both.items(), key=lambda item: -len(item[1])):
        if len(both) < 2:
            continue
        figure = both[0].accuracies[name].figure
        up = figure.higher_is_better is not False
        models_ = list(dict.fromkeys(row.subject.name for row in both))
        several = len({row.subject.device for row in both}) > 1
        dots: list[Dot] = []
        for place, row in enumerate(both):
            x, y = _value(row.latency), _value(row.accuracies[name])
            others = [(_value(o.latency), _value(o.accuracies[name])) for o in both if o is not row]
            beaten = any(a <= x and (b >= y if up else b <= y) and (a, b) != (x, y) for a, b in others)
            label = replace(row.subject, machine="", **({} if several else {"device": ""})).label
            latency, accuracy = row.latency, row.accuracies[name]
            dots.append(
                Dot(
                    label=label,
                    x=x,
                    y=y,
                    x_interval=latency.interval if latency else None,
                    y_interval=accuracy.interval,
                    colour=colour_of(row.subject.precision, place),
                    group=models_.index(row.subject.name),
                    front=not beaten,
                )
            )
        front = ", ".join(dot.label for dot in dots if dot.front)
        title = f"{_TASKS[task]}: {name} against latency" + (f" on machine {machine}" if machine else "")
        description = f"On the front, where nothing else is both faster and better: {front}."
        unit = f", {figure.unit}" if figure.unit else ""
        svg = partial(
            scatter,
            plot,
            title,
            description,
            dots,
            ("latency, ms", f"{name}{unit}"),
            better_up=up,
        )
        columns = (
            Column("model"),
            Column("latency", "ms", numeric=True, better=False),
            Column(name, figure.unit, numeric=True, better=up),
            Column("on the front"),
        )
        cells = [
            (
                Cell(dot.label),
                figure_cell(dot.x, "ms", dot.x_interval),
                figure_cell(dot.y, figure.unit, dot.y_interval),
                Cell("yes" if dot.front else "no"),
            )
            for dot in dots
        ]
        return [Plot(plot, title, description, svg, Table(title, columns, tuple(cells)))]
    return []


def _value(point: Point | None) -> float:
    return point.figure.value if point is not None and point.figure.value is not None else float("nan")


def _task_of(model: str, points: Sequence[Point]) -> str:
    for point in points:
        if point.subject.model == model and point.figure.metric in METRICS:
            return "super_resolution" if METRICS[point.figure.metric].takes == "images" else "segmentation"
    return next((spec.task for spec in zoo.list_models() if spec.id == model.partition("@")[0]), "")

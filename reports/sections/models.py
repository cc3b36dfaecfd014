"""The table of models: accuracy, latency and size of each model in each precision on each device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ...bench.intervals import median_ratio_interval
from ...convert import zoo
from ...metrics import METRICS
from ..document import NOTHING, Cell, Column, Paragraph, Plot, Section, Table, mark_best
from ..evidence import Evidence, Point, Subject, machine, raw_samples, setting
from ..numbers import TIMES, figure_cell, scaled, signed, span, title_of
from ..plots import Dot, colour_of, scatter
from .paired import accuracy_change

__all__ = ["latency_of", "main_accuracies", "models"]

_BASELINE = "fp32"
_PRECISIONS = ("fp32", "fp16", "int8")
_BESIDE = {"worth": "INT8 verdict", "bench": "benchmark"}
_TASKS = {"segmentation": "Segmentation", "super_resolution": "Super-resolution", "": "Models"}
_LATENCY = frozenset({"latency", "latency_p50"})
_NETWORK = frozenset({"", "model"})


@dataclass(frozen=True)
class _Row:
    subject: Subject
    accuracies: dict[str, Point]
    latency: Point | None
    size: Point | None
    speedup: Point | None
    ratios: tuple[Point, ...]


def models(evidence: Evidence) -> Section | None:
    """Return the tables, one for each task, and accuracy against latency; None where no figure names a model."""
    points = [point for point in evidence.points() if point.subject.model and point.source.record.kind != "gate"]
    subjects = list(dict.fromkeys(point.subject for point in points))
    blocks: list[Table | Plot | Paragraph] = []
    machines = {machine(source.record.environment) for source in evidence.current}
    if len(machines) > 1:
        text = f"These records come from {len(machines)} machines. Times of different machines are not compared."
        blocks.append(Paragraph(text, warning=True))
    tasks: dict[str, list[Subject]] = {}
    for subject in subjects:
        tasks.setdefault(_task_of(subject.model, points), []).append(subject)
    for task, members in tasks.items():
        rows = [_row(subject, points) for subject in members]
        rows = _ordered([row for row in rows if row.accuracies or row.latency or row.size])
        if rows:
            blocks.append(_table(_TASKS[task], rows))
            blocks += _pareto(task, rows)
    return Section("models", "Accuracy, latency, size", tuple(blocks)) if blocks else None


def main_accuracies(points: Sequence[Point]) -> dict[str, Point]:
    """Return the accuracy figures that stand for a subject, by heading: of each data set the first two metrics.

    What was measured beside something else, on other samples, has a heading of its own.
    """
    found: dict[str, Point] = {}
    counts: dict[str, int] = {}
    for point in points:
        figure, record = point.figure, point.source.record
        if figure.name not in METRICS or figure.labels.get("slice", "all") != "all" or record.kind == "quantization":
            continue
        if {"step", "against", "of"} & figure.labels.keys():
            continue
        data = figure.labels.get("dataset", "")
        reference = figure.labels.get("reference", "truth")
        where = f" against {reference}" if reference != "truth" else ""
        group = f"{record.kind}{data}{where}{setting(record, 'dataset_hash')}"
        counts[group] = counts.get(group, 0) + 1
        if counts[group] <= 2:
            beside = "" if record.kind == "validation" else f" ({_BESIDE.get(record.kind, record.kind)})"
            name = f"{title_of(figure.name)}{where}" + (f" on {data}" if data else "") + beside
            found.setdefault(name, point)
    return found


def latency_of(points: Sequence[Point]) -> Point | None:
    """Return the latency that stands for a subject: of one picture at a time, as a user waits for it."""
    found = [point for point in points if point.figure.name in _LATENCY and point.figure.value is not None]
    return min(found, key=lambda point: (point.source.record.kind != "bench", *_unusual(point)), default=None)


def _unusual(point: Point) -> tuple[bool, ...]:
    labels = point.figure.labels
    return (
        labels.get("stage", "") not in _NETWORK,
        labels.get("scenario", "") not in {"", "single-stream"},
        labels.get("hint", "") not in {"", "latency"},
        labels.get("batch", "1") != "1",
        labels.get("streams", "") not in {"", "auto", "1"},
    )


def _row(subject: Subject, points: Sequence[Point]) -> _Row:
    own = [point for point in points if point.subject == subject and point.source.record.kind != "run"]

    def of(name: str) -> Point | None:
        return next((point for point in own if point.figure.name == name and point.figure.value is not None), None)

    ratios = tuple(p for p in own if p.figure.name == "ratio" and p.figure.labels.get("stage", "") in _NETWORK)
    return _Row(subject, main_accuracies(own), latency_of(own), of("size"), of("speedup"), ratios)


def _table(caption: str, rows: Sequence[_Row]) -> Table:
    names = _headings(rows)
    baselines = {_without_precision(row): row for row in rows if row.subject.precision == _BASELINE}
    columns: list[tuple[Column, Callable[[_Row], Cell]]] = [
        (Column("model"), lambda row: Cell(row.subject.name)),
        (Column("precision"), lambda row: Cell(row.subject.precision or NOTHING.text)),
        (Column("device"), lambda row: Cell(row.subject.device or NOTHING.text)),
    ]
    if any(row.subject.arithmetic for row in rows):
        columns.append((Column("arithmetic"), lambda row: Cell(row.subject.arithmetic or NOTHING.text)))
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
    return Table(caption, headings, mark_best(headings, cells), note)


def _ordered(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows model by model, each from the most precise to the least."""
    models_ = list(dict.fromkeys(row.subject.name for row in rows))

    def key(row: _Row) -> tuple[int, str, int, str, str]:
        precision = row.subject.precision
        rank = _PRECISIONS.index(precision) if precision in _PRECISIONS else len(_PRECISIONS)
        return models_.index(row.subject.name), row.subject.device, rank, precision, row.subject.arithmetic

    return sorted(rows, key=key)


def _headings(rows: Sequence[_Row]) -> list[str]:
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


def _without_precision(row: _Row) -> Subject:
    return replace(row.subject, precision="")


def _baseline_of(row: _Row, baselines: dict[Subject, _Row]) -> _Row | None:
    return baselines.get(_without_precision(row))


def _accuracy_of(name: str) -> Callable[[_Row], Cell]:
    return lambda row: _point_cell(row.accuracies.get(name))


def _point_cell(point: Point | None) -> Cell:
    if point is None:
        return NOTHING
    return figure_cell(point.figure.value, point.figure.unit, point.interval)


def _change(row: _Row, baseline: _Row | None, name: str) -> Cell:
    if baseline is None or row is baseline or name not in row.accuracies or name not in baseline.accuracies:
        return NOTHING
    after = row.accuracies[name]
    found = accuracy_change(baseline.accuracies[name], after)
    if found is None:
        return NOTHING
    change, interval = found
    unit = after.figure.unit
    like = after.figure.value
    return Cell(signed(change, unit, like=like), change, span(interval, unit, like=like))


def _speedup(row: _Row, baseline: _Row | None) -> Cell:
    """The ratio that was measured round by round, else that of the medians where both are of one record."""
    if row.speedup is not None:
        return figure_cell(row.speedup.figure.value, TIMES, row.speedup.interval)
    if baseline is None or row is baseline or row.latency is None or baseline.latency is None:
        return NOTHING
    before, after = baseline.latency, row.latency
    if not before.figure.value or not after.figure.value or before.source is not after.source:
        return NOTHING
    for ratio in row.ratios:
        labels, (low, high) = ratio.figure.labels, ratio.interval or (0.0, 0.0)
        same = labels.get("candidate") == after.figure.labels.get("candidate", "")
        if (
            same
            and labels.get("baseline") == before.figure.labels.get("candidate")
            and ratio.figure.value
            and low
            and high
        ):
            return figure_cell(1 / ratio.figure.value, TIMES, (1 / high, 1 / low))
    old, new = (raw_samples(point.source, point.figure) for point in (before, after))
    interval = median_ratio_interval(new, old) if old and new else None
    ratio = before.figure.value / after.figure.value
    return figure_cell(ratio, TIMES, interval)


def _pareto(task: str, rows: Sequence[_Row]) -> list[Plot]:
    """Accuracy against latency, for the metric that most rows have, two at least; else nothing."""
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
            label = (row.subject if several else replace(row.subject, device="")).label
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
        title = f"{_TASKS[task]}: {name} against latency"
        description = f"On the front, where nothing else is both faster and better: {front}."
        unit = f", {figure.unit}" if figure.unit else ""
        svg = partial(
            scatter,
            f"pareto-{task or 'models'}",
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
        return [Plot(f"pareto-{task or 'models'}", title, description, svg, Table(title, columns, tuple(cells)))]
    return []


def _value(point: Point | None) -> float:
    return point.figure.value if point is not None and point.figure.value is not None else float("nan")


def _task_of(model: str, points: Sequence[Point]) -> str:
    for point in points:
        if point.subject.model == model and point.figure.name in METRICS:
            return "super_resolution" if METRICS[point.figure.name].takes == "pictures" else "segmentation"
    return next((spec.task for spec in zoo.all_specs() if spec.id == model), "")

"""What stands for a model in a table: its main accuracies, its latency, its size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...core import MODEL, BenchRecord, CompareRecord, QuantizeRecord, RunRecord, ValidateRecord, VideoRecord
from ...metrics import METRICS
from ..evidence import Evidence, Point
from ..numbers import title_of
from ..telling import Subject

__all__ = ["Row", "points_of_models", "rows_of", "subjects_of"]

_PRECISIONS = ("fp32", "fp16", "int8")
_BESIDE = {"bench": "benchmark"}
_LATENCY = frozenset({"latency", "latency_p50"})
_PROCESSED = (CompareRecord, RunRecord, VideoRecord)
"""Records whose times are not those of a network."""


@dataclass(frozen=True)
class Row:
    """A subject's figures; accuracies by heading. ratios: to other candidates of its benchmark."""

    subject: Subject
    accuracies: dict[str, Point]
    latency: Point | None
    size: Point | None
    ratios: tuple[Point, ...]


def points_of_models(evidence: Evidence) -> list[Point]:
    """Return the figures that are of a model."""
    sources = [source for source in evidence.current if not isinstance(source.record, _PROCESSED)]
    return [point for source in sources for point in source.points if point.subject.model]


def subjects_of(points: Iterable[Point]) -> list[Subject]:
    """Return what the figures are about, each once.

    A file's size is of no execution, and an accuracy of no machine: they are told with each of the model's.
    """
    points = list(points)
    executed = {(one.subject.name, one.subject.precision) for one in points if one.figure.executions}
    found = dict.fromkeys(
        point.subject
        for point in points
        if point.figure.executions or (point.subject.name, point.subject.precision) not in executed
    )
    timed = {replace(subject, machine="") for subject in found if subject.machine}
    return [subject for subject in found if subject.machine or subject not in timed]


def rows_of(subjects: Iterable[Subject], points: Sequence[Point]) -> list[Row]:
    """Return a row for each that has an accuracy, a latency or a size, model by model, the most precise first."""
    rows = [_row(subject, points) for subject in subjects]
    return _ordered([row for row in rows if row.accuracies or row.latency or row.size])


def _main_accuracies(points: Sequence[Point]) -> dict[str, Point]:
    """Return the accuracy figures that stand for a subject, by heading: of each data set the first two metrics.

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
    """Return the latency that stands for a subject: of one image at a time, as a user waits for it."""
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


def _row(subject: Subject, points: Sequence[Point]) -> Row:
    own = [point for point in points if point.subject in {subject, replace(subject, machine="")}]
    made = [p for p in points if (p.subject.name, p.subject.precision) == (subject.name, subject.precision)]
    sizes = [point for point in made if point.figure.metric == "size" and point.figure.value is not None]
    ratios = tuple(p for p in own if p.figure.metric == "ratio" and p.figure.stage in {"", MODEL})
    newest = max(sizes, key=lambda point: point.source.record.created, default=None)
    return Row(subject, _main_accuracies(own), _latency_of(own), newest, ratios)


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """Return the rows model by model, each from the most precise to the least."""
    models_ = list(dict.fromkeys(row.subject.name for row in rows))

    def key(row: Row) -> tuple[int | str, ...]:
        precision = row.subject.precision
        rank = _PRECISIONS.index(precision) if precision in _PRECISIONS else len(_PRECISIONS)
        of = row.subject
        return models_.index(of.name), of.machine, of.device, of.size, rank, precision, of.arithmetic

    return sorted(rows, key=key)

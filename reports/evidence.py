"""The records that a report is made from: read, named, put in order of time, and their figures with intervals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ..bench import Gate, figure_interval, median_interval
from ..core import AnyRecord, InputError, Interval, Measurement, Record, printable, read_record, record_files, thing
from .telling import Subject, Telling

__all__ = ["Evidence", "Point", "Source", "models_of", "raw_times", "read_sources"]

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Source:
    """A record, where it was read from, and a short name that tells it from the others of the report.

    telling: what the report must tell of its figures.
    """

    path: Path
    name: str
    record: AnyRecord
    telling: Telling

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return the figures with their intervals, those that the record leaves to its raw values too."""
        return tuple(Point(self, figure, _interval(self.record, figure)) for figure in self.record.measurements)


@dataclass(frozen=True)
class Point:
    """A figure of a record with its interval, whichever way the record keeps it."""

    source: Source
    figure: Measurement
    interval: Interval | None

    @cached_property
    def subject(self) -> Subject:
        """Return what it is about."""
        return self.source.telling.subject(self.figure)


@dataclass(frozen=True)
class Evidence:
    """All that a report is made from.

    current: of each thing that was measured, the newest record. history: the records of each thing that was measured
    more than once, the oldest first. baselines: what `--baseline` gave.
    """

    current: tuple[Source, ...]
    history: tuple[tuple[Source, ...], ...] = ()
    baselines: tuple[Source, ...] = ()
    gates: tuple[Gate, ...] = ()

    @property
    def all(self) -> tuple[Source, ...]:
        """Return every record once, the current ones first."""
        older = [source for series in self.history for source in series[:-1]]
        return (*self.current, *older, *self.baselines)

    def of(self, *kinds: type[R]) -> list[tuple[Source, R]]:
        """Return the current records of these kinds, each with its source."""
        return [(source, source.record) for source in self.current if isinstance(source.record, kinds)]

    def points(self) -> list[Point]:
        """Return the figures of the current records."""
        return [point for source in self.current for point in source.points]


def read_sources(paths: Sequence[Path], baselines: Sequence[Path] = (), gates: Sequence[Gate] = ()) -> Evidence:
    """Read the records, and find out which are of the same thing.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    if not paths:
        raise InputError("there is no record to report on; give one or more, such as validation/*.json")
    paths, baselines = record_files(paths), record_files(baselines)
    names = _short_names([*paths, *baselines])
    records = {path: read_record(path) for path in dict.fromkeys([*paths, *baselines])}
    telling = Telling(records.values())
    sources = {path: Source(path, names[path], record, telling) for path, record in records.items()}
    groups: dict[object, list[Source]] = {}
    for path in dict.fromkeys(paths):
        groups.setdefault(thing(records[path]), []).append(sources[path])
    series = [sorted(group, key=lambda source: source.record.created) for group in groups.values()]
    return Evidence(
        current=tuple(group[-1] for group in series),
        history=tuple(tuple(group) for group in series if len(group) > 1),
        baselines=tuple(sources[path] for path in dict.fromkeys(baselines)),
        gates=tuple(gates),
    )


def raw_times(point: Point) -> tuple[float, ...]:
    """Return the milliseconds that a median is of, of a benchmark or of a run's stage; of any other figure nothing."""
    return _raw_times(point.source.record, point.figure)


def models_of(record: Record) -> Iterator[str]:
    """Return the names of a record's models, each once."""
    yield from dict.fromkeys(ref.label for ref in record.variants)


def _interval(record: Record, figure: Measurement) -> Interval | None:
    """Return the interval that a record keeps, or the bootstrap's: of a mean over samples, of a median of times."""
    if figure.interval is not None:
        return figure.interval
    if record.by_sample(figure):
        return figure_interval(record, figure)
    values = _raw_times(record, figure)
    return median_interval(values) if len(values) > 1 else None


def _raw_times(record: Record, figure: Measurement) -> tuple[float, ...]:
    median = figure.metric == "latency_p50" or (figure.metric == "latency" and figure.statistic == "p50")
    series = record.series(figure) if median else None
    return series.values if series else ()


def _short_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name each file by its path below the folder that all share."""
    whole = [path.absolute() for path in paths]
    shared = Path(os.path.commonpath([path.parent for path in whole])) if whole else Path()
    return {path: printable(full.relative_to(shared).as_posix()) for path, full in zip(paths, whole, strict=True)}

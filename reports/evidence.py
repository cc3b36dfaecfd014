"""The records that a report is made from: read, named, put in order of time; their figures with intervals, as text."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from ..bench import AnyGate, drop_interval, figure_interval, median_interval
from ..core import AnyRecord, InputError, Interval, Measurement, Record, printable, read_record, record_files, thing
from .configurations import Configuration, Configurations
from .document import Cell

__all__ = [
    "TIMES",
    "Evidence",
    "Point",
    "RecordSource",
    "accuracy_change",
    "figure_cell",
    "in_heading_unit",
    "models_of",
    "number",
    "read_evidence",
    "scaled",
    "signed",
    "span",
    "title_of",
    "told_apart",
]

R = TypeVar("R", bound=Record)

TIMES = "\N{MULTIPLICATION SIGN}"
"""The unit of ratios."""

_MINUS = "\N{MINUS SIGN}"
_BYTES = ("B", "B of memory")
_SHARE = "of the time"
_SHOWN = {
    **dict.fromkeys(_BYTES, ("MB", 1e6)),
    _SHARE: ("% of the time", 0.01),
    # What a figure's name says already.
    **dict.fromkeys(("p", "queries", "independent samples"), ("", 1.0)),
}
_TITLES = {
    **{name: name.upper() for name in ("mae", "mse", "sad", "psnr", "ssim", "snr")},
    "iou": "IoU",
    "psnr_y": "PSNR-Y",
    "ssim_y": "SSIM-Y",
    "s_measure": "S-measure",
    "max_f_beta": "max F-beta",
    "weighted_f_beta": "weighted F-beta",
    "mean_e_measure": "mean E-measure",
    "boundary_iou": "boundary IoU",
    "fps": "frames a second",
    "speedup": "speed-up",
}


@dataclass(frozen=True)
class RecordSource:
    """A record and where it was read from.

    Attributes:
        path: of its file.
        name: a short one that tells it from the others of the report.
        record: what was read.
        configurations: what its figures are of, and what of that the report must name.
    """

    path: Path
    name: str
    record: AnyRecord
    configurations: Configurations

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return the figures with their intervals, those that the record leaves to its raw values too."""
        return tuple(Point(self, figure) for figure in self.record.measurements)

    @property
    def models(self) -> str:
        """Return the names of the record's models, or its own where it has none."""
        return ", ".join(models_of(self.record)) or self.name


@dataclass(frozen=True)
class Point:
    """A figure of a record with its interval, whichever way the record keeps it.

    Attributes:
        source: the record.
        figure: as it was measured.
    """

    source: RecordSource
    figure: Measurement

    @cached_property
    def configuration(self) -> Configuration:
        """Return what it is of."""
        return self.source.configurations.of(self.figure)

    @cached_property
    def interval(self) -> Interval | None:
        """Return what the record keeps, or the bootstrap's: of a mean over samples, of a median of times."""
        if self.figure.interval is not None:
            return self.figure.interval
        if self.source.record.by_sample(self.figure):
            return figure_interval(self.source.record, self.figure)
        return median_interval(self.times) if len(self.times) > 1 else None

    @cached_property
    def times(self) -> tuple[float, ...]:
        """Return the milliseconds that a median is of, of a benchmark or a run's stage; of any other figure nothing."""
        figure = self.figure
        median = figure.metric == "latency_p50" or (figure.metric == "latency" and figure.statistic == "p50")
        series = self.source.record.series(figure) if median else None
        return series.values if series else ()

    @property
    def cell(self) -> Cell:
        """Return it as a cell of a table."""
        return figure_cell(self.figure.value, self.figure.unit, self.interval)


@dataclass(frozen=True)
class Evidence:
    """All that a report is made from.

    Attributes:
        current: of each thing that was measured, the newest record.
        history: the records of each thing that was measured more than once, the oldest first.
        baselines: earlier records, to compare with.
        gates: limits that were given.
    """

    current: tuple[RecordSource, ...]
    history: tuple[tuple[RecordSource, ...], ...] = ()
    baselines: tuple[RecordSource, ...] = ()
    gates: tuple[AnyGate, ...] = ()

    @property
    def all(self) -> tuple[RecordSource, ...]:
        """Return every record once, the current ones first."""
        older = [source for series in self.history for source in series[:-1]]
        return (*self.current, *older, *self.baselines)

    def of(self, *kinds: type[R]) -> list[tuple[RecordSource, R]]:
        """Return the current records of these kinds, each with its source."""
        return [(source, source.record) for source in self.current if isinstance(source.record, kinds)]


def read_evidence(paths: Sequence[Path], baselines: Sequence[Path] = (), gates: Sequence[AnyGate] = ()) -> Evidence:
    """Read the records, and find out which are of the same thing.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    if not paths:
        raise InputError("there is no record to report on; give one or more, such as validation/*.json")
    paths, baselines = record_files(paths), record_files(baselines)
    # Each file is named by its path below the folder that all share.
    whole = {path: path.absolute() for path in (*paths, *baselines)}
    shared = Path(os.path.commonpath([path.parent for path in whole.values()]))
    records = {path: read_record(path) for path in whole}
    configurations = Configurations(records.values())
    sources = {
        path: RecordSource(path, printable(whole[path].relative_to(shared).as_posix()), record, configurations)
        for path, record in records.items()
    }
    groups: dict[object, list[RecordSource]] = {}
    for path in dict.fromkeys(paths):
        groups.setdefault(thing(records[path]), []).append(sources[path])
    series = [sorted(group, key=lambda source: source.record.created) for group in groups.values()]
    return Evidence(
        current=tuple(group[-1] for group in series),
        history=tuple(tuple(group) for group in series if len(group) > 1),
        baselines=tuple(sources[path] for path in dict.fromkeys(baselines)),
        gates=tuple(gates),
    )


def accuracy_change(before: Point, after: Point) -> tuple[float, Interval | None] | None:
    """Return how much higher `after` is, with the interval over samples where both have the same ones."""
    if before.figure.value is None or after.figure.value is None:
        return None
    change = after.figure.value - before.figure.value
    old, new = (point.source.record.by_sample(point.figure) for point in (before, after))
    if not old or not new or old.keys() != new.keys():
        return change, None
    low, high = drop_interval([old[name] for name in new], list(new.values()))
    return change, (-high + 0.0, -low + 0.0)


def told_apart(points: Sequence[Point]) -> bool:
    """Return whether the best figure differs from each other one by more than zero, sample by sample."""
    known = [point for point in points if point.figure.value is not None]
    if not known:
        return False
    sign = -1 if known[0].figure.higher_is_better is False else 1
    best = max(known, key=lambda point: sign * (point.figure.value or 0.0))
    changes = [accuracy_change(point, best) for point in known if point.figure.value != best.figure.value]
    intervals = [found[1] if found else None for found in changes]
    return all(each is not None and not each[0] <= 0 <= each[1] for each in intervals)


def models_of(record: Record) -> Iterator[str]:
    """Return the names of a record's models, each once."""
    yield from dict.fromkeys(ref.label for ref in record.variants)


def title_of(name: str) -> str:
    """Return a figure's name as people write it."""
    return _TITLES.get(name, name.replace("_", " "))


def scaled(unit: str) -> tuple[str, float]:
    """Return the unit that a figure is shown in, and what to divide by: bytes in millions, shares in percent."""
    return _SHOWN.get(unit, (str(unit), 1.0))


def in_heading_unit(value: float, heading_unit: str) -> float:
    """Return a cell's value in the unit that its column is headed with, such as bytes in MB."""
    return value / next((divisor for shown, divisor in _SHOWN.values() if shown and shown == heading_unit), 1.0)


def number(value: float | None, unit: str = "", *, like: float | None = None) -> str:
    """Return a figure with about four significant digits, without its unit; `not measured` where there is none.

    like: a figure whose number of decimals is taken, for the ends of intervals and for differences.
    """
    if value is None or math.isnan(value):
        return "not measured"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    divisor = scaled(unit)[1]
    value /= divisor
    size = abs(value) if like is None or not math.isfinite(like) else abs(like / divisor)
    if size and (size < 1e-3 or size >= 1e7):
        return _minus(f"{value:.2e}")
    if value.is_integer() and like is None and unit not in {"ms", "s", "dB", TIMES, *_BYTES, _SHARE}:
        return _minus(f"{value:,.0f}")
    shown = _minus(f"{value:,.{_digits(size, unit)}f}")
    return shown if shown.strip(f"{_MINUS}0.") else shown.removeprefix(_MINUS)


def signed(value: float, unit: str = "", *, like: float | None = None) -> str:
    """Return a difference with its sign."""
    shown = number(value, unit, like=like)
    return f"+{shown}" if value > 0 and shown.strip("0.") else shown


def span(interval: Interval | None, unit: str = "", *, like: float | None = None) -> str:
    """Return an interval in words; nothing where there is none."""
    if interval is None:
        return ""
    size = max(map(abs, interval)) if like is None else like
    return " to ".join(number(end, unit, like=size) for end in interval)


def figure_cell(value: float | None, unit: str = "", interval: Interval | None = None) -> Cell:
    """Return a cell with a figure and its interval below."""
    shown = None if value is None or math.isnan(value) else value
    return Cell(number(value, unit), shown, span(interval, unit, like=shown or None), interval)


def _digits(size: float, unit: str) -> int:
    if unit in {"ms", "s", *_BYTES}:
        return 2 if size < 10 else 1 if size < 100 else 0
    if unit == _SHARE:
        return 1
    if unit in {"dB", TIMES}:
        return 2
    return 4 if size < 2 else 2 if size < 100 else 1 if size < 1000 else 0


def _minus(text: str) -> str:
    return text.replace("-", _MINUS, 1) if text.startswith("-") else text

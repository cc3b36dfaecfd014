"""The records that a report is made from: read, named, put in order of time, and their figures with intervals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from pydantic import JsonValue

from ..bench.accuracy.tables import column, figure_interval
from ..bench.gates.gate import Gate
from ..bench.gates.labels import with_labels
from ..bench.intervals import Interval, median_interval
from ..core.environment import Environment
from ..core.errors import InputError
from ..core.record import Figure, Record, record_files
from ..core.text import printable
from .telling import Weights, several_arithmetics

__all__ = [
    "Evidence",
    "Point",
    "Source",
    "Subject",
    "arithmetic_of",
    "machine",
    "made_alike",
    "raw_samples",
    "read_sources",
    "same_machine",
    "setting",
    "subject_of",
    "texts",
    "what_is_measured",
]

_LOW, _HIGH = "_low", "_high"
_VOLATILE = frozenset({"samples", "step", "stage", "slice", "of", "against", "statistic", "baseline", "verdict"})
"""Labels that tell figures of one record apart, or say what came of them; they do not say what was measured."""

_FINDINGS = frozenset({"samples", "verdict"})
_TYPICAL = frozenset({"latency", "latency_p50"})

_TO_IDENTIFY = ("dataset", "dataset_hash", "reference", "model", "precision", "route", "tile", "gates")


@dataclass(frozen=True)
class Source:
    """A record, where it was read from, and a short name that tells it from the others of the report.

    arithmetics: whether the report's records were computed in several, so that each must be told. weights: by the
    model's id, a word for its weights where the report has others of that model too.
    """

    path: Path
    name: str
    record: Record
    arithmetics: bool = False
    weights: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """Return the figures with their intervals; one that is only the end of another's interval becomes that one."""
        return tuple(_points(self))

    @cached_property
    def labelled(self) -> tuple[Figure, ...]:
        """Return the record's figures in their order, with the labels that the record says once for all of them."""
        return with_labels(self.record).figures


@dataclass(frozen=True)
class Subject:
    """What a figure is about: a model in a precision on a device; each is empty where the record does not say.

    arithmetic, weights: empty too where all that a report has was computed in the same one, or made from the same ones.
    """

    model: str
    precision: str
    device: str
    arithmetic: str = ""
    weights: str = ""

    @property
    def name(self) -> str:
        """Return the model's id, with its weights where it has others too."""
        return " ".join(part for part in (self.model, self.weights) if part)

    @property
    def label(self) -> str:
        """Return it in one line."""
        return " ".join(part for part in (self.name, self.precision, self.device, self.arithmetic) if part)


@dataclass(frozen=True)
class Point:
    """A figure of a record with its interval, whichever way the record keeps it."""

    source: Source
    figure: Figure
    interval: Interval | None

    @property
    def subject(self) -> Subject:
        """Return what it is about."""
        labels, source = self.figure.labels, self.source
        return replace(
            subject_of(labels),
            arithmetic=labels.get("arithmetic", "") if source.arithmetics else "",
            weights=source.weights.get(labels.get("model", ""), ""),
        )


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

    def of_kind(self, *kinds: str) -> list[Source]:
        """Return the current records of these kinds."""
        return [source for source in self.current if source.record.kind in kinds]

    def points(self, *kinds: str) -> list[Point]:
        """Return the figures of the current records, of these kinds or of all."""
        wanted = self.of_kind(*kinds) if kinds else self.current
        return [point for source in wanted for point in source.points]


def read_sources(paths: Sequence[Path], baselines: Sequence[Path] = (), gates: Sequence[Gate] = ()) -> Evidence:
    """Read the records, and find out which are of the same thing.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    if not paths:
        raise InputError("there is no record to report on; give one or more, such as validation/*.json")
    paths, baselines = record_files(paths), record_files(baselines)
    names = _short_names([*paths, *baselines])
    records = {path: Record.read(path) for path in dict.fromkeys([*paths, *baselines])}
    arithmetics, weights = several_arithmetics(records.values()), Weights(records.values())

    def source_at(path: Path) -> Source:
        return Source(path, names[path], records[path], arithmetics, weights.told(records[path]))

    sources = [source_at(path) for path in dict.fromkeys(paths)]
    groups: dict[object, list[Source]] = {}
    for source in sources:
        groups.setdefault(_identity(source.record, weights), []).append(source)
    series = [sorted(group, key=lambda source: source.record.created) for group in groups.values()]
    return Evidence(
        current=tuple(group[-1] for group in series),
        history=tuple(tuple(group) for group in series if len(group) > 1),
        baselines=tuple(source_at(path) for path in dict.fromkeys(baselines)),
        gates=tuple(gates),
    )


def _points(source: Source) -> Iterator[Point]:
    record = source.record
    ends = {(figure.name, _key(figure)): figure.value for figure in record.figures}
    names = {figure.name for figure in record.figures}
    for figure in record.figures:
        base = figure.name.removesuffix(_LOW).removesuffix(_HIGH)
        if base != figure.name and base in names and {f"{base}{_LOW}", f"{base}{_HIGH}"} <= names:
            continue
        low, high = (ends.get((f"{figure.name}{end}", _key(figure))) for end in (_LOW, _HIGH))
        interval = (low, high) if low is not None and high is not None else None
        yield Point(source, figure, interval or _sample_interval(record, figure) or _median_interval(source, figure))


def subject_of(labels: dict[str, str]) -> Subject:
    """Return what figures of these labels are about.

    A device is written as the commands take it: OpenVINO's by its name alone, another runtime's with the runtime.
    """
    device, runtime = labels.get("device", ""), labels.get("runtime", "")
    device = device.removeprefix("openvino:")
    if runtime and runtime != "openvino" and runtime not in device:
        device = runtime if device in {"", "CPU"} else f"{runtime} {device}"
    return Subject(labels.get("model", ""), labels.get("precision", ""), device)


def raw_samples(source: Source, figure: Figure) -> list[float]:
    """Return the raw values of a figure without a row for each sample, such as times; empty where there are none.

    They stand under the figure's name, or under `LABEL: NAME` where the figure has LABEL among its labels; those of a
    benchmark under `CANDIDATE: STAGE`.
    """
    names = [figure.name, *(f"{value}: {figure.name}" for value in figure.labels.values())]
    if figure.name in _TYPICAL and "candidate" in figure.labels:
        names.append(f"{figure.labels['candidate']}: {figure.labels.get('stage', '')}")
    for name in names:
        values = column(source.record, name)
        if values:
            return [value for value in values if value is not None]
    return []


def machine(environment: Environment) -> str:
    """Return a machine in words: figures of two different ones are not compared in time."""
    return f"{environment.cpu}, {environment.cores} cores, {environment.system}"


def same_machine(first: Record, second: Record) -> bool:
    """Tell whether the times of two records may be compared."""
    a, b = first.environment, second.environment
    return (a.cpu, a.cores) == (b.cpu, b.cores)


def arithmetic_of(point: Point) -> str:
    """Return what a figure was computed in; empty where its record does not say."""
    place = point.source.record.figures.index(point.figure)
    return point.source.labelled[place].labels.get("arithmetic", "")


def made_alike(first: Point, second: Point) -> bool:
    """Tell whether two figures are of models that were made from the same weights."""
    made_from = [{ref.weights for ref in point.source.record.artifacts} for point in (first, second)]
    return made_from[0] == made_from[1]


def setting(record: Record, name: str) -> str:
    """Return a setting as text; empty where it is not there or None."""
    value = record.settings.get(name)
    return "" if value is None else str(value)


def what_is_measured(figure: Figure) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return what a figure has in common with the same figure of another record of the same thing."""
    labels = sorted((key, value) for key, value in figure.labels.items() if key not in _FINDINGS)
    return figure.name, figure.unit, tuple(labels)


def texts(values: JsonValue) -> list[str]:
    """Return a stored list as texts; empty where it is no list."""
    return [str(value) for value in values] if isinstance(values, list) else []


def _key(figure: Figure) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(figure.labels.items()))


def _sample_interval(record: Record, figure: Figure) -> Interval | None:
    """Return the bootstrap interval of a mean over rows; None where the figure is no mean over the rows' column."""
    return figure_interval(record, figure) if "slice" in figure.labels and "id" in record.samples else None


def _median_interval(source: Source, figure: Figure) -> Interval | None:
    """Return the bootstrap interval of a benchmark's median; None where the figure is none, or has no single times."""
    values = raw_samples(source, figure) if figure.name in _TYPICAL and "candidate" in figure.labels else []
    return median_interval(values) if len(values) > 1 else None


def _identity(record: Record, weights: Weights) -> object:
    figures = with_labels(record).figures
    labels = {tuple(sorted((k, v) for k, v in f.labels.items() if k not in _VOLATILE)) for f in figures}
    artifacts = tuple((ref.model, ref.format, ref.precision, weights.of(ref)) for ref in record.artifacts)
    settings = tuple(str(record.settings.get(name)) for name in _TO_IDENTIFY)
    return record.kind, artifacts, frozenset(labels), settings, tuple(map(str, record.samples.get("input", ())))


def _short_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name each file by its path below the folder that all share."""
    whole = [path.absolute() for path in paths]
    shared = Path(os.path.commonpath([path.parent for path in whole])) if whole else Path()
    return {path: printable(full.relative_to(shared).as_posix()) for path, full in zip(paths, whole, strict=True)}

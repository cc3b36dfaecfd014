"""Records: what one command measured, as immutable, versioned JSON, in which is all that is printed or gated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Literal, Self, cast

from pydantic import Field, JsonValue, SerializerFunctionWrapHandler, model_serializer, model_validator

from .execution import Execution, Machine
from .files import atomic_path
from .measurement import Data, Frozen, Measurement, VariantRef

__all__ = ["RECORD_VERSION", "Record", "SampleTable", "Series"]

RECORD_VERSION = 2

_TABLES: dict[str, tuple[str, type[VariantRef | Execution | Data]]] = {
    "variants": ("variants", VariantRef),
    "executions": ("executions", Execution),
    "data": ("datasets", Data),
}
"""What measurements share, by their fields: a file has each once in a table, and they refer to it by its place."""


class Series(Frozen, frozen=True):
    """Values in the order in which they were measured.

    Attributes:
        values: in the unit of the measurements that are made of them.
        rounds: of each value, which round it was measured in; empty where there were none.
        walls: how long each round took in all, in the same unit; empty where there were none.
    """

    values: tuple[float, ...]
    rounds: tuple[int, ...] = ()
    walls: tuple[float, ...] = ()

    def median(self) -> float:
        """Return the median of the values, of which there must be one."""
        return median(self.values)

    def by_query(self) -> tuple[float, ...]:
        """Return the time for a query in each round, where values say how long one lay in a queue."""
        counts = Counter(self.rounds)
        return tuple(wall / counts[number] for number, wall in enumerate(self.walls) if counts[number])


class SampleTable(Frozen, frozen=True):
    """A row for each sample.

    Attributes:
        ids: of the samples, in their order.
        tags: by name, a text for each sample; None where it has none.
        values: by metric (or whatever else is told of each), a value for each sample; None where there is none.
    """

    ids: tuple[str, ...] = ()
    tags: dict[str, tuple[str | None, ...]] = Field(default_factory=dict)
    values: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_whole_columns(self) -> SampleTable:
        for name, column in [*self.tags.items(), *self.values.items()]:
            if len(column) != len(self.ids):
                raise ValueError(f"{name} has {len(column)} values for {len(self.ids)} samples")
        return self

    def rows(self, part: str = "all") -> list[int]:
        """Return the rows of a slice: `all`, or `tag=value`."""
        if part == "all":
            return list(range(len(self.ids)))
        tag, _, value = part.partition("=")
        return [row for row, found in enumerate(self.tags.get(tag, ())) if found == value]

    def of(self, name: str, part: str = "all") -> dict[str, float]:
        """Return the values of a column by sample, those that are there; empty where there is no such column.

        A part of each sample, such as `class=person`, has a column of its own, called `NAME PART`.
        """
        own = self.values.get(f"{name} {part}")
        column = self.values.get(name, ()) if own is None else own
        rows = self.rows("all" if own is not None else part)
        picked = ((self.ids[row], column[row]) for row in (rows if column else ()))
        return {each: value for each, value in picked if value is not None}


class Record(Frozen, frozen=True):
    r"""What one command measured.

    In any text, bytes of a file's name that are no UTF-8 are written out as `\udcff`.

    Attributes:
        kind: which command measured it; the models of `core.records` have one each.
        created: when.
        machine: where.
        variants: the models that took part; all that measurements are of are among them.
        measurements: the figures; each has the record's machine.
        settings: what the command was asked for, in words, for people; nothing is decided by them.
    """

    version: Literal[2] = RECORD_VERSION
    kind: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    machine: Machine
    variants: tuple[VariantRef, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _share(cls, data: object) -> object:
        """Give each measurement what its file refers to by a place, and the machine; name all variants."""
        if not isinstance(data, Mapping):
            return data
        given = dict(cast("Mapping[str, Any]", data))
        shared: dict[str, list[Any]] = {
            name: [kind.model_validate(each) for each in _listed(given.pop(table, ()), table)]
            for name, (table, kind) in _TABLES.items()
        }
        if "machine" not in given:
            return given
        machine = given["machine"] = Machine.model_validate(given["machine"])
        figures = [_resolved(each, shared, machine) for each in _listed(given.get("measurements", ()), "measurements")]
        told = [variant for figure in figures for variant in figure.variants]
        given["variants"] = tuple(_once([*shared["variants"], *told]))
        given["measurements"] = tuple(figures)
        return given

    @model_serializer(mode="wrap")
    def _refer(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write what measurements share once."""
        whole: dict[str, Any] = handler(self)
        if "measurements" not in whole:
            return whole
        tables: dict[str, list[object]] = {"variants": list(self.variants), "executions": [], "data": []}
        rows: list[dict[str, Any]] = []
        for figure, row in zip(self.measurements, cast("list[dict[str, Any]]", whole["measurements"]), strict=True):
            places: dict[str, Any] = {}
            for name in ("variants", "executions"):
                places[name] = [_place(each, tables[name]) for each in getattr(figure, name)]
            if figure.data is not None:
                places["data"] = _place(figure.data, tables["data"])
            kept = {k: v for k, v in row.items() if k not in {"machine", *places} and v not in ("", None, [], ())}
            rows.append({**kept, "value": row["value"], **{k: v for k, v in places.items() if v != []}})
        whole["measurements"] = rows
        for name in ("executions", "data"):
            whole[_TABLES[name][0]] = [cast("Frozen", each).model_dump(mode="json") for each in tables[name]]
        return whole

    def __repr__(self) -> str:
        """Say in a line what it is of: a whole record fills screens."""
        models = ", ".join(dict.fromkeys(variant.label for variant in self.variants))
        return f"{type(self).__name__}({models or 'no model'}; {len(self.measurements)} measurements)"

    __str__ = __repr__

    def write(self, path: str | Path) -> None:
        """Write the record as JSON; the file appears whole or not at all."""
        with atomic_path(Path(path)) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def with_measurements(self, further: Iterable[Measurement]) -> Self:
        """Return the record with more measurements, which were made on the same machine."""
        return type(self).model_validate({**dict(self), "measurements": (*self.measurements, *further)})

    def by_sample(self, figure: Measurement) -> dict[str, float] | None:  # noqa: ARG002 - for kinds that have samples
        """Return the values that a measurement is the mean of, by sample; None where it is no such mean."""
        return None

    def series(self, figure: Measurement) -> Series | None:  # noqa: ARG002 - for kinds that have raw values
        """Return the raw values that a measurement is a percentile or mean of; None where it was measured once."""
        return None

    def of_metric(self, metric: str) -> tuple[Measurement, ...]:
        """Return the measurements of a metric."""
        return tuple(figure for figure in self.measurements if figure.metric == metric)


def _listed(rows: object, name: str) -> Iterable[object]:
    if not isinstance(rows, list | tuple):
        raise ValueError(f"{name} is a list")
    return cast("list[object]", rows)


def _resolved(figure: object, shared: Mapping[str, list[Any]], machine: Machine) -> Measurement:
    if isinstance(figure, Measurement):
        return figure if figure.machine == machine else figure.model_copy(update={"machine": machine})
    if not isinstance(figure, Mapping):
        raise ValueError("a measurement is an object")
    row = {**cast("Mapping[str, Any]", figure), "machine": machine}
    for name, table in shared.items():
        places = row.get(name)
        if isinstance(places, list):
            row[name] = tuple(_at(table, each, name) for each in cast("list[object]", places))
        elif name in row:
            row[name] = _at(table, places, name)
    return Measurement.model_validate(row)


def _at(table: list[Any], place: object, name: str) -> object:
    if not isinstance(place, int):
        return place
    if not 0 <= place < len(table):
        raise ValueError(f"{name} has no entry {place}")
    return table[place]


def _place(value: object, table: list[object]) -> int:
    if value not in table:
        table.append(value)
    return table.index(value)


def _once(variants: list[VariantRef]) -> list[VariantRef]:
    found: list[VariantRef] = []
    for variant in variants:
        if variant not in found:
            found.append(variant)
    return found

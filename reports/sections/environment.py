"""Where the figures come from: machines, versions, models with hashes and licences, data sets, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...convert import zoo
from ...core import Data, QuantizeRecord, Record, ValidateRecord, VariantRef
from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, RecordSource

__all__ = ["provenance"]

_LONGEST = 400
_COMMERCIAL = {True: "yes", False: "no", None: "not granted"}


def provenance(evidence: Evidence) -> Section:
    """Return what a reader needs to measure the same again."""
    tables = [_machines(evidence), _variants(evidence), _datasets(evidence), _records(evidence)]
    tables += [_settings(source) for source in evidence.all]
    return Section("provenance", "Environment and provenance", tuple(table for table in tables if table.rows))


def _machines(evidence: Evidence) -> Table:
    machines: dict[str, list[RecordSource]] = {}
    for source in evidence.all:
        machines.setdefault(source.record.machine.model_dump_json(), []).append(source)
    packages = list(dict.fromkeys(name for source in evidence.all for name in source.record.machine.packages))
    columns = [Column("machine and versions"), *(Column(f"environment {place + 1}") for place in range(len(machines)))]
    found = [sources[0].record.machine for sources in machines.values()]
    accelerators = [Cell(", ".join(one.accelerators.values())) for one in found]
    rows: list[tuple[Cell, ...]] = [
        (Cell("processor"), *(Cell(one.cpu) for one in found)),
        (Cell("features"), *(Cell(", ".join(one.cpu_features)) for one in found)),
        (Cell("cores"), *(Cell(str(one.cores)) for one in found)),
        *([(Cell("accelerators"), *accelerators)] if any(cell.text for cell in accelerators) else []),
        (Cell("memory"), *(Cell(f"{one.memory_bytes / 2**30:.1f} GiB" if one.memory_bytes else "") for one in found)),
        (Cell("system"), *(Cell(one.system) for one in found)),
        (Cell("Python"), *(Cell(one.python) for one in found)),
        *((Cell(name), *(Cell(one.packages.get(name, NOTHING.text)) for one in found)) for name in packages),
        (Cell("records"), *(Cell(", ".join(source.name for source in sources)) for sources in machines.values())),
    ]
    return Table("Machines and versions", tuple(columns), tuple(rows))


def _variants(evidence: Evidence) -> Table:
    columns = (
        *map(Column, ("model", "precision", "format", "file")),
        Column("SHA-256", code=True),
        *map(Column, ("licence of the weights", "commercial use")),
    )
    rows: dict[tuple[str, ...], tuple[Cell, ...]] = {}
    for source in evidence.all:
        for ref in source.record.variants:
            licence, commercial = _licence(ref)
            for file, digest in ref.sha256.items():
                key = (ref.label, ref.precision, ref.format, file, digest)
                rows[key] = (*map(Cell, key), Cell(licence), Cell(commercial))
    note = (
        "Licences are those of the zoo's own weights; where a model was made from other weights, nothing is known of "
        "theirs."
    )
    return Table("Models", columns, tuple(rows.values()), note)


def _licence(ref: VariantRef) -> tuple[str, str]:
    spec = next((spec for spec in zoo.list_models() if spec.id == ref.id), None)
    if spec is None:
        return "not in the zoo", "not granted"
    if ref.weights_sha256 and spec.weights.sha256 and ref.weights_sha256 != spec.weights.sha256:
        return "other weights than the zoo's: not stated", "not granted"
    return spec.licence.weights, _COMMERCIAL[spec.licence.commercial]


def _datasets(evidence: Evidence) -> Table:
    columns = (Column("data set"), Column("source"), Column("samples", numeric=True), Column("SHA-256", code=True))
    rows: dict[tuple[object, ...], tuple[Cell, ...]] = {}
    for source in evidence.all:
        record = source.record
        for data, role in _data_of(record):
            name, origin = f"{data.name}{role}", record.source if isinstance(record, ValidateRecord) else ""
            samples = Cell() if data.count is None else Cell(str(data.count), float(data.count))
            rows[name, origin, data.count, data.sha256] = (Cell(name), Cell(origin), samples, Cell(data.sha256))
    return Table("Data sets", columns, tuple(rows.values()))


def _data_of(record: Record) -> Iterator[tuple[Data, str]]:
    """Return the samples that a record is of, whose content is known, with what they were for."""
    if isinstance(record, ValidateRecord):
        yield record.data, ""
        return
    if isinstance(record, QuantizeRecord) and record.calibration and record.calibration.sha256:
        yield record.calibration, " (calibration)"
    role = " (validation)" if isinstance(record, QuantizeRecord) else ""
    for figure in record.measurements:
        # Without a reference they are the inputs of a run, not a data set.
        if figure.data and figure.data.sha256 and figure.data.reference and figure.is_whole:
            yield figure.data, role


def _records(evidence: Evidence) -> Table:
    columns = tuple(map(Column, ("record", "kind", "measured (UTC)", "part of the report")))
    newest, older = len(evidence.current), len(evidence.all) - len(evidence.baselines)
    rows = [
        (
            Cell(source.name),
            Cell(source.record.kind),
            Cell(source.record.created.strftime("%Y-%m-%d %H:%M:%S"), source.record.created.timestamp()),
            Cell("newest" if place < newest else "history" if place < older else "baseline"),
        )
        for place, source in enumerate(evidence.all)
    ]
    return Table("Records", columns, tuple(rows))


def _settings(source: RecordSource) -> Table:
    columns = (Column("setting"), Column("value"))
    rows: list[tuple[Cell, ...]] = []
    for name, value in source.record.settings.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters in the record)"
        rows.append((Cell(name), Cell(shown)))
    return Table(f"Settings: {source.name}", columns, tuple(rows), folded=True)

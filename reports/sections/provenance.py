"""Where the figures come from: machines, versions, models with hashes and licences, data sets, settings."""

from __future__ import annotations

import json

from ...convert import zoo
from ...core.record import ArtifactRef, Record
from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, Source, setting
from .pivot import every_figure

__all__ = ["all_figures", "provenance"]

_LONGEST = 400
_COMMERCIAL = {True: "yes", False: "no", None: "not stated"}


def provenance(evidence: Evidence) -> Section:
    """Return what a reader needs to measure the same again."""
    tables = [_machines(evidence), _artifacts(evidence), _datasets(evidence), _records(evidence)]
    tables += [_settings(source) for source in evidence.all]
    return Section("provenance", "Environment and provenance", tuple(table for table in tables if table.rows))


def all_figures(evidence: Evidence) -> Section:
    """Return every figure of every record, so that nothing that was measured is left out."""
    tables: list[Table] = []
    for source in evidence.all:
        points = source.points
        if points:
            tables.append(every_figure(f"{source.name}: {source.record.kind}, {len(points)} figures", points))
    return Section("figures", "All figures", tuple(tables))


def _machines(evidence: Evidence) -> Table:
    machines: dict[str, list[Source]] = {}
    for source in evidence.all:
        machines.setdefault(source.record.environment.model_dump_json(), []).append(source)
    packages = list(dict.fromkeys(name for source in evidence.all for name in source.record.environment.packages))
    columns = [Column("machine and versions"), *(Column(f"environment {place + 1}") for place in range(len(machines)))]
    found = [sources[0].record.environment for sources in machines.values()]
    rows: list[tuple[Cell, ...]] = [
        (Cell("processor"), *(Cell(one.cpu) for one in found)),
        (Cell("features"), *(Cell(", ".join(one.cpu_features)) for one in found)),
        (Cell("cores"), *(Cell(str(one.cores)) for one in found)),
        (Cell("memory"), *(Cell(f"{one.memory_bytes / 2**30:.1f} GiB" if one.memory_bytes else "") for one in found)),
        (Cell("system"), *(Cell(one.system) for one in found)),
        (Cell("Python"), *(Cell(one.python) for one in found)),
        *((Cell(name), *(Cell(one.packages.get(name, NOTHING.text)) for one in found)) for name in packages),
        (Cell("records"), *(Cell(", ".join(source.name for source in sources)) for sources in machines.values())),
    ]
    return Table("Machines and versions", tuple(columns), tuple(rows))


def _artifacts(evidence: Evidence) -> Table:
    columns = (
        Column("model"),
        Column("precision"),
        Column("format"),
        Column("file"),
        Column("SHA-256", code=True),
        Column("licence of the weights"),
        Column("commercial use"),
    )
    own = _own_weights(evidence)
    rows: dict[tuple[str, ...], tuple[Cell, ...]] = {}
    for source in evidence.all:
        for ref in source.record.artifacts:
            licence, commercial = _licence(ref, own)
            for file, digest in ref.sha256.items():
                key = (ref.model, ref.precision, ref.format, file, digest)
                rows[key] = (*map(Cell, key), Cell(licence), Cell(commercial))
    note = (
        "Licences are those of the zoo's own weights; where an export in this report was made from other weights, "
        "nothing is known of theirs."
    )
    return Table("Models", columns, tuple(rows.values()), note)


def _own_weights(evidence: Evidence) -> dict[str, str]:
    """Return the hash of the weights that each exported model was made from."""
    return {
        setting(source.record, "model"): setting(source.record, "weights_sha256")
        for source in evidence.all
        if source.record.kind == "export"
    }


def _licence(ref: ArtifactRef, own: dict[str, str]) -> tuple[str, str]:
    spec = next((spec for spec in zoo.all_specs() if spec.id == ref.model), None)
    if spec is None:
        return "not in the zoo", "not stated"
    if own.get(ref.model) and spec.weights.sha256 and own[ref.model] != spec.weights.sha256:
        return "other weights than the zoo's: not stated", "not stated"
    return spec.licence.weights, _COMMERCIAL[spec.licence.commercial]


def _datasets(evidence: Evidence) -> Table:
    columns = (Column("data set"), Column("source"), Column("samples", numeric=True), Column("SHA-256", code=True))
    rows: dict[tuple[str, ...], tuple[Cell, ...]] = {}
    for source in evidence.all:
        record = source.record
        for name, digest, count in (
            ("dataset", "dataset_hash", "samples"),
            ("calibration", "calibration_sha256", "calibration_samples"),
            ("validation", "validation_sha256", "validation_samples"),
        ):
            if setting(record, digest):
                key = (
                    _dataset_name(record, name),
                    setting(record, "dataset_source"),
                    setting(record, count),
                    setting(record, digest),
                )
                number = float(key[2]) if key[2].isdecimal() else None
                rows[key] = (Cell(key[0]), Cell(key[1]), Cell(key[2], number), Cell(key[3]))
    return Table("Data sets", columns, tuple(rows.values()))


def _dataset_name(record: Record, name: str) -> str:
    return setting(record, name) + ("" if name == "dataset" else f" ({name})")


def _records(evidence: Evidence) -> Table:
    columns = (Column("record"), Column("kind"), Column("measured (UTC)"), Column("part of the report"))
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


def _settings(source: Source) -> Table:
    columns = (Column("setting"), Column("value"))
    rows: list[tuple[Cell, ...]] = []
    for name, value in source.record.settings.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters in the record)"
        rows.append((Cell(name), Cell(shown)))
    return Table(f"Settings: {source.name}", columns, tuple(rows), folded=True)

"""INT8: what quantization cost, which layers stay as they are, and which lose most."""

from __future__ import annotations

from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, Source, setting, texts
from ..numbers import figure_cell, number, title_of

__all__ = ["quantization"]

_MOST_LAYERS = 20


def quantization(evidence: Evidence) -> Section | None:
    """Return a row for each quantization, and its noisiest layers; None where nothing was quantized."""
    sources = evidence.of_kind("quantization")
    if not sources:
        return None
    columns = (
        Column("model"),
        Column("metric"),
        Column("before", numeric=True),
        Column("after", numeric=True),
        Column("drop", numeric=True),
        Column("allowed drop", numeric=True),
        Column("layers left in FP32", numeric=True),
        Column("calibrated on"),
        Column("took", "s", numeric=True),
        Column("memory at most", "MB", numeric=True),
    )
    tables = [Table("Quantizations", columns, tuple(row for source in sources for row in _rows(source)))]
    tables += [table for source in sources if (table := _noise(source))]
    return Section("quantization", "Quantization", tuple(tables))


def _rows(source: Source) -> list[tuple[Cell, ...]]:
    record = source.record
    figures = {(figure.name, figure.labels.get("of", "")): figure for figure in record.figures}
    model = ", ".join(dict.fromkeys(ref.model for ref in record.artifacts)) or source.name
    limits = record.settings.get("max_drop")
    ignored = texts(record.settings.get("ignored"))
    samples = f"{setting(record, 'calibration_samples')} of {setting(record, 'calibration')}"

    def cell(name: str, of: str = "", unit: str | None = None) -> Cell:
        figure = figures.get((name, of))
        if figure is None or figure.value is None:
            return NOTHING
        return figure_cell(figure.value, figure.unit if unit is None else unit)

    tail = (Cell(str(len(ignored)), float(len(ignored))), Cell(samples), cell("seconds"), cell("peak_memory"))
    metrics = [name for name, of in figures if of == "int8"]
    if not metrics:
        return [(Cell(model), *[NOTHING] * 5, *tail)]
    rows: list[tuple[Cell, ...]] = []
    for name in metrics:
        unit = figures[name, "int8"].unit
        allowed = limits.get(name) if isinstance(limits, dict) else None
        limit = Cell(number(allowed, unit), allowed) if isinstance(allowed, float) else NOTHING
        title = f"{title_of(name)}, {unit}" if unit else title_of(name)
        measured = (cell(name, "source"), cell(name, "int8"), cell(f"{name}_drop", unit=unit), limit)
        rows.append((Cell(model), Cell(title), *measured, *tail))
    return rows


def _noise(source: Source) -> Table | None:
    """The layers by their signal-to-noise ratio after quantization, the noisiest first."""
    noise = source.record.settings.get("noise")
    if not isinstance(noise, list) or not noise:
        return None
    ignored = set(texts(source.record.settings.get("ignored")))
    rows: list[tuple[Cell, ...]] = []
    for entry in noise[:_MOST_LAYERS]:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], int | float):
            kept = "FP32" if str(entry[0]) in ignored else "INT8"
            rows.append((Cell(str(entry[0])), figure_cell(float(entry[1]), "dB"), Cell(kept)))
    model = ", ".join(dict.fromkeys(ref.model for ref in source.record.artifacts)) or source.name
    columns = (Column("layer"), Column("signal to noise", "dB", numeric=True), Column("is in"))
    note = f"The {len(rows)} noisiest of {len(noise)} layers when all of them are quantized."
    return Table(f"{model}: layers that lose most", columns, tuple(rows), note, folded=True)

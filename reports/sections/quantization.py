"""INT8: what quantization cost, which layers stay as they are, and which lose most."""

from __future__ import annotations

from ...core import Measurement, QuantizeRecord
from ..document import NOTHING, Cell, Column, Section, Table
from ..evidence import Evidence, Source, models_of
from ..numbers import figure_cell, number, title_of

__all__ = ["quantization"]

_MOST_LAYERS = 20


def quantization(evidence: Evidence) -> Section | None:
    """Return a row for each quantization, and its noisiest layers; None where nothing was quantized."""
    sources = evidence.of(QuantizeRecord)
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
    tables = [Table("Quantizations", columns, tuple(row for each in sources for row in _rows(*each)))]
    tables += [table for each in sources if (table := _noise(*each))]
    return Section("quantization", "Quantization", tuple(tables))


def _rows(source: Source, record: QuantizeRecord) -> list[tuple[Cell, ...]]:
    figures = {(figure.metric, figure.role): figure for figure in record.measurements}
    model, calibration = ", ".join(models_of(record)) or source.name, record.calibration
    samples = f"{calibration.count or 'samples'} of {calibration.name}" if calibration else NOTHING.text

    def cell(figure: Measurement | None, unit: str | None = None) -> Cell:
        if figure is None or figure.value is None:
            return NOTHING
        return figure_cell(figure.value, figure.unit if unit is None else unit)

    left = len(record.ignored)
    tail = (
        Cell(str(left), float(left)),
        Cell(samples),
        *(cell(figures.get((name, ""))) for name in ("seconds", "peak_memory")),
    )
    validated = [figure for (_, role), figure in figures.items() if role == "source"]
    if not validated:
        return [(Cell(model), *[NOTHING] * 5, *tail)]
    rows: list[tuple[Cell, ...]] = []
    for before in validated:
        name, unit = before.metric, before.unit
        after, drop, allowed = figures.get((name, "")), figures.get((f"{name}_drop", "")), record.allowed_drop.get(name)
        limit = NOTHING if allowed is None else Cell(number(allowed, unit), allowed)
        title = f"{title_of(name)}, {unit}" if unit else title_of(name)
        rows.append((Cell(model), Cell(title), cell(before), cell(after), cell(drop, unit), limit, *tail))
    return rows


def _noise(source: Source, record: QuantizeRecord) -> Table | None:
    """The layers by their signal-to-noise ratio after quantization, the noisiest first."""
    if not record.noise:
        return None
    rows = [
        (Cell(name), figure_cell(snr, "dB"), Cell("FP32" if name in record.ignored else "INT8"))
        for name, snr in record.noise[:_MOST_LAYERS]
    ]
    model = ", ".join(models_of(record)) or source.name
    columns = (Column("layer"), Column("signal to noise", "dB", numeric=True), Column("is in"))
    note = f"The {len(rows)} noisiest of {len(record.noise)} layers when all of them are quantized."
    return Table(f"{model}: layers that lose most", columns, tuple(rows), note, folded=True)

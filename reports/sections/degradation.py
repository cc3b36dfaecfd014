"""What a model lost on its way: how far each conversion step moved its outputs, and what quantization cost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

from ...core import ExportRecord, Measurement, ParityRecord, ParityStep, QuantizeRecord
from ..document import NOTHING, Cell, Column, Plot, Section, Table
from ..evidence import Evidence, RecordSource, figure_cell, number, title_of
from ..plots import plot_of, steps_plot
from .measurements import pivot

__all__ = ["parity", "quantization"]

_MEAN, _LARGEST = "mean_difference", "largest_difference"
_MOST_LAYERS = 20


def parity(evidence: Evidence) -> Section | None:
    """Return a table and a plot for each export and each run of `parity`; None where there is none."""
    blocks: list[Table | Plot] = []
    for place, (source, record) in enumerate(evidence.of(ExportRecord, ParityRecord)):
        points = [point for point in source.points if point.figure.step]
        if not points:
            continue
        of = source.models
        if isinstance(record, ExportRecord) and record.variants:
            of = f"{record.variants[-1].id} {record.variants[-1].precision}".strip()
        title = f"{of}: each step against the one before"
        images = len(record.steps[-1].images) if record.steps else 0
        sets = ", ".join(dict.fromkeys(figure.dataset for figure in record.measurements if figure.data))
        note = f"Means and worst of {images} images{f' of {sets}' if sets else ''}; {source.name}"
        table = pivot(title, points, only=("step", "against", "statistic"), note=note, best=False)
        steps = _steps(record.steps)
        if steps:
            worst, _, most = max(steps, key=lambda step: step[2])
            description = f"The step that moves most is {worst}: at most {number(most)} of the output's range."
            blocks.append(plot_of(f"parity-{place}", title, description, partial(steps_plot, steps), table))
        else:
            blocks.append(table)
    return Section("parity", "Parity of the stages", tuple(blocks)) if blocks else None


def _steps(steps: Sequence[ParityStep]) -> list[tuple[str, float, float]]:
    """Return of each step the mean and the largest difference over all images."""
    return [
        (step.name, fmean(step.values[_MEAN]), max(step.values[_LARGEST]))
        for step in steps
        if step.values.get(_MEAN) and step.values.get(_LARGEST)
    ]


def quantization(evidence: Evidence) -> Section | None:
    """Return a row for each quantization, and its noisiest layers; None where nothing was quantized."""
    sources = evidence.of(QuantizeRecord)
    if not sources:
        return None
    numeric = ("before", "after", "drop", "allowed drop", "layers left in FP32")
    columns = (
        *(Column("model"), Column("metric")),
        *(Column(title, numeric=True) for title in numeric),
        Column("calibrated on"),
        *(Column("took", "s", numeric=True), Column("memory at most", "MB", numeric=True)),
    )
    tables = [Table("Quantizations", columns, tuple(row for each in sources for row in _rows(*each)))]
    tables += [table for each in sources if (table := _noise(*each))]
    return Section("quantization", "Quantization", tuple(tables))


def _rows(source: RecordSource, record: QuantizeRecord) -> list[tuple[Cell, ...]]:
    figures = {(figure.metric, figure.role): figure for figure in record.measurements}
    model, calibration = Cell(source.models), record.calibration
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
        return [(model, *[NOTHING] * 5, *tail)]
    rows: list[tuple[Cell, ...]] = []
    for before in validated:
        name, unit = before.metric, before.unit
        after, drop, allowed = figures.get((name, "")), figures.get((f"{name}_drop", "")), record.allowed_drop.get(name)
        limit = NOTHING if allowed is None else Cell(number(allowed, unit), allowed)
        title = f"{title_of(name)}, {unit}" if unit else title_of(name)
        rows.append((model, Cell(title), cell(before), cell(after), cell(drop, unit), limit, *tail))
    return rows


def _noise(source: RecordSource, record: QuantizeRecord) -> Table | None:
    """The layers by their signal-to-noise ratio after quantization, the noisiest first."""
    if not record.noise:
        return None
    rows = [
        (Cell(name), figure_cell(snr, "dB"), Cell("FP32" if name in record.ignored else "INT8"))
        for name, snr in record.noise[:_MOST_LAYERS]
    ]
    columns = (Column("layer"), Column("signal to noise", "dB", numeric=True), Column("is in"))
    note = f"The {len(rows)} noisiest of {len(record.noise)} layers when all of them are quantized."
    return Table(f"{source.models}: layers that lose most", columns, tuple(rows), note, folded=True)

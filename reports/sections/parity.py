"""Parity: how far each conversion step moved the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean

from ...core import ExportRecord, ParityRecord, ParityStep
from ..document import Paragraph, Plot, Section, Table
from ..evidence import Evidence, Source, models_of
from ..numbers import number
from ..scales import steps_plot
from .pivot import pivot

__all__ = ["parity"]

_MEAN, _LARGEST = "mean_difference", "largest_difference"
_SHOWN = ("step", "against", "statistic")


def parity(evidence: Evidence) -> Section | None:
    """Return a table and a plot for each export and each run of `parity`; None where there is none."""
    blocks: list[Table | Plot | Paragraph] = []
    for place, (source, record) in enumerate(evidence.of(ExportRecord, ParityRecord)):
        points = [point for point in source.points if point.figure.step]
        if not points:
            continue
        title = f"{_what(source, record)}: each step against the one before"
        table = pivot(title, points, only=_SHOWN, note=_note(source, record), best=False)
        steps = _steps(record.steps)
        if not steps:
            blocks.append(table)
            continue
        worst = max(steps, key=lambda step: step[2])
        description = f"The step that moves most is {worst[0]}: at most {number(worst[2])} of the output's range."
        blocks.append(
            Plot(
                f"parity-{place}",
                title,
                description,
                partial(steps_plot, f"parity-{place}", title, description, steps),
                table,
            )
        )
    return Section("parity", "Parity of the stages", tuple(blocks)) if blocks else None


def _steps(steps: Sequence[ParityStep]) -> list[tuple[str, float, float]]:
    """Return of each step the mean and the largest difference over all images."""
    return [
        (step.name, fmean(step.values[_MEAN]), max(step.values[_LARGEST]))
        for step in steps
        if step.values.get(_MEAN) and step.values.get(_LARGEST)
    ]


def _what(source: Source, record: ExportRecord | ParityRecord) -> str:
    if isinstance(record, ExportRecord) and record.variants:
        return f"{record.variants[-1].id} {record.variants[-1].precision}".strip()
    return ", ".join(models_of(record)) or source.name


def _note(source: Source, record: ExportRecord | ParityRecord) -> str:
    images = len(record.steps[-1].images) if record.steps else 0
    sets = dict.fromkeys(figure.dataset for figure in record.measurements if figure.data)
    of = f" of {', '.join(sets)}" if sets else ""
    return f"Means and worst of {images} images{of}; {source.name}"

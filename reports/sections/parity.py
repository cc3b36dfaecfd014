"""The parity ladder: how far each conversion step moved the outputs."""

from __future__ import annotations

from functools import partial

from ..document import Paragraph, Plot, Section, Table
from ..evidence import Evidence, Point, Source, setting, texts
from ..numbers import number
from ..scales import ladder
from .pivot import pivot

__all__ = ["parity"]

_MEAN, _LARGEST = "mean_difference", "largest_difference"


def parity(evidence: Evidence) -> Section | None:
    """Return a ladder for each export and each run of `parity`; None where there is none."""
    blocks: list[Table | Plot | Paragraph] = []
    for place, source in enumerate(evidence.of_kind("export", "parity")):
        points = [point for point in source.points if point.figure.labels.get("step")]
        if not points:
            continue
        title = f"{_what(source)}: each step against the one before"
        table = pivot(title, points, hidden={"of", "dataset"}, note=_note(source), best=False)
        steps = _steps(points)
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
                partial(ladder, f"parity-{place}", title, description, steps),
                table,
            )
        )
    return Section("parity", "Parity of the stages", tuple(blocks)) if blocks else None


def _steps(points: list[Point]) -> list[tuple[str, float, float]]:
    found: dict[str, dict[str, float]] = {}
    for point in points:
        if point.figure.value is not None:
            found.setdefault(point.figure.labels["step"], {}).setdefault(point.figure.name, point.figure.value)
    return [
        (step, values[_MEAN], values[_LARGEST]) for step, values in found.items() if {_MEAN, _LARGEST} <= values.keys()
    ]


def _what(source: Source) -> str:
    record = source.record
    if record.kind == "export":
        return f"{setting(record, 'model')} {setting(record, 'precision')}"
    models = ", ".join(dict.fromkeys(ref.model for ref in record.artifacts))
    return models or source.name


def _note(source: Source) -> str:
    record = source.record
    if record.kind == "export":
        return f"The worst of {len(texts(record.settings.get('pictures')))} pictures; {source.name}"
    return f"Means over {setting(record, 'samples')} pictures of {setting(record, 'dataset')}; {source.name}"

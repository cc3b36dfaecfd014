"""The hottest layers: where the time goes inside a network, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from ..document import NOTHING, Cell, Column, Plot, Section, Table
from ..evidence import Evidence
from ..numbers import figure_cell, number
from ..scales import Roof, roofline

__all__ = ["layers"]

_SUFFIX = ": layers"
_MOST_LAYERS = 20
_MOST_CANDIDATES = 6


@dataclass(frozen=True)
class _Layer:
    name: str
    kind: str
    precision: str
    primitive: str
    ms: float
    flops: float
    moved: float

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.flops / self.ms * 1000

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.flops / self.moved


def layers(evidence: Evidence) -> Section | None:
    """Return a roofline and the hottest layers of each profile; None where nothing was profiled."""
    plots: list[Plot] = []
    for source in evidence.current:
        for name, column in source.record.samples.items():
            found = [layer for entry in column if (layer := _layer(entry))] if name.endswith(_SUFFIX) else []
            if found and len(plots) < _MOST_CANDIDATES:
                plots.append(_plot(f"layers-{len(plots)}", name.removesuffix(_SUFFIX), found))
    return Section("layers", "Hottest layers", tuple(plots)) if plots else None


def _layer(entry: JsonValue) -> _Layer | None:
    if not isinstance(entry, dict):
        return None
    ms, flops, moved = (entry.get(key) for key in ("ms", "flops", "bytes"))
    numbers = [float(value) for value in (ms, flops, moved) if isinstance(value, int | float)]
    if len(numbers) < 3:
        return None
    name, kind, precision, primitive = (str(entry.get(key, "")) for key in ("name", "type", "precision", "primitive"))
    return _Layer(name, kind, precision, primitive, *numbers)


def _plot(name: str, candidate: str, found: list[_Layer]) -> Plot:
    total = sum(layer.ms for layer in found) or 1.0
    hottest = sorted(found, key=lambda layer: -layer.ms)[:_MOST_LAYERS]
    placed = [layer for layer in hottest if layer.ms > 0 and layer.flops > 0 and layer.moved > 0]
    share = 100 * sum(layer.ms for layer in hottest) / total
    title = f"Roofline: {candidate}"
    description = (
        f"The {len(hottest)} hottest of {len(found)} layers take {share:.0f}% of the time; the larger a circle, the "
        f"more of it. The hottest is {hottest[0].name}. The line is the highest rate and the highest traffic that "
        "any layer reached, not the processor's own limit; layers far below it have something to gain."
    )
    measured = [layer for layer in found if layer.ms > 0 and layer.flops > 0 and layer.moved > 0]
    # Layers too short for the clock would raise the roof with noise.
    lasting = [layer for layer in measured if layer.ms >= 0.005 * total] or measured
    roof = None
    if lasting:
        roof = Roof(max(layer.rate for layer in lasting), max(layer.moved / layer.ms * 1000 for layer in lasting))
    columns = (
        Column("layer"),
        Column("kind"),
        Column("precision"),
        Column("primitive"),
        Column("time", "ms", numeric=True),
        Column("share", "%", numeric=True),
        Column("GFLOP/s", numeric=True),
        Column("GB/s", numeric=True),
        Column("operations a byte", numeric=True),
    )
    rows = [
        (
            Cell(layer.name),
            Cell(layer.kind),
            Cell(layer.precision),
            Cell(layer.primitive),
            figure_cell(layer.ms, "ms"),
            Cell(f"{100 * layer.ms / total:.1f}", layer.ms),
            figure_cell(layer.rate / 1e9) if layer.ms else NOTHING,
            figure_cell(layer.moved / layer.ms / 1e6) if layer.ms else NOTHING,
            Cell(number(layer.intensity), layer.intensity) if layer.moved else NOTHING,
        )
        for layer in hottest
    ]
    table = Table(
        title, columns, tuple(rows), f"The {len(hottest)} hottest of {len(found)}; the record has all of them."
    )
    shown = [(layer.name, layer.intensity, layer.rate, layer.ms / total) for layer in placed]
    svg = partial(roofline, name, title, description, shown, roof) if shown else None
    return Plot(name, title, description, svg, table)

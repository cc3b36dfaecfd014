"""The hottest layers: where the time goes inside a network, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from ..document import NOTHING, Cell, Column, Plot, Section, Table
from ..evidence import Evidence, Source
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
    of_limit: float | None
    bound_by: str

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
                candidate = name.removesuffix(_SUFFIX)
                plots.append(_plot(f"layers-{len(plots)}", candidate, found, _measured_roof(source, candidate)))
    return Section("layers", "Hottest layers", tuple(plots)) if plots else None


def _layer(entry: JsonValue) -> _Layer | None:
    if not isinstance(entry, dict):
        return None
    numbers = [float(value) for key in ("ms", "flops", "bytes") if isinstance(value := entry.get(key), int | float)]
    if len(numbers) < 3:
        return None
    ms, flops, moved = numbers
    name, kind, precision, primitive = (str(entry.get(key, "")) for key in ("name", "type", "precision", "primitive"))
    share, bound = entry.get("of_limit"), entry.get("bound_by")
    of_limit = float(share) if isinstance(share, int | float) else None
    return _Layer(name, kind, precision, primitive, ms, flops, moved, of_limit, str(bound or ""))


def _measured_roof(source: Source, candidate: str) -> Roof | None:
    """Return the limits of the candidate's device, where the benchmark measured them."""
    entries, roofs = source.record.settings.get("candidates"), source.record.settings.get("roofline")
    if not isinstance(entries, list) or not isinstance(roofs, dict):
        return None
    device = next((e.get("device") for e in entries if isinstance(e, dict) and e.get("candidate") == candidate), None)
    limits = roofs.get(str(device))
    compute = limits.get("compute") if isinstance(limits, dict) else None
    memory = limits.get("memory") if isinstance(limits, dict) else None
    if not isinstance(compute, dict) or not isinstance(memory, int | float) or memory <= 0:
        return None
    peaks = {name: value * 1e9 for name, value in compute.items() if isinstance(value, int | float) and value > 0}
    return Roof(peaks, memory * 1e9) if peaks else None


def _reached(found: list[_Layer], total: float) -> Roof | None:
    """Return the highest rates of any layer; of those too short for the clock only where there are no others."""
    measured = [layer for layer in found if layer.ms > 0 and layer.flops > 0 and layer.moved > 0]
    lasting = [layer for layer in measured if layer.ms >= 0.005 * total] or measured
    if not lasting:
        return None
    return Roof({"": max(layer.rate for layer in lasting)}, max(layer.moved / layer.ms * 1000 for layer in lasting))


def _plot(name: str, candidate: str, found: list[_Layer], measured_roof: Roof | None) -> Plot:
    total = sum(layer.ms for layer in found) or 1.0
    hottest = sorted(found, key=lambda layer: -layer.ms)[:_MOST_LAYERS]
    placed = [layer for layer in hottest if layer.ms > 0 and layer.flops > 0 and layer.moved > 0]
    share = 100 * sum(layer.ms for layer in hottest) / total
    title = f"Roofline: {candidate}"
    roof = measured_roof or _reached(found, total)
    lines = (
        "The lines are the machine's limits as they were measured"
        if measured_roof
        else "The lines are the highest rate and traffic that any layer reached, not the processor's own limits"
    )
    description = (
        f"The {len(hottest)} hottest of {len(found)} layers take {share:.0f}% of the time; the larger a circle, the "
        f"more of it. The hottest is {hottest[0].name}. {lines}; layers far below them have something to gain."
    )
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
        Column("of the limit", "%", numeric=True),
        Column("bound by"),
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
            NOTHING if layer.of_limit is None else Cell(f"{100 * layer.of_limit:.0f}", layer.of_limit),
            Cell(layer.bound_by) if layer.bound_by else NOTHING,
        )
        for layer in hottest
    ]
    table = Table(
        title, columns, tuple(rows), f"The {len(hottest)} hottest of {len(found)}; the record has all of them."
    )
    shown = [(layer.name, layer.intensity, layer.rate, layer.ms / total) for layer in placed]
    svg = partial(roofline, name, title, description, shown, roof) if shown else None
    return Plot(name, title, description, svg, table)

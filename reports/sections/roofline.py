"""The hottest layers: where the time goes inside a network, and what bounds it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...core import BenchRecord, CandidateResult, LayerTime
from ..document import NOTHING, Cell, Column, Plot, Section, Table
from ..evidence import Evidence
from ..numbers import figure_cell, number
from ..scales import Roof, roofline

__all__ = ["layers"]

_MOST_LAYERS = 20
_MOST_CANDIDATES = 6


def layers(evidence: Evidence) -> Section | None:
    """Return a roofline and the hottest layers of each profile; None where nothing was profiled."""
    profiled = [
        (name, candidate, record)
        for _, record in evidence.of(BenchRecord)
        for name, candidate in record.candidates.items()
        if candidate.profile
    ]
    plots = [
        _plot(f"layers-{place}", name, candidate.profile, _measured_roof(record, candidate))
        for place, (name, candidate, record) in enumerate(profiled[:_MOST_CANDIDATES])
    ]
    return Section("layers", "Hottest layers", tuple(plots)) if plots else None


def _measured_roof(record: BenchRecord, candidate: CandidateResult) -> Roof | None:
    """Return the limits of the candidate's device, where the benchmark measured them."""
    limits = record.rooflines.get(candidate.execution.name) if candidate.execution else None
    if limits is None or limits.memory <= 0:
        return None
    peaks = {name: value * 1e9 for name, value in limits.compute.items() if value > 0}
    return Roof(peaks, limits.memory * 1e9) if peaks else None


def _rate(layer: LayerTime) -> float:
    """Operations a second."""
    return layer.flops / layer.ms * 1000


def _intensity(layer: LayerTime) -> float:
    """Operations a byte."""
    return layer.flops / layer.bytes


def _reached(found: Sequence[LayerTime], total: float) -> Roof | None:
    """Return the highest rates of any layer; of those too short for the clock only where there are no others."""
    measured = [layer for layer in found if layer.ms > 0 and layer.flops > 0 and layer.bytes > 0]
    lasting = [layer for layer in measured if layer.ms >= 0.005 * total] or measured
    if not lasting:
        return None
    return Roof({"": max(_rate(layer) for layer in lasting)}, max(layer.bytes / layer.ms * 1000 for layer in lasting))


def _plot(name: str, candidate: str, found: Sequence[LayerTime], measured_roof: Roof | None) -> Plot:
    total = sum(layer.ms for layer in found) or 1.0
    hottest = sorted(found, key=lambda layer: -layer.ms)[:_MOST_LAYERS]
    placed = [layer for layer in hottest if layer.ms > 0 and layer.flops > 0 and layer.bytes > 0]
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
            Cell(layer.type),
            Cell(layer.precision),
            Cell(layer.primitive),
            figure_cell(layer.ms, "ms"),
            Cell(f"{100 * layer.ms / total:.1f}", layer.ms),
            figure_cell(_rate(layer) / 1e9) if layer.ms else NOTHING,
            figure_cell(layer.bytes / layer.ms / 1e6) if layer.ms else NOTHING,
            Cell(number(_intensity(layer)), _intensity(layer)) if layer.bytes else NOTHING,
            NOTHING if layer.of_limit is None else Cell(f"{100 * layer.of_limit:.0f}", layer.of_limit),
            Cell(layer.bound_by) if layer.bound_by else NOTHING,
        )
        for layer in hottest
    ]
    table = Table(
        title, columns, tuple(rows), f"The {len(hottest)} hottest of {len(found)}; the record has all of them."
    )
    shown = [(layer.name, _intensity(layer), _rate(layer), layer.ms / total) for layer in placed]
    svg = partial(roofline, name, title, description, shown, roof) if shown else None
    return Plot(name, title, description, svg, table)

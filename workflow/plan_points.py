"""The finalists of a plan, their files, and which one to deploy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..bench import AccuracySamples, Deployment, DeploymentRow, benchmark_until, pareto_front
from ..core import Arithmetic, BenchRecord, atomic_directory
from ..datasets import Dataset
from .plan_files import write_point
from .plan_settings import PlanSettings
from .plan_variants import PlannedVariant, VariantShelf

__all__ = ["PlanPoint", "PlanVerdict", "measured", "pick_of", "points_of"]

PlanVerdict = Literal["found", "not enough evidence", "none"]
"""`none`: it is shown that no variant that was tried keeps its word."""


@dataclass(frozen=True)
class PlanPoint:
    """A finalist.

    Attributes:
        variant: what it is.
        row: what was measured of it on samples that the search did not choose by.
        folder: its files and its recipe.
        on_front: no other finalist is as fast, as small and as accurate.
        keeps: its drop's upper bound is within the limit, and it is within the budgets.
    """

    variant: PlannedVariant
    row: DeploymentRow
    folder: Path
    on_front: bool
    keeps: bool


def measured(
    finalists: Sequence[PlannedVariant],
    shelf: VariantShelf,
    settings: PlanSettings,
    proof: Dataset,
    wanted: tuple[str, float],
) -> BenchRecord:
    """Measure the finalists interleaved, on samples that nobody chose by."""
    name, limit = wanted
    paths = {variant.name: shelf.path(variant) for variant in finalists}
    arithmetics: tuple[Arithmetic, ...] = tuple(dict.fromkeys(variant.arithmetic for variant in finalists))
    how = replace(settings.benchmark(arithmetics), size=None, precision=None)
    samples = AccuracySamples(proof, metric=name)
    record = benchmark_until(list(paths.values()), how, lambda _: True, samples=samples).record
    asked = {**record.settings, "data": proof.source or proof.name, "samples": len(proof)}
    return record.model_copy(update={"allowed_drop": {name: limit}, "settings": asked})


def points_of(
    finalists: Sequence[PlannedVariant],
    shelf: VariantShelf,
    settings: PlanSettings,
    table: Deployment,
    *,
    folder: Path,
    named: tuple[str, bool],
) -> tuple[PlanPoint, ...]:
    """Write the files and recipes of the finalists, and return them with what was measured, the fastest first."""
    names = dict.fromkeys(variant.name for variant in finalists)
    arithmetics = dict.fromkeys(variant.arithmetic for variant in finalists)
    # The table has the product of files and arithmetics, in this order.
    rows = dict(zip(((name, how) for name in names for how in arithmetics), table.rows, strict=True))
    found = [(variant, rows[variant.name, variant.arithmetic]) for variant in finalists]
    front = set(pareto_front([_cost(row, table) for _, row in found]))
    points: list[PlanPoint] = []
    for place, (variant, row) in enumerate(found):
        home = folder / f"{variant.name}-{variant.arithmetic}"
        with atomic_directory(home) as temporary:
            write_point(temporary, variant, shelf, settings, model=named[0], weights=named[1])
        points.append(PlanPoint(variant, row, home, place in front, _keeps(row, table, settings)))
    return tuple(sorted(points, key=lambda point: point.row.figures.get("latency_p50", math.inf)))


def _cost(row: DeploymentRow, table: Deployment) -> tuple[float, float, float]:
    change = row.change.value if row.change else 0.0
    loss = -change if table.higher_is_better else change
    return row.figures.get("latency_p50", math.inf), row.figures.get("size", math.inf), loss


def _keeps(row: DeploymentRow, table: Deployment, settings: PlanSettings) -> bool:
    own = row.candidate == table.baseline
    drop = 0.0 if own else row.change.drop if row.change else None
    return row.status == "measured" and drop is not None and drop <= table.allowed and _in_budget(row, settings)


def _in_budget(row: DeploymentRow, settings: PlanSettings) -> bool:
    fast = settings.budget_ms is None or row.figures.get("latency_p50", math.inf) <= settings.budget_ms
    small = settings.max_mb is None or row.figures.get("size", math.inf) <= settings.max_mb * 1e6
    return fast and small


def pick_of(
    points: Sequence[PlanPoint], table: Deployment, settings: PlanSettings
) -> tuple[PlanPoint | None, PlanVerdict, str]:
    """Return the point to deploy, whether there is one, and why, in a sentence."""
    keeping = [point for point in points if point.keeps]
    budget = [
        *([f"{settings.budget_ms:g} ms"] if settings.budget_ms is not None else []),
        *([f"{settings.max_mb:g} MB"] if settings.max_mb is not None else []),
    ]
    within = f" within {' and '.join(budget)}" if budget else ""
    if not keeping:
        open_ = [point for point in points if _in_budget(point.row, settings)]
        more = [point.row.change.more for point in open_ if point.row.change and point.row.change.more]
        if more:
            said = f"about {min(more)} more samples to show it on would tell"
            return None, "not enough evidence", f"No variant{within} is shown to keep the accuracy; {said}."
        if open_:
            return None, "none", f"No variant that was tried{within} keeps {table.metric} within {table.allowed:g}."
        return None, "none", f"No variant that was tried keeps{within}: give more room, or try --size or another model."
    plain = settings.prefer == "latency" and not budget
    of_table = next((point for point in keeping if plain and point.row.candidate == table.pick), None)
    if of_table is not None:
        return of_table, "found", table.sentence
    shown = [point for point in keeping if point.row.candidate == table.baseline or _is_better(point, settings)]
    best = min(shown or keeping, key=lambda point: _rank(point, settings))
    change = best.row.change
    speed = best.row.speed
    why: list[str] = []
    if speed is not None:
        why.append(f"{speed.speedup:.2f} times as fast ({speed.low:.2f} to {speed.high:.2f})")
    if change is not None and change.drop is not None:
        why.append(f"{table.metric} within {change.drop:.3g} at 95% on {table.samples} samples")
    why.append(f"{best.row.figures.get('size', 0) / 1e6:.1f} MB")
    if speed is None:
        why.insert(0, "nothing else is shown to be better and to keep the accuracy")
    return best, "found", f"Deploy {best.variant}{within}: {', '.join(why)}."


def _is_better(point: PlanPoint, settings: PlanSettings) -> bool:
    """Tell whether a point is shown to be better than the model as it is, in what is preferred."""
    return settings.prefer == "size" or (point.row.speed is not None and point.row.speed.verdict == "faster")


def _rank(point: PlanPoint, settings: PlanSettings) -> tuple[float, float]:
    figures = point.row.figures
    latency, size = figures.get("latency_p50", math.inf), figures.get("size", math.inf)
    if settings.prefer == "size":
        return size, latency
    return (-figures.get("throughput", 0.0), size) if settings.prefer == "throughput" else (latency, size)

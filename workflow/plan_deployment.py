"""The fastest variant that keeps its accuracy on a device: searched on some samples, shown on others."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..bench import (
    ALLOWED_DROP,
    AccuracySamples,
    Deployment,
    DeploymentRow,
    deployment_of,
    measure_candidates,
    pareto_front,
)
from ..core import (
    Arithmetic,
    BenchRecord,
    InputError,
    Result,
    atomic_directory,
    atomic_path,
    make_folder,
    with_settings,
)
from ..datasets import Dataset, open_dataset
from ..infer import describe_devices
from ..metrics import get_metric
from ..models import ModelRef
from .deployment_settings import DeploymentSettings
from .plan_recipes import write_point
from .plan_search import PlanSearch, Tried, open_plan_state
from .plan_settings import PlanSettings
from .plan_variants import PlannedVariant, VariantShelf, planned_variants
from .variants import make_variants

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlanPoint", "PlanResult", "PlanVerdict", "plan_deployment", "run_plan"]

PlanVerdict = Literal["found", "not enough evidence", "none"]
"""`none`: it is shown that no variant that was tried keeps its word."""

_EXIT_CODES: dict[PlanVerdict, int] = {"found": 0, "none": 3, "not enough evidence": 4}

_MAIN_METRIC = {"segmentation": "iou", "super_resolution": "psnr_y"}
_PROOF = 12
"""Samples that claims need at least."""

_CAPABILITIES: dict[str, Arithmetic] = {"FP32": "f32", "BF16": "bf16", "FP16": "f16"}


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


@dataclass(frozen=True, kw_only=True)
class PlanResult(Result[BenchRecord]):
    """What a plan found.

    Attributes:
        folder: of all that was written.
        table: the finalists beside the model as it is.
        points: the finalists, the fastest first.
        pick: the one to deploy; None where none is shown to keep its word.
        sentence: says so, and why.
        verdict: whether there is one.
        tried: the whole grid, with what was given up and why.
    """

    folder: Path
    table: Deployment
    points: tuple[PlanPoint, ...]
    pick: PlanPoint | None
    sentence: str
    verdict: PlanVerdict
    tried: tuple[Tried, ...]

    @property
    def front(self) -> tuple[PlanPoint, ...]:
        """Return the points of which none is better in everything than another."""
        return tuple(point for point in self.points if point.on_front)

    @property
    def exit_code(self) -> int:
        """Return what the command line ends with."""
        return _EXIT_CODES[self.verdict]

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each variant of the grid."""
        import pandas as pd

        return pd.DataFrame([_tried_row(each) for each in self.tried])


def run_plan(model: str | Path, out: str | Path, settings: PlanSettings) -> PlanResult:
    """Search the variants of a model for those that are fast, small and accurate on a device, and show it.

    The data are split three ways: INT8 is calibrated on one part, the search chooses by another, and what is claimed
    of the finalists is measured, interleaved, on the third.

    Args:
        model: an entry of the zoo, a model's folder, or a network of one's own with its contract.
        out: folder of the plan; a call that was stopped goes on there.
        settings: what is tried, and what the pick must keep.

    Returns:
        The front, the pick and all that was tried.

    Raises:
        InputError: the samples are too few, or an option makes no sense.
        MattekitError: a model or a sample cannot be read, as the message says.

    Example:
        >>> import mattekit
        >>> plan = mattekit.plan_deployment(
        ...     "srlite-x2", "plan", data="hr=photos", precision="fp32,fp16", seconds=0.1, rounds=12
        ... )
        >>> plan.verdict
        'found'
    """
    if settings.data is None:
        raise InputError("a plan is made on samples with their truth; give --data")
    started = time.monotonic()
    ref = ModelRef.parse(model, settings.given_contract)
    own = DeploymentSettings(precision=("fp32",), offline=settings.offline, contract=settings.contract)
    (source,) = make_variants(ref, own, None).paths
    (opened,) = ModelRef.parse(source, settings.given_contract).variants()
    contract, source_id = opened.contract, opened.id
    name = settings.max_drop.metric if settings.max_drop else _MAIN_METRIC[contract.task]
    metric = get_metric(name)
    limit = settings.max_drop.limit if settings.max_drop else ALLOWED_DROP[contract.task]
    calibration, searched, proof = _split(settings, contract.output.scale, contract.task)
    folder = Path(out)
    work = folder / ".plan"
    make_folder(work)
    shelf = VariantShelf(source, work / _key(source, calibration, settings), calibration, settings)
    most = shelf.int8.most if calibration is not None else 0
    size = contract.input.height, contract.input.width
    fixed = (size[0], size[1]) if size[0] is not None and size[1] is not None else None
    grid = planned_variants(settings, settings.arithmetic or _arithmetics(settings.device), fixed, most)
    key = json.dumps([str(source), searched.content_hash, name, [str(each) for each in grid]])
    state = open_plan_state(work, hashlib.sha256(key.encode()).hexdigest())
    deadline = started + settings.minutes * 60 if settings.minutes else math.inf
    search = PlanSearch(grid, shelf, searched, metric, limit, settings, state, work, deadline)
    finalists = search.run()
    tried = tuple(search.tried())
    record = _measured(finalists, shelf, settings, proof, (name, limit))
    known = ref.name if ref.name and not ref.path else ""
    points = _points(finalists, shelf, settings, record, folder=folder, named=(known or source_id, not known))
    table = deployment_of(record)
    pick, verdict, sentence = _picked(points, table, settings)
    record.write(folder / "plan.json")
    _write_tried(folder / "tried.csv", tried)
    return PlanResult(
        (record,),
        folder=folder,
        table=table,
        points=points,
        pick=pick,
        sentence=sentence,
        verdict=verdict,
        tried=tried,
    )


plan_deployment = with_settings(PlanSettings, "plan_deployment")(run_plan)
"""`run_plan`, with the fields of its settings as keywords."""


def _arithmetics(device: str) -> tuple[Arithmetic, ...]:
    """Return what a device computes in, by what its plugin tells."""
    wanted = device.partition(":")[0]
    found = next((each for each in describe_devices() if each.name in (wanted, f"{wanted}.0")), None)
    told = found.capabilities if found else ()
    return tuple(dict.fromkeys(("f32", *(_CAPABILITIES[each] for each in told if each in _CAPABILITIES))))


def _split(
    settings: PlanSettings, scale: int, task: Literal["segmentation", "super_resolution"]
) -> tuple[Dataset | None, Dataset, Dataset]:
    """Return the samples to calibrate on, to search on, and to show on; none is in two of them."""
    data = open_dataset(str(settings.data), scale=scale, task=task)
    data = data.take(settings.limit) if settings.limit else data
    calibration: Dataset | None = None
    wants = "int8" in settings.precision
    if wants and settings.calibration is not None:
        calibration = open_dataset(settings.calibration, scale=scale, task=task)
    # Taking turns, so that each part has a bit of all: of six samples two calibrate, one is searched on, three show.
    turns = {"calibrate": (0, 3), "search": (1,), "show": (2, 4, 5)}
    if not wants or calibration is not None:
        turns = {"search": (0, 3), "show": (1, 2, 4, 5)}
    parts = {
        name: replace(data, entries=tuple(each for place, each in enumerate(data.entries) if place % 6 in places))
        for name, places in turns.items()
    }
    shown = parts["show"]
    if len(shown) < _PROOF:
        share = len(turns["show"])
        raise InputError(
            f"the data set {data.name} has {len(data)} samples, of which {len(shown)} are left to show what is claimed "
            f"on; give at least {-(-_PROOF * 6 // share)}"
        )
    return parts.get("calibrate", calibration), parts["search"], shown


def _key(source: Path, calibration: Dataset | None, settings: PlanSettings) -> str:
    from ..core import sha256_of

    known = [sha256_of(source), calibration.content_hash if calibration else "", settings.calibration_limit]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]


def _measured(
    finalists: Sequence[PlannedVariant],
    shelf: VariantShelf,
    settings: PlanSettings,
    proof: Dataset,
    wanted: tuple[str, float],
) -> BenchRecord:
    """Measure the finalists interleaved, on samples that nobody chose by."""
    name, limit = wanted
    paths = {variant.name: shelf.path(variant) for variant in finalists}
    arithmetics = tuple(dict.fromkeys(variant.arithmetic for variant in finalists))
    how = replace(settings.benchmark(arithmetics), size=None, precision=None)
    record = measure_candidates(list(paths.values()), how, AccuracySamples(proof, metric=name)).record
    asked = {**record.settings, "data": proof.source or proof.name, "samples": len(proof)}
    return record.model_copy(update={"allowed_drop": {name: limit}, "settings": asked})


def _points(
    finalists: Sequence[PlannedVariant],
    shelf: VariantShelf,
    settings: PlanSettings,
    record: BenchRecord,
    *,
    folder: Path,
    named: tuple[str, bool],
) -> tuple[PlanPoint, ...]:
    """Write the files and recipes of the finalists, and return them with what was measured, the fastest first."""
    table = deployment_of(record)
    names = dict.fromkeys(variant.name for variant in finalists)
    arithmetics = dict.fromkeys(variant.arithmetic for variant in finalists)
    # The record has the product of files and arithmetics, in this order.
    rows = dict(zip(((name, how) for name in names for how in arithmetics), table.rows, strict=True))
    found = [(variant, rows[variant.name, variant.arithmetic]) for variant in finalists]
    front = set(pareto_front([_cost(row) for _, row in found]))
    points: list[PlanPoint] = []
    for place, (variant, row) in enumerate(found):
        home = folder / f"{variant.name}-{variant.arithmetic}"
        with atomic_directory(home) as temporary:
            write_point(temporary, variant, shelf, settings, model=named[0], weights=named[1])
        points.append(PlanPoint(variant, row, home, place in front, _keeps(row, table, settings)))
    return tuple(sorted(points, key=lambda point: point.row.figures.get("latency_p50", math.inf)))


def _cost(row: DeploymentRow) -> tuple[float, float, float]:
    loss = -row.change.value if row.change else 0.0
    return row.figures.get("latency_p50", math.inf), row.figures.get("size", math.inf), loss


def _keeps(row: DeploymentRow, table: Deployment, settings: PlanSettings) -> bool:
    own = row.candidate == table.baseline
    drop = 0.0 if own else row.change.drop if row.change else None
    return row.status == "measured" and drop is not None and drop <= table.allowed and _in_budget(row, settings)


def _in_budget(row: DeploymentRow, settings: PlanSettings) -> bool:
    fast = settings.budget_ms is None or row.figures.get("latency_p50", math.inf) <= settings.budget_ms
    small = settings.max_mb is None or row.figures.get("size", math.inf) <= settings.max_mb * 1e6
    return fast and small


def _picked(
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


def _tried_row(each: Tried) -> dict[str, object]:
    return {
        "variant": str(each.variant),
        "stored as": each.variant.precision,
        "layers kept": each.variant.layers,
        "computed in": each.variant.arithmetic,
        "size": "x".join(map(str, each.variant.size)) if each.variant.size else "",
        "p50 ms (quick)": each.milliseconds,
        "bytes": each.bytes,
        "drop": each.drop,
        "samples": each.samples,
        "given up": each.given_up,
    }


def _write_tried(path: Path, tried: Sequence[Tried]) -> None:
    rows = [_tried_row(each) for each in tried]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

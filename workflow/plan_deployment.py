"""The fastest variant that keeps its accuracy on a device: searched on some samples, shown on others."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..bench import (
    ALLOWED_DROP,
    MAIN_METRIC,
    Deployment,
    deployment_of,
)
from ..core import (
    BenchRecord,
    InputError,
    Result,
    make_folder,
    sha256_of,
    with_settings,
)
from ..datasets import Dataset
from ..models import ModelRef
from .deployment_settings import DeploymentSettings
from .plan_files import write_tried
from .plan_inputs import arithmetics_of, split_samples
from .plan_points import PlanPoint, PlanVerdict, measured, pick_of, points_of
from .plan_search import PlanSearch, Tried, open_plan_state
from .plan_settings import PlanSettings
from .plan_variants import VariantShelf, planned_variants
from .variants import make_variants

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PlanResult", "plan_deployment", "run_plan"]

_EXIT_CODES: dict[PlanVerdict, int] = {"found": 0, "none": 3, "not enough evidence": 4}


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

        return pd.DataFrame([each.row() for each in self.tried])


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
        ...     "mattelite", "plan", data="synthetic:count=18,size=64x48", precision=["fp32"], seconds=0.1, rounds=12
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
    name = settings.max_drop.metric if settings.max_drop else MAIN_METRIC[contract.task]
    limit = settings.max_drop.limit if settings.max_drop else ALLOWED_DROP[contract.task]
    calibration, searched, proof = split_samples(settings, contract.output.scale, contract.task)
    folder = Path(out)
    work = folder / ".plan"
    make_folder(work)
    shelf = VariantShelf(source, work / _key(source, calibration, settings), calibration, settings)
    most = shelf.int8.most if calibration is not None else 0
    size = contract.input.height, contract.input.width
    fixed = (size[0], size[1]) if size[0] is not None and size[1] is not None else None
    grid = planned_variants(settings, settings.arithmetic or arithmetics_of(settings.device), fixed, most)
    key = json.dumps([str(source), searched.content_hash, name, [str(each) for each in grid]])
    state = open_plan_state(work, hashlib.sha256(key.encode()).hexdigest())
    deadline = started + settings.minutes * 60 if settings.minutes else math.inf
    search = PlanSearch(grid, shelf, searched, name, limit, settings, state, work, deadline)
    finalists = search.run()
    tried = tuple(search.tried())
    record = measured(finalists, shelf, settings, proof, (name, limit))
    known = ref.name if ref.name and not ref.path else ""
    table = deployment_of(record)
    points = points_of(finalists, shelf, settings, table, folder=folder, named=(known or source_id, not known))
    pick, verdict, sentence = pick_of(points, table, settings)
    record.write(folder / "plan.json")
    write_tried(folder / "tried.csv", tried)
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


def _key(source: Path, calibration: Dataset | None, settings: PlanSettings) -> str:
    known = [sha256_of(source), calibration.content_hash if calibration else "", settings.calibration_limit]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:16]

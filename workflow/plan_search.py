"""Successive halving: variants are measured on a few samples, and only the better ones of them on more.

Jamieson and Talwalkar, AISTATS 2016. What is given up is so for a reason that is kept: another one is shown to be at
least as good in everything, the drop is shown to be beyond the limit, or half of the others looked better.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict, ValidationError

from ..bench import drop_interval, pareto_front, run_benchmark
from ..core import MODEL, Arithmetic, InputError, ModelError, atomic_path
from ..datasets import Dataset
from ..metrics import get_metric
from ..quantize import QuantizeSettings, accuracy_on
from .plan_settings import PlanSettings
from .plan_variants import PlannedVariant, VariantShelf

__all__ = ["PlanSearch", "PlanState", "Tried", "open_plan_state"]

_FILE = "plan-state.json"
_FIRST = 8
_LEAST = 4
"""Samples that all variants are measured on, and variants that are never halved."""

_FINALISTS = 6
_QUICK_ROUNDS = 5
_QUICK_SECONDS = 0.5


class PlanState(BaseModel):
    """What a plan has measured so far; a call that goes on finds it.

    Attributes:
        key: of all that decides it; another key means another plan.
        milliseconds: a query's median, quickly measured, by the variant.
        values: the metric for each sample in the order of the search, by the variant.
        given_up: why a variant was not measured on, by the variant.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    milliseconds: dict[str, float] = {}
    values: dict[str, list[float]] = {}
    given_up: dict[str, str] = {}

    def write(self, folder: Path) -> None:
        """Keep it in a folder; the file is whole at any time."""
        with atomic_path(folder / _FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def open_plan_state(folder: Path, key: str) -> PlanState:
    """Return the state that a folder holds, or a new one where it is of another plan."""
    try:
        found = PlanState.model_validate_json((folder / _FILE).read_bytes())
    except (OSError, ValidationError):
        return PlanState(key=key)
    return found if found.key == key else PlanState(key=key)


@dataclass(frozen=True)
class Tried:
    """What the search found out of a variant.

    Attributes:
        variant: that was tried.
        milliseconds: a query's median, quickly measured; None where it was not.
        bytes: of its files; None where they were not made.
        drop: of the metric's mean beside the model as it is, on the samples that were tried; None where none was.
        samples: how many those are.
        given_up: why it is no finalist; empty where it is one.
    """

    variant: PlannedVariant
    milliseconds: float | None
    bytes: int | None
    drop: float | None
    samples: int
    given_up: str

    def row(self) -> dict[str, object]:
        """Return it as a row of a table."""
        return {
            "variant": str(self.variant),
            "stored as": self.variant.precision,
            "layers kept": self.variant.layers,
            "computed in": self.variant.arithmetic,
            "size": "x".join(map(str, self.variant.size)) if self.variant.size else "",
            "p50 ms (quick)": self.milliseconds,
            "bytes": self.bytes,
            "drop": self.drop,
            "samples": self.samples,
            "given up": self.given_up,
        }


@dataclass
class PlanSearch:
    """One search under way.

    Attributes:
        variants: the grid; the first one is what others are compared with.
        shelf: makes their files.
        samples: that the search may choose by.
        metric: the name of what is measured.
        limit: the drop that may be lost.
        settings: of the plan.
        state: what has been measured so far.
        work: the folder of `state`.
        deadline: of `time.monotonic`, after which nothing more is tried.
    """

    variants: Sequence[PlannedVariant]
    shelf: VariantShelf
    samples: Dataset
    metric: str
    limit: float
    settings: PlanSettings
    state: PlanState
    work: Path
    deadline: float

    def run(self) -> list[PlannedVariant]:
        """Return the finalists, the model as it is first."""
        base, *others = self.variants
        self.state.given_up.clear()
        if base not in (alive := self._timed()):
            raise InputError(f"{self.shelf.path(base)}: it could not be measured, so nothing can be compared with it")
        alive = [variant for variant in others if variant in alive]
        count = min(_FIRST, len(self.samples))
        self._measure(base, count)
        while True:
            alive = [variant for variant in alive if self._measured(variant, count)]
            self._measure(base, count)
            alive = self._within(alive, count)
            if count == len(self.samples) or not alive:
                break
            alive = self._halved(alive)
            count = min(2 * count, len(self.samples))
        return [base, *self._finalists(alive)]

    def tried(self) -> list[Tried]:
        """Return what was found out of each variant of the grid."""
        found: list[Tried] = []
        for variant in self.variants:
            key = str(variant)
            values = self.state.values.get(key, [])
            found.append(
                Tried(
                    variant,
                    self.state.milliseconds.get(key),
                    self.shelf.bytes_of(variant) if key in self.state.milliseconds else None,
                    self._drop(variant) if values else None,
                    len(values),
                    self.state.given_up.get(key, ""),
                )
            )
        return found

    def _timed(self) -> list[PlannedVariant]:
        """Make the files, and time all variants in turn, quickly."""
        ready: list[PlannedVariant] = []
        for number, variant in enumerate(self.variants):
            self._tell(f"making {variant.name}", number, len(self.variants))
            try:
                self.shelf.path(variant)
            except ModelError as error:
                self._give_up(variant, str(error))
                continue
            ready.append(variant)
        arithmetics: dict[Arithmetic, None] = dict.fromkeys(variant.arithmetic for variant in ready)
        for arithmetic in arithmetics:
            those = [variant for variant in ready if variant.arithmetic == arithmetic]
            if all(str(variant) in self.state.milliseconds for variant in those):
                continue
            quick = replace(
                self.settings.benchmark((arithmetic,)),
                rounds=_QUICK_ROUNDS,
                seconds=_QUICK_SECONDS,
                size=None,
                precision=None,
            )
            record = run_benchmark([self.shelf.path(variant) for variant in those], quick).record
            p50 = (figure for figure in record.of_metric("latency_p50") if figure.stage in {"", MODEL})
            medians = {figure.candidate: figure.value for figure in p50}
            for variant, (candidate, found) in zip(those, record.candidates.items(), strict=True):
                value = medians.get(candidate)
                if value is None:
                    self._give_up(variant, found.reason or found.status)
                else:
                    self.state.milliseconds[str(variant)] = value
            self.state.write(self.work)
        return [variant for variant in ready if str(variant) in self.state.milliseconds]

    def _measured(self, variant: PlannedVariant, count: int) -> bool:
        """Measure a variant on the first samples, unless the time is up; tell whether it is measured."""
        if len(self.state.values.get(str(variant), [])) >= count:
            return True
        if time.monotonic() > self.deadline:
            self._give_up(variant, "the time for the search was up")
            return False
        self._measure(variant, count)
        return True

    def _measure(self, variant: PlannedVariant, count: int) -> None:
        values = self.state.values.setdefault(str(variant), [])
        if len(values) >= count:
            return
        self._tell(f"{variant}: {self.metric} on {count} samples", len(values), count)
        rest = replace(self.samples, entries=self.samples.entries[len(values) : count])
        how = QuantizeSettings(
            device=self.settings.device, arithmetic=variant.arithmetic, contract=self.settings.contract
        )
        path = self.shelf.path(variant)
        accuracy = accuracy_on(rest, self.metric, how, None)
        values += accuracy.values_of(accuracy.measure(path))
        self.state.write(self.work)

    def _series(self, variant: PlannedVariant) -> tuple[list[float], list[float]]:
        own = self.state.values[str(variant)]
        before = self.state.values[str(self.variants[0])][: len(own)]
        return (before, own) if get_metric(self.metric).higher_is_better else (own, before)

    def _drop(self, variant: PlannedVariant) -> float:
        before, after = self._series(variant)
        return fmean(before) - fmean(after[: len(before)]) + 0.0

    def _within(self, alive: Sequence[PlannedVariant], count: int) -> list[PlannedVariant]:
        """Return those that are not shown to lose more than the limit, nor to be worse than another in everything."""
        bounds = {variant: drop_interval(*self._series(variant)) for variant in alive}
        kept: list[PlannedVariant] = []
        for variant in alive:
            if bounds[variant][0] > self.limit:
                low = bounds[variant][0]
                self._give_up(variant, f"{self.metric} drops by {low:.4f} or more on {count} samples")
                continue
            better = [other for other in alive if other is not variant and self._beats(other, variant, bounds)]
            if better:
                self._give_up(variant, f"{better[0]} is shown to be as good in everything, and faster or smaller")
                continue
            kept.append(variant)
        return kept

    def _beats(
        self, one: PlannedVariant, other: PlannedVariant, bounds: dict[PlannedVariant, tuple[float, float]]
    ) -> bool:
        return (
            bounds[one][1] <= bounds[other][0]
            and self._costs(one) != self._costs(other)
            and all(mine <= theirs for mine, theirs in zip(self._costs(one), self._costs(other), strict=True))
        )

    def _costs(self, variant: PlannedVariant) -> tuple[float, float]:
        return self.state.milliseconds[str(variant)], float(self.shelf.bytes_of(variant))

    def _halved(self, alive: Sequence[PlannedVariant]) -> list[PlannedVariant]:
        """Return the half that is on the front, or next to it."""
        ranked = self._ranked(alive)
        keep = max(_LEAST, -(-len(ranked) // 2))
        for variant in ranked[keep:]:
            self._give_up(variant, "others looked better on the first samples")
        return ranked[:keep]

    def _ranked(self, variants: Sequence[PlannedVariant]) -> list[PlannedVariant]:
        """Sort into fronts, one behind the other, each by time."""
        rest, found = list(variants), list[PlannedVariant]()
        while rest:
            front = {rest[place] for place in pareto_front([(*self._costs(each), self._drop(each)) for each in rest])}
            found += sorted((each for each in rest if each in front), key=self._costs)
            rest = [each for each in rest if each not in front]
        return found

    def _finalists(self, alive: Sequence[PlannedVariant]) -> list[PlannedVariant]:
        within = [variant for variant in alive if self._drop(variant) <= self.limit]
        for variant in alive:
            if variant not in within:
                self._give_up(variant, f"{self.metric} dropped by {self._drop(variant):.4f}")
        points = [(*self._costs(variant), self._drop(variant)) for variant in within]
        front = sorted((within[place] for place in pareto_front(points)), key=self._costs)
        for variant in within:
            if variant not in front[:_FINALISTS]:
                self._give_up(variant, "others were as good in everything")
        self.state.write(self.work)
        return front[:_FINALISTS]

    def _give_up(self, variant: PlannedVariant, why: str) -> None:
        self.state.given_up[str(variant)] = why

    def _tell(self, what: str, done: int, of: int) -> None:
        if self.settings.progress:
            self.settings.progress(what, done, of)

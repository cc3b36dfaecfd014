"""How long each stage of a run took: percentiles, loads, and the bottleneck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from ..core import Data, Measurement
from .runtimes import LoadedModel

__all__ = ["Latencies", "of_models"]

_Stage = TypeVar("_Stage", bound=str)


class Latencies(Generic[_Stage]):
    """Times of each stage, image by image or frame by frame.

    Args:
        stages: in the order in which an image passes them.
        workers: how many images a stage works on at a time; 1 where nothing is said.
        most: so many times of a stage are kept, all of them where None. Of more, every second one is let go and from
            then on only every second one kept (and so on): samples spread evenly over the whole run.
    """

    def __init__(
        self, stages: Sequence[_Stage], workers: Mapping[_Stage, int] | None = None, *, most: int | None = None
    ) -> None:
        self._workers, self._most = workers or {}, most
        self._kept: dict[_Stage, list[float]] = {stage: [] for stage in stages}
        self._totals = dict.fromkeys(stages, 0.0)
        self._stride, self._count = 1, 0

    def add(self, seconds: Mapping[_Stage, float]) -> None:
        """Take the times of one image, by stage; it need not have passed all of them."""
        for stage, value in seconds.items():
            self._totals[stage] += value
        if self._count % self._stride == 0:
            for stage, value in seconds.items():
                self._kept[stage].append(value)
            if self._most is not None and max(map(len, self._kept.values())) > self._most:
                self._kept = {stage: values[::2] for stage, values in self._kept.items()}
                self._stride *= 2
        self._count += 1

    @property
    def stages(self) -> list[_Stage]:
        """Return the stages that there are times of."""
        return [stage for stage, values in self._kept.items() if values]

    @property
    def bottleneck(self) -> _Stage | None:
        """Return the stage that was busy longest: the others overlap with it. None before the first image."""
        return max(self.stages, key=lambda stage: self.load(stage, 1.0), default=None)

    def load(self, stage: _Stage, wall_s: float) -> float:
        """Return the share of the seconds that passed in which the workers of a stage were busy; 0 where none did."""
        return self._totals[stage] / self._workers.get(stage, 1) / wall_s if wall_s > 0 else 0.0

    def measurements(self, common: Measurement, wall_s: float) -> list[Measurement]:
        """Return p50 (the median), p90 and p99 of each stage's times as `latency` in ms, and its load.

        Args:
            common: what they are of.
            wall_s: seconds that passed; where none did, there are no loads.
        """
        found: list[Measurement] = []
        for stage in self.stages:
            for percent in (50, 90, 99):
                value = float(np.percentile(self._kept[stage], percent)) * 1000
                statistic = f"p{percent}"
                found.append(
                    common.measured("latency", value, "ms", higher_is_better=False, stage=stage, statistic=statistic)
                )
            if wall_s > 0:
                found.append(common.measured("load", self.load(stage, wall_s), "of the time", stage=stage))
        return found

    def seconds(self) -> dict[str, tuple[float, ...]]:
        """Return the times that were kept, by stage."""
        return {str(stage): tuple(self._kept[stage]) for stage in self.stages}


def of_models(models: Sequence[LoadedModel], data: Data) -> Measurement:
    """Return a measurement without a metric, of these models as they are executed here; copies of it get the rest."""
    return Measurement(
        metric="",
        value=None,
        variants=tuple(model.variant.ref() for model in models),
        executions=tuple(model.runtime.info for model in models),
        data=data,
    )

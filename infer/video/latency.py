"""How long each stage took, in memory that doesn't grow with the video."""

from __future__ import annotations

from ...core.measurement import Measurement, Unit
from ..latencies import latencies

__all__ = ["STAGES", "Latencies"]

STAGES = ("decode", "remove", "infer", "smooth", "upscale", "superimpose", "encode")
"""In the order in which a frame passes them; `infer` is the time of all models, which their stages leave out."""

_MOST = 4096


class Latencies:
    """Times of each stage, frame by frame.

    Where there are more than a few thousand, every second one is let go and from then on only every second one kept
    (and so on): samples spread evenly over the whole video.

    Args:
        threads: how many frames a stage works on at a time; 1 where nothing is said.
    """

    def __init__(self, threads: dict[str, int] | None = None) -> None:
        self._threads = threads or {}
        self._kept: dict[str, list[float]] = {}
        self._totals: dict[str, float] = {}
        self._stride, self._count = 1, 0

    def add(self, seconds: dict[str, float]) -> None:
        """Take one frame's times."""
        for stage, value in seconds.items():
            self._totals[stage] = self._totals.get(stage, 0.0) + value
        if self._count % self._stride == 0:
            for stage, value in seconds.items():
                self._kept.setdefault(stage, []).append(value)
            if max(map(len, self._kept.values()), default=0) > _MOST:
                self._kept = {stage: values[::2] for stage, values in self._kept.items()}
                self._stride *= 2
        self._count += 1

    @property
    def bottleneck(self) -> str | None:
        """Return the stage that was busy longest: the others overlap with it. None before the first frame."""
        return max(self._totals, key=self._busy, default=None)

    def measurements(self, common: Measurement, wall_s: float) -> list[Measurement]:
        """Return each stage's p50, p90 and p99 in ms, and the share of the time in which the bottleneck was busy.

        Args:
            common: what they are of.
            wall_s: how long all of it took, in seconds.
        """
        figures = [
            each for stage in STAGES if stage in self._kept for each in latencies(common, stage, self._kept[stage])
        ]
        stage = self.bottleneck
        if stage is not None:
            share = self._busy(stage) / wall_s if wall_s > 0 else 0.0
            row = {"metric": "bottleneck", "value": share, "unit": Unit("of the time"), "stage": stage}
            figures.append(common.model_copy(update=row))
        return figures

    def _busy(self, stage: str) -> float:
        return self._totals[stage] / self._threads.get(stage, 1)

    def seconds(self) -> dict[str, tuple[float, ...]]:
        """Return the times that were kept, by stage."""
        return {stage: tuple(self._kept[stage]) for stage in STAGES if stage in self._kept}

"""How long a stage took, as figures of a record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.record import Figure

__all__ = ["latencies"]


def latencies(stage: str, seconds: Sequence[float]) -> list[Figure]:
    """Return p50 (the median), p90 and p99 of a stage's times as figures `latency` in ms, labelled with the stage."""
    return [
        Figure(
            name="latency",
            value=float(np.percentile(seconds, percent)) * 1000,
            unit="ms",
            higher_is_better=False,
            labels={"stage": stage, "statistic": f"p{percent}"},
        )
        for percent in (50, 90, 99)
    ]

"""How long a stage took, as measurements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.measurement import Data, Measurement, Unit
from .runtimes import LoadedModel

__all__ = ["latencies", "of_models"]


def of_models(models: Sequence[LoadedModel], data: Data) -> Measurement:
    """Return a measurement without a metric, of these models as they are executed here; copies of it get the rest."""
    return Measurement(
        metric="",
        value=None,
        variants=tuple(model.variant.ref() for model in models),
        executions=tuple(model.runtime.info for model in models),
        data=data,
    )


def latencies(common: Measurement, stage: str, seconds: Sequence[float]) -> list[Measurement]:
    """Return p50 (the median), p90 and p99 of a stage's times as `latency` in ms.

    Args:
        common: what they are of.
        stage: that took them.
        seconds: its times; at least one.
    """
    row = {"metric": "latency", "unit": Unit("ms"), "higher_is_better": False, "stage": stage}
    return [
        common.model_copy(
            update={**row, "value": float(np.percentile(seconds, percent)) * 1000, "statistic": f"p{percent}"}
        )
        for percent in (50, 90, 99)
    ]

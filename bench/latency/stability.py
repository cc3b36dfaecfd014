"""Was the machine steady? By what rule a run calls itself unstable."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

__all__ = ["DRIFT", "OTHERS", "RULE", "SPREAD", "unsteady"]

SPREAD = 0.10
DRIFT = 0.05
OTHERS = 0.10

RULE = (
    f"A candidate is unstable if the quartiles of its rounds' medians are further apart than {SPREAD:.0%} of their "
    f"median, or if the median of its last third of rounds differs by more than {DRIFT:.0%} from that of its first "
    f"third, or if other processes took more than {OTHERS:.0%} of the processors while it ran. A run is unstable if "
    "one of its candidates is."
)
"""The rule, as it stands in every record."""


def unsteady(rounds: Sequence[float], others: float | None) -> list[str]:
    """Return why a candidate was unstable, a sentence for each reason; nothing where it was not.

    Args:
        rounds: its median time in each round, in order.
        others: the share of the processors that other processes took while it ran; None where nobody tells.
    """
    found: list[str] = []
    if len(rounds) >= 4:
        low, middle, high = (float(value) for value in np.quantile(rounds, [0.25, 0.5, 0.75]))
        if high - low > SPREAD * middle:
            found.append(f"the rounds' quartiles are {(high - low) / middle:.0%} apart")
    if len(rounds) >= 6:
        third = len(rounds) // 3
        drift = median(rounds[-third:]) / median(rounds[:third]) - 1
        if abs(drift) > DRIFT:
            found.append(f"it became {abs(drift):.0%} {'slower' if drift > 0 else 'faster'} during the run")
    if others is not None and others > OTHERS:
        found.append(f"other processes took {others:.0%} of the processors")
    return found

"""What a verdict is made of: a status with its reason, and how much more evidence would decide."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...core import Interval, Measurement, Record
from .outcome import GateOutcome

__all__ = ["Found", "Judged", "more", "needed_for", "share_of", "shown_as", "span"]

Found = tuple[Record, Measurement]
"""A figure, and the record that it is of."""


class Judged(NamedTuple):
    """A status and why; what the figure was compared with, what the limit bounds, its interval, and what is missing."""

    status: GateOutcome
    reason: str
    baseline: float | None = None
    amount: float | None = None
    interval: Interval | None = None
    needed: int | None = None


def needed_for(count: int, reach: float, room: float) -> int | None:
    """Return how many more samples bring an interval's edge inside a limit, since it narrows by their square root.

    Args:
        count: samples that there are.
        reach: from the figure to the edge of its interval.
        room: from the figure to the limit.
    """
    if not (room > 0 and math.isfinite(reach / room)):
        return None
    return max(1, math.ceil(count * (reach / room) ** 2) - count)


def more(needed: int | None, what: str) -> str:
    """Return what would decide, as the end of a sentence."""
    if needed is None:
        return "it is right at the limit, where more of them decide nothing"
    return f"about {needed:,} more {what} would decide it"


def span(interval: Interval | None) -> str:
    """Return an interval as the end of a phrase."""
    return f" in [{shown_as(interval[0])}, {shown_as(interval[1])}]" if interval else ""


def shown_as(value: float) -> str:
    """Return a figure with four digits."""
    return f"{value:.4g}"


def share_of(part: float, whole: float, *, of_zeros: float) -> float:
    """Return a quotient; that of two zeros is `of_zeros`, and of zero alone infinite."""
    if whole == 0:
        return of_zeros if part == 0 else math.copysign(math.inf, part)
    return part / whole

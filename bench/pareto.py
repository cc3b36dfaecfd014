"""The Pareto front: what nothing else beats in both of two costs."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["pareto_front"]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Tell of each point (cost, loss), both better when smaller, whether no other point is at least as good in both.

    Of equal points all are on the front.
    """
    return [
        not any(other[0] <= point[0] and other[1] <= point[1] and other != point for other in points)
        for point in points
    ]

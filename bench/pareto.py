"""Points of which none is better in everything than another."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["hypervolume", "pareto_front"]


def pareto_front(points: Sequence[Sequence[float]]) -> list[int]:
    """Return the places of the points that no other is at least as good as in all, and better in one.

    Args:
        points: each with the same number of figures; less is better in all of them. Of equal points the first counts.
    """
    found: list[int] = []
    for place, point in enumerate(points):
        better = (
            all(theirs <= own for theirs, own in zip(other, point, strict=True))
            and (tuple(other) != tuple(point) or number < place)
            for number, other in enumerate(points)
            if number != place
        )
        if not any(better):
            found.append(place)
    return found


def hypervolume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """Return the area that points dominate up to a reference point (Zitzler and Thiele, PPSN 1998).

    Args:
        points: of two figures, of which less is better; those beyond the reference count for nothing.
        reference: the worst that counts.
    """
    area, low = 0.0, reference[1]
    for first, second in sorted(points):
        if first < reference[0] and second < low:
            area += (reference[0] - first) * (low - second)
            low = second
    return area

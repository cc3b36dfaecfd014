"""Accuracy control: the smallest set of unquantized layers that keeps the accuracy, the noisiest layers first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, log2

__all__ = ["Try", "most_layers", "search"]

Try = Callable[[tuple[str, ...], int], float]
"""Leave these layers unquantized, with so many more tries expected after this one; returns the accuracy's drop."""


def most_layers(count: int) -> int:
    """Return how many of `count` layers may stay unquantized; with more, INT8 would be a name only."""
    return max(1, count // 3)


def search(ranking: Sequence[str], drop: Try, limit: float) -> tuple[str, ...] | None:
    """Find layers that must stay unquantized for the drop to be within the limit; None where no allowed set does it.

    The set grows along the ranking (1, 2, 4, … layers) until the drop is within the limit, and shrinks by bisection
    towards the shortest start of the ranking that still does. Single layers in the middle of it are not tried away:
    a few layers in FP32 cost next to nothing, and the more sets are tried, the better the best one suits the
    validation samples alone.

    Args:
        ranking: layers, the noisiest first.
        drop: measures a candidate; asked once for each.
        limit: largest allowed drop.
    """
    most = min(most_layers(len(ranking)), len(ranking))
    size, failed = 1, 0
    while not drop(tuple(ranking[:size]), _expected(size, most)) <= limit:
        if size == most:
            return None
        failed, size = size, min(2 * size, most)
    while size - failed > 1:
        middle = (failed + size) // 2
        if drop(tuple(ranking[:middle]), ceil(log2(size - failed)) - 1) <= limit:
            size = middle
        else:
            failed = middle
    return tuple(ranking[:size])


def _expected(size: int, most: int) -> int:
    """Tries after the one at `size` if that succeeds or, more likely while the set is small, the next one does."""
    following = min(2 * size, most)
    return 0 if size == following else 1 + max(0, ceil(log2(following - size)))

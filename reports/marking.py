"""Which figure of a column is the best, where that can be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from .document import Cell, Column

__all__ = ["mark_best"]


def mark_best(columns: Sequence[Column], rows: Sequence[tuple[Cell, ...]]) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows with the best cell of each column marked, where a direction is known and figures differ.

    A figure with an interval is the best only where none of the others' intervals reaches into it.
    """
    marked = [list(row) for row in rows]
    for place, column in enumerate(columns):
        values = [row[place].value for row in rows]
        present = [value for value in values if value is not None and not math.isnan(value)]
        if column.better is None or len(set(present)) < 2:
            continue
        best = max(present) if column.better else min(present)
        if not _stands_alone([row[place] for row in rows], best):
            continue
        for row, value in zip(marked, values, strict=True):
            if value == best:
                row[place] = replace(row[place], best=True)
    return tuple(tuple(row) for row in marked)


def _stands_alone(cells: Sequence[Cell], best: float) -> bool:
    """Tell whether the intervals of the cells that are not the best all lie beyond the best one's."""
    ends = [(cell.value, cell.interval or (cell.value, cell.value)) for cell in cells if cell.value is not None]
    own = [interval for value, interval in ends if value == best]
    others = [interval for value, interval in ends if value != best]
    return not any(mine[0] <= other[1] and other[0] <= mine[1] for mine in own for other in others)

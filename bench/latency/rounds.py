"""Interleaving: each round runs everything once, so that whatever else a machine does falls on all of it alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from ...core import Progress

__all__ = ["interleave"]

_T = TypeVar("_T")


def interleave(
    runs: Mapping[str, Callable[[int], _T]],
    rounds: int,
    *,
    progress: Progress | None = None,
) -> dict[str, list[_T]]:
    """Call each function once a round with the round's number; what it returned, by name and round.

    The order within a round is shuffled anew each time, always in the same way, so that no candidate always runs behind
    the same other one, whose caches and heat it would inherit.

    Args:
        runs: by name.
        rounds: how many.
        progress: called after each round, with the rounds.
    """
    rng = np.random.default_rng(0)
    names = list(runs)
    found: dict[str, list[_T]] = {name: [] for name in names}
    for number in range(rounds):
        for index in rng.permutation(len(names)):
            name = names[int(index)]
            found[name].append(runs[name](number))
        if progress:
            progress("rounds", number + 1, rounds)
    return found

"""Bootstrap intervals: how far a figure could be off because these samples were measured and not others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core import Interval, Measurement, Record

__all__ = [
    "CONFIDENCE",
    "RESAMPLES",
    "drop_interval",
    "figure_interval",
    "mean_interval",
    "median_interval",
    "median_ratio_interval",
    "ratio_interval",
]

CONFIDENCE = 0.95
RESAMPLES = 5000


_Means = NDArray[np.float64]


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the percentile bootstrap interval of the mean (Efron, Annals of Statistics 7, 1979).

    The same values always give the same interval. At least one value is needed; one value gives itself twice. Infinite
    values give infinite bounds.
    """
    data = np.asarray(values, dtype=np.float64)[None]
    return _interval(data, lambda means: means[0], confidence)


def figure_interval(record: Record, figure: Measurement, confidence: float = CONFIDENCE) -> Interval | None:
    """Return the bootstrap interval of a figure over its samples; None where the record has no samples of it."""
    values = record.by_sample(figure)
    return mean_interval(list(values.values()), confidence) if values else None


def drop_interval(
    baseline: Sequence[float], values: Sequence[float], *, relative: bool = False, confidence: float = CONFIDENCE
) -> Interval:
    """Return the interval of the mean of `baseline - value`, over samples that are paired one to one.

    With `relative` it is that of the drop as a share of the baseline's mean (its size, without its sign). Pairs that
    are both infinite in the same direction count as equal.
    """
    before, after = np.asarray(baseline, dtype=np.float64), np.asarray(values, dtype=np.float64)
    same = before == after
    difference = np.where(same, 0.0, before - np.where(same, 0.0, after))
    if not relative:
        return _interval(difference[None], lambda means: means[0], confidence)
    return _interval(np.stack([difference, before]), _relative, confidence)


def ratio_interval(baseline: Sequence[float], values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of `mean(values) / mean(baseline)`, over samples that are paired one to one."""
    return _interval(np.stack([np.asarray(values, dtype=np.float64), np.asarray(baseline)]), _ratio, confidence)


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE, *, block: int = 1) -> Interval:
    """Return the percentile bootstrap interval of the median; the same values always give the same interval.

    block: how many neighbours are drawn together (circular block bootstrap; Politis and Romano, 1992): more than 1 for
    values in the order of time of which each resembles the one before.
    """
    return _bounds(_medians(values, block, seed=0), confidence)


def median_ratio_interval(
    baseline: Sequence[float],
    values: Sequence[float],
    confidence: float = CONFIDENCE,
    *,
    blocks: tuple[int, int] = (1, 1),
) -> Interval:
    """Return the interval of `median(values) / median(baseline)`, over samples that are not paired.

    blocks: of the baseline and of the values, as in `median_interval`.
    """
    below, above = _medians(baseline, blocks[0], seed=0), _medians(values, blocks[1], seed=1)
    count = min(len(below), len(above))
    return _bounds(_quotient(above[:count], below[:count], of_zeros=1.0), confidence)


def _medians(values: Sequence[float], block: int, seed: int) -> _Means:
    """Resample blocks of neighbours, the last followed by the first, and return the medians."""
    data = np.asarray(values, dtype=np.float64)
    count, rng = len(data), np.random.default_rng(seed)
    # Of very long series, fewer resamples tell the same: time is what they would cost.
    resamples = int(np.clip(50_000_000 // count, min(1000, RESAMPLES), RESAMPLES))
    pieces = -(-count // block)
    medians = np.empty(resamples)
    chunk = max(1, 2_000_000 // count)
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        first = rng.integers(count, size=(size, pieces, 1))
        picked = ((first + np.arange(block)) % count).reshape(size, -1)[:, :count]
        medians[start : start + size] = np.median(data[picked], axis=1)
    return medians


def _relative(means: _Means) -> _Means:
    return _quotient(means[0], np.abs(means[1]), of_zeros=0.0)


def _ratio(means: _Means) -> _Means:
    return _quotient(means[0], means[1], of_zeros=1.0)


def _quotient(above: _Means, below: _Means, of_zeros: float) -> _Means:
    zero = below == 0
    quotient = above / np.where(zero, 1, below)
    return np.where(zero, np.where(above == 0, of_zeros, np.copysign(np.inf, above)), quotient)


def _interval(rows: _Means, statistic: Callable[[_Means], _Means], confidence: float) -> Interval:
    """Resample the columns of (k, n) rows, and take the percentiles of a statistic of the rows' means."""
    count = rows.shape[1]
    rng = np.random.default_rng(0)
    means = np.empty((rows.shape[0], RESAMPLES))
    chunk = max(1, 1_000_000 // count)
    for start in range(0, RESAMPLES, chunk):
        picked = rng.integers(count, size=(min(chunk, RESAMPLES - start), count))
        means[:, start : start + len(picked)] = rows[:, picked].mean(axis=2)
    return _bounds(statistic(means), confidence)


def _bounds(statistics: _Means, confidence: float) -> Interval:
    # Of an even number of values, one of which is infinite, interpolation would make NaN: take a value that is there.
    low, high = np.quantile(statistics, [(1 - confidence) / 2, (1 + confidence) / 2], method="closest_observation")
    return float(low), float(high)

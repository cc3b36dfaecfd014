"""Is one slower than the other, or was it chance? What may be said of two series of times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from types import ModuleType
from typing import Literal

import numpy as np

from ..core import needs_extra
from .intervals import CONFIDENCE, Interval, median_interval, median_ratio_interval

__all__ = [
    "ERROR_RATE",
    "LEAST_EFFECT",
    "MIN_SAMPLES",
    "SIGNIFICANCE",
    "TimeDifference",
    "TimeVerdict",
    "autocorrelation_time",
    "compare_rounds",
    "compare_samples",
    "more_needed",
    "shared_confidence",
]

SIGNIFICANCE = 0.01
"""A difference is claimed only if the test's p-value is below this."""

ERROR_RATE = 0.05
"""At most so often are two runs of the same thing called different. It is more than `SIGNIFICANCE` because that holds
for independent samples, and how dependent samples are can only be estimated from them; the tests simulate it."""

MIN_SAMPLES = 12
"""The least number of independent values on each side: rounds, or samples after what their autocorrelation takes away.
With 12, a difference in one direction is still found at p < 0.01 if one round goes the other way; with 8 or fewer,
all must agree, and one disturbed round would decide."""

LEAST_EFFECT = 0.01
"""No difference below 1% is claimed, however small its p-value: where code and data happen to lie in memory moves the
times of one and the same program by as much (Mytkowicz et al., ASPLOS 2009), and no number of samples shows that."""

TimeVerdict = Literal["faster", "slower", "no difference", "not enough samples"]


@dataclass(frozen=True)
class TimeDifference:
    """What may be said of a candidate's times beside a baseline's.

    speedup: how many times as fast as the baseline, above 1 is faster: its median to the candidate's; of paired rounds,
    the median of the rounds' ratios. low, high: its bootstrap interval, 95% for all claims together. p_value:
    two-sided, of the Mann–Whitney U test, or of its paired form. verdict: the candidate is faster, slower, neither, or
    cannot be judged. samples: independent values on the side that has fewer. paired: whether round was compared with
    round. more: how many further rounds (samples, where nothing is paired) would tell, if what was seen holds; 0 where
    it is told, or where no number of them would.
    """

    speedup: float
    low: float
    high: float
    p_value: float
    verdict: TimeVerdict
    samples: float
    paired: bool
    more: int = 0


def compare_samples(baseline: Sequence[float], candidate: Sequence[float]) -> TimeDifference:
    """Compare the times of two separate runs; each series in the order in which it was measured.

    Neighbouring times resemble each other, and times drift, so that a thousand samples are worth fewer. The
    Mann–Whitney U test assumes independence; its normal deviate is therefore shrunk by the ranks' autocorrelation time,
    estimated in each series (Geyer, Statistical Science 7, 1992), and the interval is a block bootstrap's. A run that
    drifts slowly ends with few independent values, and is not judged; nor is a difference claimed that is smaller than
    what one of the runs drifted by itself, from its first half to its second. What moves a whole run (another frequency
    or neighbour on the machine) no single run can show: interleave the two where it matters, and compare rounds.

    Args:
        baseline: times, all positive.
        candidate: as `baseline`, in the same unit; the numbers of samples may differ.

    Raises:
        DependencyError: SciPy is not installed.
    """
    stats = _stats()
    if not baseline or not candidate:
        return _unknown(paired=False)
    times = [autocorrelation_time(_ranks(series)) for series in (baseline, candidate)]
    counts = [len(baseline), len(candidate)]
    independent = min(count / time for count, time in zip(counts, times, strict=True))
    # The variance of the difference of mean ranks, in units of what it would be if all samples were independent.
    inflation = (times[0] / counts[0] + times[1] / counts[1]) / (1 / counts[0] + 1 / counts[1])
    p_value = float(stats.mannwhitneyu(candidate, baseline, alternative="two-sided").pvalue)
    blocks = (_block(times[0], counts[0]), _block(times[1], counts[1]))
    low, high = median_ratio_interval(baseline, candidate, CONFIDENCE, blocks=blocks)
    speedup = median(baseline) / median(candidate)
    freedom = sum(count / time for count, time in zip(counts, times, strict=True)) - 2
    p_value = _deflated(p_value, inflation, freedom)
    least = max(LEAST_EFFECT, _drift(baseline), _drift(candidate))
    interval = (1 / high, 1 / low)
    return _difference(speedup, interval, p_value, independent, least, paired=False, count=min(counts))


def compare_rounds(
    baseline: Sequence[Sequence[float]], candidate: Sequence[Sequence[float]], *, claims: int = 1
) -> TimeDifference:
    """Compare two that ran interleaved: the times of each round, in the order of the rounds.

    What the machine does meanwhile falls on both sides of a round alike, so that each round gives one ratio (of its
    medians) in which drift cancels, and rounds are the independent unit, however many samples each has. With the two
    sides of a round brought to the round's common level and exchangeable within it, the Mann–Whitney U test takes its
    paired form, Wilcoxon's signed-rank test of the logarithms of the ratios (aligned ranks: Hodges and Lehmann, Annals
    of Mathematical Statistics 33, 1962); its deviate too is shrunk by what autocorrelation the ratios still have.
    The order within rounds should change from round to round.

    Args:
        baseline: times by round, all positive; no round is empty.
        candidate: as `baseline`, of the same rounds.
        claims: how many are made beside each other, which share the error rates of one (Bonferroni).

    Raises:
        DependencyError: SciPy is not installed.
        ValueError: the numbers of rounds differ.
    """
    stats = _stats()
    logs = [math.log(median(before) / median(after)) for before, after in zip(baseline, candidate, strict=True)]
    if not logs:
        return _unknown(paired=True)
    time = autocorrelation_time(logs)
    # Without any difference at all there is nothing to rank.
    p_value = float(stats.wilcoxon(logs).pvalue) if any(logs) else 1.0
    low, high = median_interval(logs, shared_confidence(claims), block=_block(time, len(logs)))
    interval = (math.exp(low), math.exp(high))
    independent = len(logs) / time
    p_value = _deflated(p_value, time, independent - 1)
    return _difference(
        *(math.exp(median(logs)), interval, p_value, independent, LEAST_EFFECT),
        paired=True,
        count=len(logs),
        claims=claims,
    )


def more_needed(count: int, effect: float, half_width: float) -> int:
    """Return how many further samples make an interval as narrow as the effect, as widths shrink with their root.

    Args:
        count: samples so far.
        effect: distance from what is to be excluded, if what was seen holds; without any, 0 is returned.
        half_width: of the interval on that side.
    """
    if not 0 < abs(effect) < half_width or not math.isfinite(half_width):
        return 0
    return max(1, math.ceil(count * (half_width / effect) ** 2) - count)


def shared_confidence(claims: int) -> float:
    """Return the confidence of each of several intervals that together hold with 95% (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(1, claims)


def autocorrelation_time(values: Sequence[float]) -> float:
    """Return how many values of a series are worth one independent value; at least 1.

    It is 1 + 2 Σ ρ(k), summed while pairs of neighbouring lags are positive and falling (Geyer's initial monotone
    sequence). Where the series is not much longer than it, it comes out too small.
    """
    data = np.asarray(values, dtype=np.float64)
    data = data - data.mean()
    power = float(data @ data)
    if power == 0 or len(data) < 4:
        return 1.0
    spectrum = np.fft.rfft(data, 2 * len(data))
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[: len(data) // 2 * 2] / power
    pairs = correlation.reshape(-1, 2).sum(axis=1)
    positive = pairs[: int(np.argmax(pairs <= 0)) if (pairs <= 0).any() else len(pairs)]
    return max(1.0, 2 * float(np.minimum.accumulate(positive).sum()) - 1)


def _difference(
    speedup: float,
    interval: Interval,
    p_value: float,
    independent: float,
    least: float,
    *,
    paired: bool,
    count: int,
    claims: int = 1,
) -> TimeDifference:
    low, high = interval
    verdict: TimeVerdict = "no difference"
    more = 0
    if independent < MIN_SAMPLES:
        verdict = "not enough samples"
        more = max(1, math.ceil(count * (MIN_SAMPLES / independent - 1)))
    elif p_value < SIGNIFICANCE / claims and abs(1 / speedup - 1) >= least and not low <= 1 <= high:
        verdict = "faster" if speedup > 1 else "slower"
    elif abs(1 / speedup - 1) >= least:
        # On the scale of logarithms, on which ratios are as far above 1 as below.
        nearer = math.log(speedup / low) if speedup > 1 else math.log(high / speedup)
        more = more_needed(count, math.log(speedup), nearer) or _more_to_find(count, p_value, SIGNIFICANCE / claims)
    return TimeDifference(speedup, low, high, p_value, verdict, independent, paired, more)


def _more_to_find(count: int, p_value: float, wanted: float) -> int:
    """Return how many further samples make a p-value as small as is wanted: a deviate grows with their root."""
    stats = _stats()
    seen, needed = float(stats.norm.isf(p_value / 2)), float(stats.norm.isf(wanted / 2))
    return more_needed(count, seen, needed)


def _drift(values: Sequence[float]) -> float:
    """Return by what share a run's second half differs from its first."""
    middle = len(values) // 2
    return abs(median(values[middle:]) / median(values[:middle]) - 1) if middle else 0.0


def _unknown(*, paired: bool) -> TimeDifference:
    return TimeDifference(math.nan, math.nan, math.nan, 1.0, "not enough samples", 0.0, paired)


def _deflated(p_value: float, inflation: float, freedom: float) -> float:
    """Return the p-value of a deviate divided by the square root of `inflation`, which is itself an estimate.

    Hence Student's distribution, with as many degrees of freedom as there are independent values to estimate from.
    """
    stats = _stats()
    deviate = stats.norm.isf(p_value / 2) / math.sqrt(inflation)
    return float(2 * stats.t.sf(deviate, max(1.0, freedom)))


def _block(time: float, count: int) -> int:
    return max(1, min(math.ceil(2 * time), count // 4)) if time > 1 else 1


def _ranks(values: Sequence[float]) -> list[float]:
    return [float(rank) for rank in _stats().rankdata(values)]


def _stats() -> ModuleType:
    with needs_extra("comparing times", "scipy", "bench"):
        from scipy import stats
    return stats

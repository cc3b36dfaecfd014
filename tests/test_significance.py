"""What is said of two series of times: nothing where there is nothing, however they drift, and what is planted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")

from mattekit.bench import compare_samples, intervals, median_interval, median_ratio_interval
from mattekit.bench.significance import (
    ERROR_RATE,
    LEAST_EFFECT,
    MIN_SAMPLES,
    SIGNIFICANCE,
    TimeDifference,
    autocorrelation_time,
    compare_rounds,
)
from numpy.typing import NDArray
from scipy import stats

Series = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int], Series]


def autoregressive(correlation: float) -> Noise:
    """Each value resembles the one before by `correlation`; variance 1."""

    def noise(rng: np.random.Generator, count: int) -> Series:
        steps = rng.standard_normal(count) * math.sqrt(1 - correlation**2)
        steps[0] = rng.standard_normal()
        for index in range(1, count):
            steps[index] += correlation * steps[index - 1]
        return steps

    return noise


def ramp(rng: np.random.Generator, count: int) -> Series:
    """A machine that warms up, by an amount and in a direction that differ from run to run."""
    return rng.standard_normal(count) + np.linspace(0, rng.normal(0, 5), count)


def bursts(rng: np.random.Generator, count: int) -> Series:
    """A neighbour that takes the cores for a while, now and then."""
    busy = autoregressive(0.9)(rng, count) > 1.3
    return rng.standard_normal(count) + 8 * busy


def times(noise: Series, spread: float = 0.03) -> list[float]:
    return [float(value) for value in 10 * np.exp(spread * noise)]


NOISES = {
    "independent": autoregressive(0),
    "resembling": autoregressive(0.6),
    "sticky": autoregressive(0.9),
    "wandering": autoregressive(0.99),
    "ramp": ramp,
    "bursts": bursts,
}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples: the intervals of thousands of comparisons need not be exact."""
    monkeypatch.setattr(intervals, "RESAMPLES", 100)


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize(("count", "runs"), [(60, 80), pytest.param(200, 400, marks=pytest.mark.slow)])
def test_two_runs_of_the_same_thing_are_rarely_called_different(name: str, count: int, runs: int, quick: None) -> None:
    del quick
    rng, claims = np.random.default_rng(7), 0
    for _ in range(runs):
        verdict = compare_samples(times(NOISES[name](rng, count)), times(NOISES[name](rng, count))).verdict
        claims += verdict in {"faster", "slower"}
    # More claims than this are less likely than one in a thousand at the error rate that is promised.
    assert claims <= stats.binom.isf(0.001, runs, ERROR_RATE if name != "independent" else SIGNIFICANCE)


@pytest.mark.parametrize("name", NOISES)
def test_two_interleaved_runs_of_the_same_thing_are_rarely_called_different(name: str, quick: None) -> None:
    del quick
    rng, claims, runs = np.random.default_rng(8), 0, 80
    for _ in range(runs):
        # What the machine does falls on both, next to each other in time; each has a little of its own.
        load, own = NOISES[name](rng, 120), rng.standard_normal((2, 60)) * 0.3
        sides = (times(load[side::2] + own[side]) for side in (0, 1))
        claims += by_round(*sides).verdict in {"faster", "slower"}
    assert claims <= stats.binom.isf(0.001, runs, ERROR_RATE)


@pytest.mark.parametrize("slowdown", [1.1, 1 / 1.1])
def test_a_tenth_more_or_less_is_found(slowdown: float) -> None:
    rng = np.random.default_rng(3)
    before = times(autoregressive(0.3)(rng, 200))
    after = [slowdown * value for value in times(autoregressive(0.3)(rng, 200))]
    found = compare_samples(before, after)
    assert found.verdict == ("slower" if slowdown > 1 else "faster")
    assert found.low < 1 / slowdown < found.high
    assert found.p_value < SIGNIFICANCE
    assert not found.paired
    back = compare_samples(after, before)
    assert back.speedup == pytest.approx(1 / found.speedup)
    assert back.p_value == pytest.approx(found.p_value)


def test_interleaved_rounds_show_what_drift_hides_from_separate_runs() -> None:
    # The machine becomes half as fast during the run; the candidate takes 5% more, from the first round to the last.
    rng = np.random.default_rng(4)
    drift = np.linspace(0, 20, 40) + rng.standard_normal(40)
    before = times(drift)
    after = [1.05 * value for value in times(drift + 0.2 * rng.standard_normal(40))]
    found = by_round(before, after)
    assert (found.verdict, found.paired) == ("slower", True)
    assert found.low < 1 / 1.05 < found.high
    assert found.high - found.low < 0.02
    assert compare_samples(before, after).verdict == "not enough samples"


def test_rounds_are_counted_not_samples() -> None:
    rng = np.random.default_rng(5)
    rounds = [times(autoregressive(0)(rng, 100)) for _ in range(MIN_SAMPLES - 1)]
    slower = [[2 * value for value in round_] for round_ in rounds]
    assert compare_rounds(rounds, slower).verdict == "not enough samples"
    with pytest.raises(ValueError, match="shorter"):
        compare_rounds(rounds, slower[1:])


@pytest.mark.parametrize("count", [0, 1, MIN_SAMPLES - 1])
def test_too_few_samples_are_not_judged(count: int) -> None:
    assert compare_samples([1.0] * count, [2.0] * count).verdict == "not enough samples"
    assert compare_rounds([[1.0]] * count, [[2.0]] * count).verdict == "not enough samples"


def test_a_difference_below_the_least_effect_is_not_claimed(quick: None) -> None:
    del quick
    rng = np.random.default_rng(6)
    before, after = times(autoregressive(0)(rng, 2000), 0.002), times(autoregressive(0)(rng, 2000), 0.002)
    small = compare_samples(before, [value * (1 + LEAST_EFFECT / 2) for value in after])
    assert small.p_value < SIGNIFICANCE
    assert small.verdict == "no difference"
    assert compare_samples(before, [value * (1 + LEAST_EFFECT * 2) for value in after]).verdict == "slower"


def test_a_difference_below_the_runs_own_drift_is_not_claimed() -> None:
    # Two levels and nothing else: of the neighbours in each half, none differs, and the halves by 8%.
    rng = np.random.default_rng(2)
    before = [*times(autoregressive(0)(rng, 300), 0.05), *[1.08 * v for v in times(autoregressive(0)(rng, 300), 0.05)]]
    after = [1.05 * value for value in times(autoregressive(0)(rng, 600), 0.05)]
    assert compare_samples(before, after).verdict != "slower"


def test_the_same_times_are_no_difference() -> None:
    series = [10.0, 11.0] * 20
    assert compare_samples(series, series) == TimeDifference(1.0, *_span(series), 1.0, "no difference", 40.0, False)
    same = compare_rounds([[value] for value in series], [[value] for value in series])
    assert (same.speedup, same.low, same.high, same.p_value, same.verdict) == (1.0, 1.0, 1.0, 1.0, "no difference")


def _span(series: list[float]) -> tuple[float, float]:
    return median_ratio_interval(series, series)


def test_independent_samples_get_scipys_p_value() -> None:
    # Alternating series have an autocorrelation time below 1, which counts as 1: nothing is shrunk but for Student.
    rng = np.random.default_rng(1)
    before, after = ([float(v) for v in np.sort(rng.random(400))[::-1]] for _ in range(2))
    before, after = ([v for pair in zip(s[:200], s[:199:-1], strict=True) for v in pair] for s in (before, after))
    after = [value * 1.05 for value in after]
    expected = stats.mannwhitneyu(after, before).pvalue
    assert compare_samples(before, after).p_value == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_the_autocorrelation_time_is_that_of_theory(correlation: float) -> None:
    # Of a first-order autoregressive series it is (1 + φ) / (1 - φ).
    series = autoregressive(correlation)(np.random.default_rng(0), 50_000)
    expected = (1 + correlation) / (1 - correlation)
    assert autocorrelation_time([float(value) for value in series]) == pytest.approx(expected, rel=0.1)


def test_blocks_widen_the_interval_of_what_resembles_its_neighbours() -> None:
    series = times(autoregressive(0.9)(np.random.default_rng(0), 400))
    alone, together = (median_interval(series, block=block) for block in (1, 40))
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def by_round(before: list[float], after: list[float]) -> TimeDifference:
    return compare_rounds([[value] for value in before], [[value] for value in after])


def test_what_the_test_does_not_find_though_the_interval_excludes_none_says_how_many_rounds_would() -> None:
    rng = np.random.default_rng(2)
    after = [float(value) for value in 10 * np.exp(0.1 + 0.2 * rng.standard_normal(20))]
    found = by_round([10.0] * 20, after)
    assert found.verdict == "no difference"
    assert found.high < 1
    assert found.more > 0
    # So many more of the same: the deviate grows with the root of their number.
    repeats = 1 + -(-found.more // 20)
    assert by_round([10.0] * 20 * repeats, after * repeats).p_value < found.p_value

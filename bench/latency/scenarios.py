"""Scenarios, with MLPerf Inference's meaning (Reddi et al., ISCA 2020): how queries arrive, and what is counted.

single-stream: the next query is issued when the last one is answered; its figure is the 90th percentile of latency.
offline: all queries are there at once; its figure is the throughput. server:QPS: queries arrive at random (a Poisson
process of that rate), whether the last one is answered or not; latency counts from the arrival, and its figure is the
99th percentile. MLPerf's rules for a submission (minimum durations and counts, accuracy runs) are not enforced here.
"""

from __future__ import annotations

import time

import numpy as np

from ...infer import BoundInput
from ..benchmark_settings import Scenario
from .process import Burst

__all__ = ["run_burst"]


def run_burst(
    work: BoundInput, scenario: Scenario, *, iterations: int | None, seconds: float | None, seed: int = 0
) -> Burst:
    """Run queries for a number of iterations, or for as long as the seconds last, but one at least.

    Nothing else happens between two queries of a single stream, so that the loop's own time is that of two readings of
    the clock and an append.

    Args:
        work: answers queries.
        scenario: how they arrive.
        iterations: how many, or None.
        seconds: how long, where iterations is None; a query that was started is always finished.
        seed: of the arrivals; the same for all candidates of a round.
    """
    if scenario.qps is not None:
        return _server(work, _arrivals(scenario.qps, iterations, seconds or 0.0, seed))
    return (_single if scenario.kind == "single-stream" else _offline)(work, iterations, seconds or 0.0)


def _single(work: BoundInput, limit: int | None, seconds: float) -> Burst:
    clock, infer = time.perf_counter, work.infer
    latencies: list[float] = []
    begin = clock()
    end = begin + seconds
    while True:
        started = clock()
        infer()
        done = clock()
        latencies.append((done - started) * 1000)
        if (len(latencies) >= limit) if limit is not None else (done >= end):
            break
    return Burst(latencies, (clock() - begin) * 1000)


def _offline(work: BoundInput, limit: int | None, seconds: float) -> Burst:
    clock = time.perf_counter
    latencies: list[float] = []
    queue = work.queue(lambda since: latencies.append((clock() - since) * 1000))
    begin = clock()
    end = begin + seconds
    started = 0
    while True:
        queue.submit(clock())
        started += 1
        if (started >= limit) if limit is not None else (clock() >= end):
            break
    queue.drain()
    return Burst(latencies, (clock() - begin) * 1000)


def _server(work: BoundInput, arrivals: list[float]) -> Burst:
    clock = time.perf_counter
    latencies: list[float] = []
    queue = work.queue(lambda since: latencies.append((clock() - since) * 1000))
    begin = clock()
    for offset in arrivals:
        due = begin + offset
        wait = due - clock()
        if wait > 0:
            time.sleep(wait)
        # Where the queue is full this waits, and the query's latency goes on counting from when it was due.
        queue.submit(due)
    queue.drain()
    return Burst(latencies, (clock() - begin) * 1000)


def _arrivals(qps: float, limit: int | None, seconds: float, seed: int) -> list[float]:
    """Seconds from the start of each query: gaps of a Poisson process are exponential."""
    rng = np.random.default_rng(seed)
    if limit is not None:
        return [float(value) for value in np.cumsum(rng.exponential(1 / qps, limit))]
    arrivals: list[float] = []
    now = float(rng.exponential(1 / qps))
    while now < seconds or not arrivals:
        arrivals.append(now)
        now += float(rng.exponential(1 / qps))
    return arrivals

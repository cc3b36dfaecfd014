"""Benchmarks: scenarios, interleaving, percentiles, stability, fallbacks, and whole runs in real processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from mattekit.bench import BenchmarkSettings
from mattekit.bench.benchmark_settings import Scenario, parse_scenario
from mattekit.bench.latency.benchmark import interleave
from mattekit.bench.latency.candidates import Candidate
from mattekit.bench.latency.process import Executed, fallback
from mattekit.bench.latency.recording import pareto_front
from mattekit.bench.latency.scenarios import run_burst
from mattekit.bench.latency.trials import percentile, unsteady
from mattekit.convert import zoo
from mattekit.core import ExecutedLayers, InputError, Variant
from mattekit.infer.runtimes.base import Queue, SerialInput


class Sleeper(SerialInput):
    """An input that takes no less than `seconds` a query, and counts its queries."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(self._sleep)
        self.seconds = seconds
        self.calls = 0

    def _sleep(self) -> None:
        self.calls += 1
        time.sleep(self.seconds)


def candidate(**changes: Any) -> Candidate:
    facts: dict[str, Any] = {
        "variant": Variant("u2netp", "fp32", Path("model.xml"), zoo.get("u2netp").contract),
        "runtime": "openvino",
        "hint": "latency",
        "height": 320,
        "width": 320,
        "threads": 1,
    }
    return Candidate(**{**facts, **changes})


@pytest.mark.parametrize("count", [100, 101, 250, 1000])
@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_percentiles_are_nearest_ranks(count: int, percent: int) -> None:
    values = [float(value) for value in np.random.default_rng(count).gamma(2.0, size=count)]
    assert percentile(values, percent) == np.percentile(values, percent, method="inverted_cdf")


def test_a_percentile_that_would_be_the_largest_value_is_left_out() -> None:
    values = [float(value) for value in range(99)]
    assert percentile(values, 99) is None
    assert percentile([*values, 99.0], 99) == 98
    assert percentile(values[:19], 95) is None
    assert percentile(values[:9], 90) is None
    assert percentile([3.0], 50) == 3
    assert percentile([], 50) is None


@pytest.mark.parametrize("text", ["single-stream", "offline", "server:20", "server:0.5"])
def test_scenarios_are_read_as_they_are_written(text: str) -> None:
    assert str(parse_scenario(text)) == text


@pytest.mark.parametrize("text", ["server", "server:", "server:0", "server:-1", "server:nan", "server:inf", "online"])
def test_a_scenario_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="server:QPS"):
        parse_scenario(text)


@pytest.mark.parametrize("kind", ["single-stream", "offline", "server:1000"])
def test_a_burst_has_as_many_queries_as_asked_for(kind: str) -> None:
    work = Sleeper()
    burst = run_burst(work, parse_scenario(kind), iterations=7, seconds=None)
    assert work.calls == len(burst.latencies_ms) == 7
    assert max(burst.latencies_ms) <= burst.wall_ms


@pytest.mark.parametrize("kind", ["single-stream", "offline", "server:2"])
def test_a_burst_by_time_has_one_query_at_least(kind: str) -> None:
    burst = run_burst(Sleeper(0.002), parse_scenario(kind), iterations=None, seconds=1e-6)
    assert len(burst.latencies_ms) == 1
    assert burst.latencies_ms[0] >= 2


def test_under_a_server_the_latency_counts_from_the_arrival() -> None:
    # All queries arrive at once, as good as: each waits for those before it, though it is started when it is its turn.
    burst = run_burst(Sleeper(0.005), Scenario("server", 1e7), iterations=6, seconds=None)
    waited = [(number + 1) * 5.0 for number in range(6)]
    assert all(latency >= least * 0.99 for latency, least in zip(burst.latencies_ms, waited, strict=True))
    alone = run_burst(Sleeper(0.005), Scenario(), iterations=6, seconds=None)
    assert sum(alone.latencies_ms) <= alone.wall_ms


def test_a_server_s_queries_arrive_as_a_poisson_process() -> None:
    starts: list[float] = []

    class Clockless(SerialInput):
        def queue(self, answered: Callable[[float], None]) -> Queue:
            return super().queue(lambda since: (starts.append(since), answered(since))[0])

    run_burst(Clockless(lambda: None), Scenario("server", 50_000), iterations=4000, seconds=None, seed=1)
    gaps = np.diff(starts)
    # Of an exponential distribution the mean and the deviation are both 1 / QPS, and 1 in e gaps is longer than it.
    assert gaps.mean() == pytest.approx(1 / 50_000, rel=0.05)
    assert gaps.std() == pytest.approx(1 / 50_000, rel=0.06)
    assert np.mean(gaps > 1 / 50_000) == pytest.approx(np.exp(-1), abs=0.03)
    first = list(starts)
    starts.clear()
    run_burst(Clockless(lambda: None), Scenario("server", 50_000), iterations=4000, seconds=None, seed=2)
    assert not np.allclose(np.diff(starts), np.diff(first))


def test_each_round_runs_everything_once_in_a_changing_order() -> None:
    order: list[tuple[int, str]] = []

    def run(name: str) -> Callable[[int], int]:
        def turn(number: int) -> int:
            order.append((number, name))
            return number

        return turn

    names = ("a", "b", "c", "d")
    found = interleave({name: run(name) for name in names}, 40)
    assert found == {name: list(range(40)) for name in names}
    rounds = [tuple(name for number, name in order if number == each) for each in range(40)]
    assert order == [(number, name) for number, names in enumerate(rounds) for name in names]
    assert all(sorted(each) == list(names) for each in rounds)
    # Nobody always runs behind the same other one.
    followers = {name: {after for (_, before), (_, after) in pairwise(order) if before == name} for name in names}
    assert all(len(after) >= 3 for after in followers.values())


def test_a_steady_run_is_called_stable_and_others_say_why_not() -> None:
    rng = np.random.default_rng(0)
    steady = [float(value) for value in 10 + 0.1 * rng.standard_normal(30)]
    assert unsteady(steady, 0.05) == []
    assert unsteady(steady, None) == []
    (load,) = unsteady(steady, 0.4)
    assert "other processes took 40%" in load
    noisy = [float(value) for value in 10 + 2 * rng.uniform(-1, 1, 30)]
    assert any("quartiles" in reason for reason in unsteady(noisy, 0))
    (drift,) = unsteady([10 + 0.03 * number for number in range(30)], 0)
    assert "slower during the run" in drift
    (drift,) = unsteady([10.9 - 0.03 * number for number in range(30)], 0)
    assert "faster during the run" in drift


def executed(devices: list[str], *layers: tuple[str, str], quantized: bool = False) -> Executed:
    return Executed(
        runtime="openvino",
        devices=tuple(devices),
        layers=tuple(
            ExecutedLayers(type=kind, precision=precision, primitive="", count=1) for kind, precision in layers
        ),
        quantized=quantized,
    )


@pytest.mark.parametrize(
    ("device", "devices"),
    [
        ("CPU", ["CPU"]),
        ("GPU", ["GPU.0"]),
        ("GPU.1", ["GPU.1"]),
        ("AUTO", ["CPU"]),
        ("AUTO", ["(CPU)", "GPU.0"]),
        ("AUTO:GPU,CPU", ["CPU"]),
        ("HETERO:GPU,CPU", ["GPU.0", "CPU"]),
    ],
)
def test_what_was_asked_for_is_no_fallback(device: str, devices: list[str]) -> None:
    assert fallback(candidate(device=device), executed(devices, ("Convolution", "f32"))) is None


@pytest.mark.parametrize(
    ("device", "devices"),
    [("GPU", ["CPU"]), ("GPU.1", ["GPU.0"]), ("AUTO:GPU", ["CPU"]), ("NPU", ["NPU", "CPU"]), ("CPU", ["GPU.0"])],
)
def test_another_device_is_a_fallback(device: str, devices: list[str]) -> None:
    said = fallback(candidate(device=device), executed(devices))
    assert said is not None
    assert "was asked for, but" in said


def test_int8_that_is_executed_in_f32_is_a_fallback() -> None:
    asked = candidate(variant=Variant("u2netp", "int8", Path("model.xml"), zoo.get("u2netp").contract))
    assert fallback(asked, executed(["CPU"], ("Convolution", "u8"), ("Interpolate", "f32"))) is None
    # Moving 8-bit values is no 8-bit arithmetic.
    moved = executed(["CPU"], ("Convolution", "f32"), ("Concatenation", "u8"))
    assert "executed: f32" in (fallback(asked, moved) or "")
    assert "executed: f32" in (fallback(candidate(), moved.model_copy(update={"quantized": True})) or "")
    # Where a device tells nothing of its layers, nothing can be said.
    assert fallback(asked, executed(["CPU"])) is None


def test_the_pareto_front_is_what_no_other_point_beats() -> None:
    points = [(1.0, 5.0), (2.0, 3.0), (3.0, 3.0), (2.5, 2.0), (1.0, 6.0), (2.0, 3.0)]
    assert pareto_front(points) == [True, True, False, True, False, True]


def texts(**axes: str) -> BenchmarkSettings:
    """The settings that the command line makes of texts."""
    return BenchmarkSettings(**axes)  # pyright: ignore[reportArgumentType]


def test_lists_with_commas_become_the_grid_s_axes() -> None:
    found = texts(
        device="CPU,AUTO:GPU+CPU", hint="latency,THROUGHPUT", streams="auto,2", batch="1,4", size="192,240x320"
    )
    assert found.device == ("CPU", "AUTO:GPU,CPU")
    assert found.hint == ("latency", "throughput")
    assert found.streams == ("auto", 2)
    assert found.batch == (1, 4)
    assert found.size == ((192, 192), (240, 320))
    assert found == BenchmarkSettings(
        device=("CPU", "AUTO:GPU,CPU"),
        hint=("latency", "throughput"),
        streams=("auto", 2),
        batch=(1, 4),
        size=((192, 192), (240, 320)),
    )


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("runtime", "tensorrt"),
        ("hint", "fast"),
        ("streams", "0"),
        ("batch", "1,1"),
        ("batch", "two"),
        ("size", "1x2x3"),
        ("precision", "int4"),
        ("arithmetic", "f64"),
        ("device", "CPU,"),
    ],
)
def test_a_word_that_is_not_understood_is_refused_with_those_that_are(option: str, text: str) -> None:
    with pytest.raises(InputError, match=rf"--{option} {text}: .*give"):
        texts(**{option: text})


@pytest.mark.parametrize(
    "wrong", [{"batch": (0,)}, {"size": ((1, 2, 3),)}, {"streams": ()}, {"hint": ("fast",)}, {"warm_up": -1}]
)
def test_values_that_make_no_sense_are_refused_from_python_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"--[\w-]+ .*give"):
        BenchmarkSettings(**wrong)


def test_candidates_of_the_same_settings_have_the_same_key() -> None:
    assert candidate().key == "u2netp fp32 openvino:CPU f32 latency b1 320x320"
    assert candidate(number=2).key == f"{candidate().key} #2"
    keys = {
        candidate(**changes).key
        for changes in cast(
            "list[dict[str, Any]]",
            [
                {},
                {"streams": 2},
                {"batch": 2},
                {"width": 256},
                {"hint": "throughput"},
                {"device": "GPU"},
                {"variant": Variant("u2netp", "int8", Path("model.xml"), zoo.get("u2netp").contract)},
                {"runtime": "onnxruntime", "hint": None},
                {"variant": Variant("u2net", "fp32", Path("model.xml"), zoo.get("u2netp").contract)},
            ],
        )
    }
    assert len(keys) == 9

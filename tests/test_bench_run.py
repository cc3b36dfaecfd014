"""Whole benchmarks: candidates in processes of their own, the record, and the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from conftest import shallow_u2net
from mattekit.bench import BenchmarkSettings, benchmark, benchmark_exit_code, run_benchmark
from mattekit.bench.benchmark_settings import parse_scenario
from mattekit.bench.latency.candidates import Candidate, find_variants, plan
from mattekit.bench.latency.process import CandidateError, WorkerProcess
from mattekit.bench.latency.trials import OTHERS
from mattekit.bench.latency.worker import Worker, inspect
from mattekit.cli import app
from mattekit.core import (
    MODEL,
    BenchRecord,
    DeviceError,
    InputError,
    ModelError,
    Variant,
    read_record,
)
from mattekit.infer import read_variant
from openvino import opset13 as ops
from tiny import CONTRACT, save
from typer.testing import CliRunner


@pytest.fixture
def tiny(tiny_ir: Path) -> Path:
    """A convolution 3x3 from 3 to 3 channels and a ReLU, for any size."""
    return tiny_ir


@pytest.fixture
def record(shared_benchmark: BenchRecord) -> BenchRecord:
    return shared_benchmark


def one(path: Path, **changes: Any) -> Candidate:
    facts: dict[str, Any] = {
        "variant": Variant("tiny", "fp32", path, CONTRACT),
        "runtime": "openvino",
        "hint": "latency",
        "height": 24,
        "width": 40,
        "threads": 1,
    }
    return Candidate(**{**facts, **changes})


def values(record: BenchRecord, key: str, stage: str = MODEL) -> dict[str, float | None]:
    return {
        figure.metric: figure.value
        for figure in record.measurements
        if figure.candidate == key and figure.stage in {stage, ""}
    }


def few(**changes: Any) -> BenchmarkSettings:
    facts: dict[str, Any] = {"size": ((32, 32),), "rounds": 3, "iterations": 6, "warm_up": 0, "threads": 1}
    return BenchmarkSettings(**{**facts, **changes})


def measured(*models: Path, **changes: Any) -> BenchRecord:
    return run_benchmark(models, few(**changes)).record


def test_every_candidate_has_its_row_and_what_cannot_run_says_why(record: BenchRecord) -> None:
    found = {key: (result.status, result.reason or "") for key, result in record.candidates.items()}
    assert len(found) == 8
    assert found["model fp32 openvino:CPU f32 latency b1 32x32"] == ("measured", "")
    assert found["model fp32 openvino:CPU f32 latency b2 32x32"] == ("measured", "")
    for batch in (1, 2):
        status, reason = found[f"model fp32 openvino:NPU.7 f32 latency b{batch} 32x32"]
        assert status == "missing device"
        assert "NPU.7: OpenVINO finds no such device here; available: " in reason
    status, reason = found["model int8 openvino:CPU f32 latency b1 32x32"]
    assert status == "fallback"
    assert "INT8 was asked for, but no computing layer was executed in it (executed: f32)" in reason
    for key, (status, _) in found.items():
        assert (values(record, key)["latency_p50"] is None) == (status != "measured")
    assert benchmark_exit_code(record) == 3


def test_the_raw_samples_are_in_the_record_by_candidate_and_round(record: BenchRecord) -> None:
    for batch in (1, 2):
        key = f"model fp32 openvino:CPU f32 latency b{batch} 32x32"
        series = record.candidates[key].times[MODEL]
        times = series.values
        assert series.rounds == (0, 0, 1, 1, 2, 2)
        found = values(record, key)
        assert found["queries"] == len(times) == 6
        assert found["latency_p50"] == sorted(times)[2]
        assert found["latency_mean"] == pytest.approx(sum(times) / 6)
        wall = sum(series.walls)
        assert found["throughput"] == pytest.approx(6 * batch / wall * 1000)
        assert found["loop_overhead"] == pytest.approx((wall - sum(times)) / 6)
        assert found["latency_p90"] is None


def test_the_record_says_what_was_executed_and_what_it_took(record: BenchRecord) -> None:
    key = "model fp32 openvino:CPU f32 latency b1 32x32"
    result = record.candidates[key]
    executed = result.execution
    assert executed is not None
    assert executed.devices == ("CPU",)
    assert "openvino_intel_cpu_plugin" in executed.plugin
    assert (executed.arithmetic, executed.threads) == ("f32", 1)
    assert [(each.type, each.precision) for each in result.layers if each.type == "Convolution"] == [
        ("Convolution", "f32")
    ]
    # Every figure of the candidate says the same, at the size and batch that were asked for.
    own = [figure.execution for figure in record.measurements if figure.candidate == key]
    assert own == [executed.model_copy(update={"size": (32, 32), "batch": 1})] * len(own)
    found = values(record, key)
    for name in ("first_inference", "compile_time", "compile_time_cached", "peak_memory", "process_memory"):
        assert (found[name] or 0) > 0, name
    assert found["int8_time_share"] == 0
    assert (found["peak_memory"] or 0) >= (found["process_memory"] or 0)
    assert result.disturbed == ((found.get("other_load") or 0) > OTHERS)


def test_candidates_are_compared_with_the_baseline_and_three_rounds_are_not_enough(record: BenchRecord) -> None:
    baseline = "model fp32 openvino:CPU f32 latency b1 32x32"
    assert record.baseline == baseline
    compared = {key: result.comparisons for key, result in record.candidates.items() if result.comparisons}
    ((key, (comparison,)),) = compared.items()
    assert key == "model fp32 openvino:CPU f32 latency b2 32x32"
    assert (comparison.baseline, comparison.verdict) == (baseline, "not enough samples")
    times = {name: record.times(name) for name in (baseline, key)}
    # Of one image: a batch's time is divided by its images before it is compared.
    ratios = [
        2 * np.median(times[baseline][2 * n : 2 * n + 2]) / np.median(times[key][2 * n : 2 * n + 2]) for n in range(3)
    ]
    assert comparison.speedup == pytest.approx(np.median(ratios))
    (speedup,) = record.of_metric("speedup")
    assert (speedup.candidate, speedup.baseline, speedup.value) == (key, baseline, comparison.speedup)
    assert speedup.interval == (comparison.low, comparison.high)


@pytest.mark.slow
def test_layers_stand_beside_the_machine_s_limits(tiny: Path) -> None:
    record = measured(tiny, batch=(2,), rounds=1, profile=True)
    layers = record.candidates["model fp32 openvino:CPU f32 latency b2 32x32"].profile
    (convolution,) = [layer for layer in layers if layer.type == "Convolution"]
    assert convolution.flops == 2 * (2 * 3 * 32 * 32) * (3 * 9)
    limits = record.rooflines["CPU"]
    assert limits.compute["f32"] > 0
    if convolution.ms:
        reachable = min(limits.compute["f32"] * 1e9, limits.memory * 1e9 * convolution.flops / convolution.bytes)
        assert convolution.of_limit == pytest.approx(convolution.flops / convolution.ms * 1000 / reachable)


@pytest.mark.slow
def test_operations_are_counted_as_pytorch_counts_them(segmentation_ir: Path, tmp_path: Path) -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        shallow_u2net()(torch.zeros(1, 3, 128, 128))
    path = segmentation_ir / "model.xml"
    chosen = one(path, variant=read_variant(path), height=128, width=128)
    counted = sum(layer.flops for layer in inspect(chosen, tmp_path, 1).layers if layer.type == "Convolution")
    assert counted == pytest.approx(counter.get_total_flops(), rel=1e-3)


def test_a_worker_that_dies_is_told(tiny: Path) -> None:
    with WorkerProcess(one(tiny)) as worker:
        worker.call(Worker.open, 0)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(CandidateError, match="ended with -9"):
            worker.call(Worker.memory)


@pytest.mark.slow
def test_a_size_that_a_network_does_not_take_stops_nobody_else(tiny: Path, tmp_path: Path) -> None:
    source = ops.parameter([1, 3, 32, 32], np.float32, name="input")
    flat = ops.reshape(source, ops.constant(np.array([1, 3072])), special_zero=False)
    again = ops.reshape(flat, ops.constant(np.array([1, 3, 32, 32])), special_zero=False)
    fixed = save(again, source, tmp_path / "f.xml")
    found = measured(tiny, fixed, size=((32, 32), (48, 48)), rounds=1)
    assert [(key.split()[0], each.asked["size"], each.status) for key, each in found.candidates.items()] == [
        ("model", "32x32", "measured"),
        ("model", "48x48", "measured"),
        ("f", "32x32", "measured"),
        ("f", "48x48", "failed"),
    ]
    (reason,) = [result.reason for result in found.candidates.values() if result.status == "failed"]
    assert reason is not None
    assert "does not take an input of (1, 3, 48, 48)" in reason or "refused the model" in reason
    assert benchmark_exit_code(found) == 5


@pytest.mark.slow
def test_the_whole_way_accuracy_and_every_runtime(
    u2netp_ir: Path, segmentation_weights: Path, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "photo.jpg").write_bytes(photo.read_bytes())
    artifacts = (str(u2netp_ir), f"onnxruntime:{u2netp_ir / 'model.onnx'}")
    result = benchmark(
        (*artifacts, f"torch:u2netp@{segmentation_weights}"),
        size=((64, 64),),
        rounds=2,
        iterations=2,
        warm_up=0,
        threads=1,
        end_to_end=tmp_path / "images",
        data="synthetic:count=2,size=96x96",
    )
    assert result.exit_code == 0
    assert result.verdicts == ()
    found = result.record
    assert len(result.to_frame()) == len(found.measurements)
    assert found.settings["size"] == [[64, 64]]
    runtimes = [result.execution.runtime for result in found.candidates.values() if result.execution]
    assert runtimes == ["openvino", "onnxruntime", "torch"]
    scores: list[float] = []
    for key, result in found.candidates.items():
        assert result.status == "measured"
        parts = sum(
            values(found, key, stage)["latency_mean"] or 0 for stage in ("decode", "pre", "infer", "post", "encode")
        )
        assert parts == pytest.approx(values(found, key, "total")["latency_mean"])
        assert values(found, key, "infer")["latency_mean"] or 0 > 0
        scores.append(cast("float", values(found, key)["iou"]))
        assert result.pareto in {True, False}
    # The same weights give the same masks, whatever executes them.
    assert scores == pytest.approx([scores[0]] * 3, abs=1e-3)
    assert any(result.pareto for result in found.candidates.values())


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["offline", "server:200"])
def test_other_scenarios_answer_every_query(scenario: str, tiny: Path) -> None:
    found = measured(tiny, scenario=parse_scenario(scenario), hint=("throughput",), streams=(2,), threads=2)
    ((key, result),) = found.candidates.items()
    assert result.execution is not None
    assert result.execution.streams == result.execution.requests == 2
    assert values(found, key)["queries"] == 6


def test_runtimes_find_their_files_and_say_what_is_missing(segmentation_ir: Path) -> None:
    sources = find_variants([str(segmentation_ir)], ["openvino", "onnxruntime", "torch"])
    assert [(source.runtime, source.variant.path.name, source.variant.precision) for source in sources][:2] == [
        ("openvino", "model.xml", "fp32"),
        ("onnxruntime", "model.onnx", "fp32"),
    ]
    assert "torch:u2netp@CHECKPOINT" in (sources[2].missing or "")


def test_a_missing_device_is_an_error_where_it_is_required(tiny: Path) -> None:
    with pytest.raises(DeviceError, match=r"GPU\.9: OpenVINO finds no such device"):
        plan([tiny], few(device=("GPU.9",), require_device=True))


def test_a_baseline_that_is_no_candidate_is_refused_with_those_that_are(tiny: Path) -> None:
    with pytest.raises(InputError, match="there are: model fp32 openvino:CPU f32 latency b1 32x32"):
        measured(tiny, baseline="torch")


def test_an_artifact_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        find_variants(["nowhere/model.xml"], ["openvino"])


def run(arguments: Sequence[object]) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.output


@pytest.mark.slow
def test_the_first_word_may_be_left_out(tiny: Path, tmp_path: Path) -> None:
    common = (tiny, "--size", 16, "--iterations", 1, "--warm-up", 0, "--threads", 1, "--record", tmp_path / "r.json")
    code, text = run(["bench", "--quiet", *common])
    assert code == 0, text
    assert "model fp32 openvino:CPU f32 latency b1 16x16" in text
    assert "1 rounds, 1 iterations" in text
    assert read_record(tmp_path / "r.json").kind == "bench"
    assert run(["bench", "--size", "none", tiny])[0] != 0
    for word in ("--help", "-h"):
        code, text = run(["bench", word])
        assert code == 0
        assert "--arithmetic" in text
        assert "bench compare" in text

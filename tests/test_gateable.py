"""Every figure that a command writes can be held by a gate: alone, and against an earlier record of the same thing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
import records as built
from mattekit.bench import Gate, benchmark, compare_benchmarks, evaluate, judge
from mattekit.bench.latency.machine_limits import Peak, Roofline
from mattekit.core import BenchRecord, ExportRecord, Measurement, QuantizeRecord, Record, RunRecord, Unit, read_record
from mattekit.datasets import open_dataset, synthetic, write_synthetic
from mattekit.infer import Pipeline, Remover, RunSettings, load, plan_batch, record_of, run_batch
from mattekit.metrics import METRICS

Make = Callable[[Path, Path], Record]

ONCE = frozenset(
    {
        *("throughput", "first_inference", "compile_time", "compile_time_cached", "loop_overhead", "idle_cpu"),
        *("before", "after"),
    }
)
"""Times and rates of a benchmark that are measured once: `min` and `max` hold them; that one is slower than a baseline
only a test of many would show."""


def _data(folder: Path) -> Path:
    if not (folder / "set").is_dir():
        write_synthetic(synthetic(12, seed=2, height=48, width=64), folder / "set")
    return folder / "set"


def _run(ir: Path, folder: Path) -> RunRecord:
    (folder / "in").mkdir()
    for number in range(3):
        image = np.random.default_rng(number).integers(0, 256, (40, 50, 3), dtype=np.uint8)
        assert cv2.imwrite(str(folder / "in" / f"{number}.png"), image)
    batch = plan_batch([folder / "in"], folder / "out", RunSettings(jobs=1))
    pipeline = Pipeline(Remover(load(ir / "model.xml")))
    outcomes = list(run_batch(batch, pipeline))
    return record_of(outcomes, batch, pipeline)


def _video(ir: Path, folder: Path) -> Record:
    pytest.importorskip("av", reason="video needs the extra `video`")
    from clips import make_clip
    from mattekit.infer import VideoSettings, plan_video, process_video

    plan = plan_video(str(make_clip(folder / "clip.mp4")), folder / "out.webm", VideoSettings())
    return process_video(plan, Pipeline(Remover(load(ir / "model.xml")))).record


def _validate(ir: Path, folder: Path) -> Record:
    return evaluate(ir, _data(folder)).record


def _bench(_: Path, folder: Path) -> BenchRecord:
    """A benchmark of one convolution, with what the machine of a real one adds: an accuracy, and its limits."""
    pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")
    import openvino
    from mattekit.core import Contract, InputContract, OutputContract
    from openvino import opset13 as ops

    source = ops.parameter([1, 3, 32, 32], np.float32, name="input")
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    construct: Any = openvino.Model
    model = construct([ops.convolution(source, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])], [source])
    contract = Contract(task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=1))
    model.set_rt_info(contract.to_json(), ["mattekit", "contract"])
    openvino.save_model(model, folder / "fp32" / "model.xml", compress_to_fp16=False)
    path = folder / "fp32" / "model.xml"
    record = benchmark(path, size=((32, 32),), rounds=2, iterations=40, warm_up=1, threads=1).record
    limits = Roofline("CPU", {"f32": Peak("GFLOP/s", 90.0, ()), "i8": Peak("GOP/s", 300.0, ())}, Peak("GB/s", 9.0, ()))
    accuracy = record.measurements[0].model_copy(
        update={
            "metric": "iou",
            "value": 0.9,
            "unit": Unit(METRICS["iou"].unit),
            "higher_is_better": True,
            "data": built.data("set", sha256="aa", count=12),
            "stage": "",
            "scenario": "",
        }
    )
    # What else the machine does meanwhile is nobody's to promise.
    quiet = [f.model_copy(update={"value": 0.0}) if f.metric == "other_load" else f for f in record.measurements]
    calm = {key: result.model_copy(update={"disturbed": False}) for key, result in record.candidates.items()}
    figures = (*quiet, accuracy, *limits.measurements())
    return BenchRecord.model_validate({**dict(record), "measurements": figures, "candidates": calm})


def _compare(ir: Path, folder: Path) -> Record:
    record = _bench(ir, folder)
    return compare_benchmarks(record, record).record


def _export(ir: Path, _: Path) -> Record:
    return read_record(ir / "export.json", ExportRecord)


def _parity(ir: Path, folder: Path) -> Record:
    from mattekit.bench import check_stages
    from mattekit.bench.parity.opened_stages import ModelStage

    stages: list[ModelStage] = []
    for path in (ir / "model.onnx", ir / "model.xml"):
        model = load(path)
        stages.append(ModelStage(path.suffix, "exact", model.contract, model.runtime, model.variant))
    return check_stages(stages, open_dataset(str(_data(folder))).take(2))


def _verify(ir: Path, folder: Path) -> Record:
    from mattekit.package import PackageRequest, package
    from mattekit.package.deploy import verify

    return verify(package(PackageRequest(ir, folder / "package")))


def _verdict(ir: Path, folder: Path) -> BenchRecord:
    """The benchmark that a quantization's verdict is read from, as it lies beside the INT8 IR."""
    pytest.importorskip("nncf", reason="quantizing needs the extra `quantize`")
    pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")
    from mattekit.quantize import quantize_model
    from mattekit.quantize.quantization import BENCH_NAME

    done = quantize_model(ir, folder / "int8", data=_data(folder), limit=2, validation_limit=2, verdict=True, rounds=5)
    assert done.bench is not None
    found = read_record(done.path.with_name(BENCH_NAME), BenchRecord)
    assert found == done.bench
    measured = [figure for figure in found.of_metric("latency_p50") if figure.value is not None]
    assert [figure.precision for figure in measured] == ["fp32", "fp16", "int8"]
    assert {figure.precision for figure in found.of_metric("iou")} == {"fp32", "fp16", "int8"}
    quiet = [f.model_copy(update={"value": 0.0}) if f.metric == "other_load" else f for f in found.measurements]
    calm = {key: result.model_copy(update={"disturbed": False}) for key, result in found.candidates.items()}
    return BenchRecord.model_validate({**dict(found), "measurements": quiet, "candidates": calm})


def _quantize(_: Path, folder: Path) -> QuantizeRecord:
    from mattekit.quantize import QuantizeSettings
    from mattekit.quantize.layer_search import LayerSearch, SearchState
    from mattekit.quantize.ptq import FamilyRecipe
    from mattekit.quantize.quantization import record_search
    from mattekit.quantize.source_ir import Accuracy, SourceIr

    samples = open_dataset(str(_data(folder))).take(2)
    measured = built.measurement(
        "iou",
        None,
        METRICS["iou"].unit,
        higher_is_better=True,
        variants=(built.variant("u2netp"),),
        executions=(built.execution(),),
        data=built.data(samples.name, sha256=samples.content_hash, count=2),
    )
    variant = SimpleNamespace(ref=lambda: built.variant("u2netp"))
    search = LayerSearch(
        source=cast("SourceIr", SimpleNamespace(variant=variant)),
        used=samples,
        settings=QuantizeSettings(),
        recipe=FamilyRecipe(),
        accuracy=Accuracy(METRICS["iou"], samples, QuantizeSettings()),
        state=SearchState(key="", measured=measured, baseline=[0.9, 0.8], tried={"": [0.9, 0.7]}),
        work=folder,
    )
    return record_search(search, {"arithmetic": "f32"}, (), 1.5, built.variant("u2netp", "int8"))


KINDS: dict[str, Make] = {
    "run": _run,
    "video": _video,
    "validate": _validate,
    "bench": _bench,
    "compare": _compare,
    "export": _export,
    "parity": _parity,
    "verify": _verify,
    "verdict": _verdict,
    "quantize": _quantize,
}


def _gate(figure: Measurement, **limits: float) -> Gate:
    """A gate for a figure that says all that the grammar has words for."""
    labels = figure.labels
    said = {key: labels[key] for key in ("dataset", "stage", "statistic", "slice") if key in labels}
    literal = {key: value.replace("[", "[[]") for key, value in said.items()}
    return Gate.model_validate({"metric": figure.metric, "samples": 1, **literal, **limits})


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_of_every_record_can_be_held_by_a_gate(
    kind: str, segmentation_ir: Path, light_ir: Path, tmp_path: Path
) -> None:
    record = KINDS[kind](light_ir if kind in {"verify", "verdict"} else segmentation_ir, tmp_path)
    assert record.kind == {"verdict": "bench"}.get(kind, kind)
    figures = [figure for figure in record.measurements if figure.value is not None and not figure.role]
    assert figures
    for figure in figures:
        value = cast("float", figure.value)
        for limits, expected in (({"max": value}, "passed"), ({"min": value}, "passed")):
            verdicts = judge([_gate(figure, **limits)], [record])
            assert any(v.value == value and v.status == expected for v in verdicts), (figure, verdicts)
            # Nothing else of the record lacks it, but that what others are compared with has no ratio to itself.
            lacking = [v for v in verdicts if v.status == "not enough evidence"]
            assert not lacking or figure.baseline, (figure, lacking)
        own = [v for v in judge([_gate(figure, max_drop=0)], [record], [record]) if v.labels == figure.labels]
        assert own, figure
        assert {v.status for v in own} == {"passed"}, (figure, own)
        timed = figure.unit.is_time and (bool(figure.candidate) or record.series(figure) is not None)
        gate = _gate(figure, max_ratio=1.5) if figure.unit.is_time else _gate(figure, max_drop=0)
        own = [v for v in judge([gate], [record], [record]) if figure.labels.items() <= v.labels.items()]
        assert own, figure
        for verdict in own:
            assert "equally near" not in verdict.reason
            if not timed:
                assert verdict.status == "passed", (figure, verdict)
            elif figure.metric in ONCE:
                assert "was measured once" in verdict.reason or not figure.candidate
            else:
                # That a few times show no difference, only more of them would tell.
                assert verdict.status == "passed" or "measure longer" in verdict.reason, (figure, verdict)


@pytest.mark.slow
def test_a_stage_of_a_run_is_held_by_its_median(segmentation_ir: Path, tmp_path: Path) -> None:
    record = _run(segmentation_ir, tmp_path)
    slower = record.model_copy(
        update={
            "measurements": tuple(f.model_copy(update={"value": (f.value or 0) * 2}) for f in record.measurements),
            "seconds": {stage: tuple(2 * each for each in times) for stage, times in record.seconds.items()},
        }
    )
    gate = partial(Gate, metric="latency", stage="infer", statistic="p50", model="u2netp", arithmetic="f32")
    assert [v.status for v in judge([gate(max=1e6)], [record])] == ["passed"]
    assert [v.status for v in judge([gate(max=1e-6)], [record])] == ["failed"]
    assert [v.status for v in judge([gate(max_ratio=1.1)], [record], [record])] == ["passed"]
    assert [v.status for v in judge([gate(max_ratio=1.1)], [slower], [record])] == ["failed"]
    (verdict,) = judge([gate(max_ratio=1.1)], [record], [record])
    assert (verdict.labels["model"], verdict.labels["precision"], verdict.labels["device"]) == ("u2netp", "fp32", "CPU")

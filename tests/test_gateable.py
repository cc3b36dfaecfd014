"""Every figure that a command writes can be held by a gate: alone, and against an earlier record of the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from mattekit.bench.accuracy.runs import Request, run_validation
from mattekit.bench.gates.gate import Gate
from mattekit.bench.gates.judge import judge
from mattekit.bench.latency.grid import Request as BenchRequest
from mattekit.bench.latency.roofline import Peak, Roofline
from mattekit.bench.latency.session import measure
from mattekit.bench.latency.worth import Accuracies, weigh
from mattekit.core.record import Figure, Record
from mattekit.datasets.opening import open_dataset
from mattekit.datasets.synthetic import synthetic, write_synthetic
from mattekit.infer.batch import OutputSettings, plan_batch, run_batch, workers_for
from mattekit.infer.outcome import record_of
from mattekit.infer.pipeline import Pipeline
from mattekit.infer.remove import Remover
from mattekit.infer.runtimes.openvino import load

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


def _run(ir: Path, folder: Path) -> Record:
    (folder / "in").mkdir()
    for number in range(3):
        picture = np.random.default_rng(number).integers(0, 256, (40, 50, 3), dtype=np.uint8)
        assert cv2.imwrite(str(folder / "in" / f"{number}.png"), picture)
    batch = plan_batch([folder / "in"], folder / "out", OutputSettings())
    pipeline = Pipeline(Remover(load(ir / "model.xml")))
    outcomes = list(run_batch(batch, pipeline, jobs=1))
    return record_of(outcomes, pipeline, {"device": "CPU"}, workers_for(batch, pipeline, 1))


def _video(ir: Path, folder: Path) -> Record:
    pytest.importorskip("av", reason="video needs the extra `video`")
    from clips import make_clip
    from mattekit.infer.video.plan import plan_video
    from mattekit.infer.video.run import run_video

    plan = plan_video(str(make_clip(folder / "clip.mp4")), folder / "out.webm", removes=True)
    return run_video(plan, Pipeline(Remover(load(ir / "model.xml")))).record


def _validation(ir: Path, folder: Path) -> Record:
    (record,) = run_validation(Request((str(ir),), str(_data(folder)), worst=0), folder / "validation").records
    return record


def _bench(_: Path, folder: Path) -> Record:
    """A benchmark of one convolution, with what the machine of a real one adds: an accuracy, and its limits."""
    pytest.importorskip("scipy", reason="comparing times needs the extra `bench`")
    import openvino
    from mattekit.core.contract import Contract, InputContract, OutputContract
    from openvino import opset13 as ops

    source = ops.parameter([1, 3, 32, 32], np.float32, name="input")
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    construct: Any = openvino.Model
    model = construct([ops.convolution(source, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])], [source])
    contract = Contract(task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=1))
    model.set_rt_info(contract.to_json(), ["mattekit", "contract"])
    openvino.save_model(model, folder / "fp32" / "model.xml", compress_to_fp16=False)
    path = str(folder / "fp32" / "model.xml")
    record = measure(BenchRequest((path,), sizes=((32, 32),), rounds=2, iterations=40, warm_up=1, threads=1))
    labels = {**record.figures[0].labels, "dataset": "set", "dataset_hash": "aa", "samples": "12"}
    limits = Roofline("CPU", {"f32": Peak("GFLOP/s", 90.0, ()), "i8": Peak("GOP/s", 300.0, ())}, Peak("GB/s", 9.0, ()))
    # What else the machine does meanwhile is nobody's to promise.
    quiet = [f.model_copy(update={"value": 0.0}) if f.name == "other_load" else f for f in record.figures]
    figures = (*quiet, Figure(name="iou", value=0.9, higher_is_better=True, labels=labels), *limits.figures())
    return record.model_copy(update={"figures": figures})


def _comparison(ir: Path, folder: Path) -> Record:
    from mattekit.bench.latency.compare import compare_records

    record = _bench(ir, folder)
    return compare_records(record, record)


def _export(ir: Path, _: Path) -> Record:
    return Record.read(ir / "export.json")


def _parity(ir: Path, folder: Path) -> Record:
    from mattekit.bench.parity.ladder import climb
    from mattekit.bench.parity.rungs import Rung

    rungs: list[Rung] = []
    for path in (ir / "model.onnx", ir / "model.xml"):
        model = load(path)
        rungs.append(Rung(path.suffix, "exact", model.contract, model.runtime, path))
    return climb(rungs, open_dataset(str(_data(folder))).take(2)).record


def _verify(ir: Path, folder: Path) -> Record:
    from mattekit.package.deploy import PackageRequest, package, verify

    return verify(package(PackageRequest(ir, folder / "package")))


def _worth(ir: Path, _: Path) -> Record:
    path = ir / "model.xml"
    accuracies = Accuracies("iou", "", True, {"fp32": 0.9, "int8": 0.9}, 0.01, "set")
    return weigh({"fp32": path, "int8": path}, accuracies=accuracies, rounds=5).record


def _drop(before: Sequence[float], after: Sequence[float]) -> float:
    return float(np.mean(before) - np.mean(after))


def _quantization(_: Path, __: Path) -> Record:
    from mattekit.quantize.job import Job

    state = SimpleNamespace(baseline=[0.9, 0.8], tried={"": [0.9, 0.7]}, noise=[])
    accuracy = SimpleNamespace(
        metric="iou",
        higher_is_better=True,
        unit="",
        dataset="set",
        samples=SimpleNamespace(content_hash="aa"),
        ids=("a", "b"),
        drop=_drop,
    )
    source, settings = SimpleNamespace(provenance=SimpleNamespace(model="u2netp")), SimpleNamespace(device="CPU")
    parts = cast("Job", SimpleNamespace(source=source, settings=settings, state=state, accuracy=accuracy))
    return Job.record(parts, {"arithmetic": "f32"}, (), 1.5)


KINDS: dict[str, Make] = {
    "run": _run,
    "video": _video,
    "validation": _validation,
    "bench": _bench,
    "comparison": _comparison,
    "export": _export,
    "parity": _parity,
    "verify": _verify,
    "worth": _worth,
    "quantization": _quantization,
}


def _gate(figure: Figure, **limits: float) -> Gate:
    """A gate for a figure that says all that the grammar has words for."""
    labels = figure.labels
    said = {key: labels[key] for key in ("dataset", "stage", "statistic", "slice") if key in labels}
    literal = {key: value.replace("[", "[[]") for key, value in said.items()}
    return Gate.model_validate({"metric": figure.name, "samples": 1, **literal, **limits})


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_of_every_record_can_be_held_by_a_gate(
    kind: str, segmentation_ir: Path, light_ir: Path, tmp_path: Path
) -> None:
    record = KINDS[kind](light_ir if kind == "verify" else segmentation_ir, tmp_path)
    assert record.kind == kind
    figures = [f for f in record.figures if f.value is not None and f.labels.get("of") != "source"]
    assert figures
    for figure in figures:
        value = cast("float", figure.value)
        for limits, expected in (({"max": value}, "passed"), ({"min": value}, "passed")):
            verdicts = judge([_gate(figure, **limits)], [record])
            assert any(v.value == value and v.status == expected for v in verdicts), (figure, verdicts)
        timed = figure.is_time and "candidate" in figure.labels
        gate = _gate(figure, max_ratio=1.5) if figure.is_time else _gate(figure, max_drop=0)
        own = [v for v in judge([gate], [record], [record]) if figure.labels.items() <= v.labels.items()]
        assert own, figure
        for verdict in own:
            assert "equally near" not in verdict.reason
            if not timed:
                assert verdict.status == "passed", (figure, verdict)
            elif figure.name in ONCE:
                assert "was measured once" in verdict.reason
            else:
                # That a few times show no difference, only more of them would tell.
                assert verdict.status == "passed" or "measure longer" in verdict.reason, (figure, verdict)


@pytest.mark.slow
def test_a_stage_of_a_run_is_held_by_its_median(segmentation_ir: Path, tmp_path: Path) -> None:
    record = _run(segmentation_ir, tmp_path)
    slower = record.model_copy(
        update={"figures": tuple(f.model_copy(update={"value": (f.value or 0) * 2}) for f in record.figures)}
    )
    gate = partial(Gate, metric="latency", stage="infer", statistic="p50", model="u2netp", arithmetic="f32")
    assert [v.status for v in judge([gate(max=1e6)], [record])] == ["passed"]
    assert [v.status for v in judge([gate(max=1e-6)], [record])] == ["failed"]
    assert [v.status for v in judge([gate(max_ratio=1.1)], [record], [record])] == ["passed"]
    assert [v.status for v in judge([gate(max_ratio=1.1)], [slower], [record])] == ["failed"]
    (verdict,) = judge([gate(max_ratio=1.1)], [record], [record])
    assert (verdict.labels["model"], verdict.labels["precision"], verdict.labels["device"]) == ("u2netp", "fp32", "CPU")

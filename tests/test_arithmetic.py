"""What a model computes in: f32 unless another arithmetic is asked for, read back from what is executed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import openvino
import pytest
import typer
from called import commands_of
from mattekit.bench import EvaluationSettings, benchmark, benchmark_exit_code, open_stages
from mattekit.bench.accuracy.predictors import open_predictors
from mattekit.cli import app
from mattekit.core import (
    ArithmeticUnavailableError,
    Contract,
    InputContract,
    InputError,
    OutputContract,
    parse_arithmetic,
    read_record,
)
from mattekit.images import read_image
from mattekit.infer import OpenVinoRuntime, RuntimeSettings, require_capability
from mattekit.models import open_pipeline
from openvino import opset13 as ops
from typer.testing import CliRunner

Lower = Literal["bf16", "f16"]
CONTRACT = Contract(task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=1))
TENSOR = np.random.default_rng(1).random((1, 3, 16, 24), dtype=np.float32)


def network(*, quantized: bool = False) -> openvino.Model:
    """A convolution 3x3 from 3 to 3 channels and a sigmoid, for any size; its input may be quantized in front."""
    source = ops.parameter([-1, 3, -1, -1], np.float32, name="input")
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    values: Any = source
    kernel: Any = ops.constant(weights)
    if quantized:
        zero, one = ops.constant(np.float32(0)), ops.constant(np.float32(1))
        values = ops.fake_quantize(source, zero, one, zero, one, 256)
        ends = [ops.constant(np.float32(value)) for value in (-3, 3, -3, 3)]
        kernel = ops.fake_quantize(kernel, *ends, 255)
    result = ops.sigmoid(ops.convolution(values, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
    construct: Any = openvino.Model
    model = construct([result], [source])
    model.set_rt_info(CONTRACT.to_json(), ["mattekit", "contract"])
    return model


def lower_or_skip(arithmetic: Lower) -> None:
    try:
        OpenVinoRuntime(network(), RuntimeSettings(arithmetic=arithmetic))
    except ArithmeticUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def ir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny") / "fp32" / "model.xml"
    path.parent.mkdir()
    openvino.save_model(network(), path, compress_to_fp16=False)
    return path


@pytest.mark.parametrize("device", ["CPU", "AUTO", "AUTO:CPU", "HETERO:CPU", "MULTI:CPU"])
@pytest.mark.parametrize("quantized", [False, True], ids=["float", "int8"])
def test_a_model_computes_in_f32_unless_told_on_every_kind_of_device(device: str, quantized: bool) -> None:
    runtime = OpenVinoRuntime(network(quantized=quantized), RuntimeSettings(device))
    assert runtime.info.arithmetic == "f32"
    assert runtime.run(TENSOR).dtype == np.float32


def test_f32_is_what_numpy_computes() -> None:
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    padded = np.pad(TENSOR[0].astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    expected = 1 / (1 + np.exp(-np.einsum("chwij,ocij->ohw", windows, weights)))
    np.testing.assert_allclose(OpenVinoRuntime(network()).run(TENSOR)[0], expected, atol=1e-5)


@pytest.mark.parametrize("arithmetic", ["bf16", "f16"])
def test_what_is_asked_for_is_computed_or_refused_with_what_to_ask_for(arithmetic: Lower) -> None:
    refused = ""
    try:
        runtime = OpenVinoRuntime(network(), RuntimeSettings(arithmetic=arithmetic))
    except ArithmeticUnavailableError as error:
        refused = str(error)
        runtime = OpenVinoRuntime(network())
    if refused:
        assert f"{arithmetic} was asked for, but the device computes in " in refused
        assert "ask for --arithmetic " in refused
        return
    assert runtime.info.arithmetic == arithmetic
    moved = np.abs(runtime.run(TENSOR) - OpenVinoRuntime(network()).run(TENSOR)).max()
    assert 0 < moved < 0.05


def test_the_devices_own_choice_is_told_by_its_name() -> None:
    assert OpenVinoRuntime(network(), RuntimeSettings(arithmetic="device")).info.arithmetic in {"f32", "bf16", "f16"}


@pytest.mark.parametrize(
    ("asked", "offered", "advice"),
    [
        ("f32", ["FP16", "INT8"], "ask for --arithmetic f16 or device"),
        ("bf16", ["FP32", "FP16"], "ask for --arithmetic f32 or f16 or device"),
    ],
)
def test_a_device_that_does_not_offer_an_arithmetic_names_what_it_does(
    asked: Any, offered: list[str], advice: str
) -> None:
    class Core:
        def get_property(self, device: str, name: str) -> list[str]:
            assert (device, name) == ("NPU", "OPTIMIZATION_CAPABILITIES")
            return offered

    with pytest.raises(ArithmeticUnavailableError, match=f"NPU: the device does not compute in {asked}; {advice}"):
        require_capability(cast("openvino.Core", Core()), "NPU", asked)


def test_a_word_that_is_no_arithmetic_is_refused_with_those_that_are() -> None:
    assert parse_arithmetic(" BF16 ") == "bf16"
    with pytest.raises(InputError, match="'fp32' is no arithmetic; give f32, bf16, f16, device"):
        parse_arithmetic("fp32")


def test_every_command_that_runs_a_model_on_a_device_lets_its_arithmetic_be_chosen() -> None:
    found: dict[str, Any] = {}
    for name, command in commands_of(typer.main.get_command(app)):
        options = {option.name: option for option in command.params}
        if "device" in options:
            found[name.removeprefix("mattekit ")] = (
                options["arithmetic"].default if "arithmetic" in options else "missing"
            )
    # Unless told, a plan tries all that the device has, and a package computes in what it was made for.
    assert {name for name, default in found.items() if default is None} == {"plan", "verify"}
    assert set(found.values()) == {"f32", None}, found
    assert {"run", "remove", "upscale", "video", "validate", "quantize", "parity", "bench run"} <= set(found)


def test_a_subject_and_a_pipeline_say_what_they_compute_in(ir: Path) -> None:
    lower_or_skip("bf16")
    assert open_predictors(str(ir))[0].execution.arithmetic == "f32"
    assert open_predictors(str(ir), EvaluationSettings(arithmetic="bf16"))[0].execution.arithmetic == "bf16"
    pipeline = open_pipeline(model=None, sr=ir, arithmetic="bf16")
    (runtime,) = cast("list[dict[str, Any]]", pipeline.describe()["runtimes"])
    assert runtime["arithmetic"] == "bf16"


@pytest.mark.slow
def test_a_benchmark_has_a_row_for_each_arithmetic_and_says_which_are_not_there(ir: Path) -> None:
    record = benchmark(
        ir, arithmetic=("f32", "bf16", "f16"), size=((16, 24),), rounds=2, iterations=2, warm_up=0, threads=1
    ).record
    rows = {result.asked["arithmetic"]: result for result in record.candidates.values()}
    assert set(rows) == {"f32", "bf16", "f16"}
    assert rows["f32"].status == "measured"
    for arithmetic, result in rows.items():
        if result.status == "measured":
            assert result.execution is not None
            assert result.execution.arithmetic == arithmetic
        else:
            assert result.status == "not on this device"
            assert f"{arithmetic} was asked for, but" in (result.reason or "")
    assert {figure.arithmetic for figure in record.of_metric("latency_p50")} == {"f32", "bf16", "f16"}
    assert benchmark_exit_code(record) == 0


@pytest.mark.slow
def test_other_runtimes_compute_in_f32_alone(super_resolution_ir: Path) -> None:
    record = benchmark(
        f"onnxruntime:{super_resolution_ir / 'model.onnx'}",
        arithmetic=("f32", "bf16"),
        size=((16, 16),),
        rounds=1,
        iterations=1,
        warm_up=0,
        threads=1,
    ).record
    found = record.candidates.values()
    assert {result.asked["arithmetic"]: (result.status, result.reason) for result in found} == {
        "f32": ("measured", None),
        "bf16": ("not on this device", "mattekit runs onnxruntime in f32 only"),
    }


def test_another_arithmetic_is_a_stage_of_its_own_behind_each_ir(ir: Path, tmp_path: Path) -> None:
    lower_or_skip("bf16")
    other = tmp_path / "fp16" / "model.xml"
    other.parent.mkdir()
    openvino.save_model(network(), other, compress_to_fp16=True)
    pair = [str(ir), str(other)]
    assert [stage.label for stage in open_stages(pair)] == ["ir fp32", "ir fp16"]
    stages = open_stages(pair, arithmetic="bf16")
    assert [(stage.label, stage.kind) for stage in stages] == [
        ("ir fp32", "exact"),
        ("ir fp32 in bf16", "arithmetic"),
        ("ir fp16", "half"),
        ("ir fp16 in bf16", "arithmetic"),
    ]
    assert [stage.runtime.info.arithmetic for stage in stages] == ["f32", "bf16"] * 2


def test_the_record_of_a_run_and_of_a_validation_names_the_arithmetic(ir: Path, photo: Path, tmp_path: Path) -> None:
    lower_or_skip("bf16")
    record = tmp_path / "run.json"
    done = CliRunner().invoke(
        app,
        ["upscale", str(photo), "--sr", str(ir), "--arithmetic", "bf16", "-o", str(tmp_path), "--record", str(record)],
    )
    assert done.exit_code == 0, done.output
    run = read_record(record)
    runtimes = cast("list[dict[str, Any]]", run.settings["runtimes"])
    assert [runtime["arithmetic"] for runtime in runtimes] == ["bf16"]
    assert {figure.arithmetic for figure in run.measurements} == {"bf16"}
    data = tmp_path / "hr"
    data.mkdir()
    (data / "a.png").write_bytes((tmp_path / "photo.png").read_bytes())
    for arithmetic in ("f32", "bf16"):
        arguments = ["validate", str(ir), "--data", f"hr={data}", "--arithmetic", arithmetic, "-o", str(tmp_path / "v")]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    records = [read_record(path) for path in sorted((tmp_path / "v").glob("*.json"))]
    assert [{figure.arithmetic for figure in each.measurements} for each in records] == [{"bf16"}, {"f32"}]


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", ["f32", "bf16", "device"])
def test_a_processor_of_the_first_avx2_generation_works_or_says_what_to_ask_for(
    ir: Path, photo: Path, tmp_path: Path, arithmetic: str
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "mattekit", "upscale", str(photo), "--sr", str(ir)),
            *("--arithmetic", arithmetic, "-o", str(tmp_path)),
        ],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=False,
    )
    if arithmetic == "f32":
        assert done.returncode == 0, done.stderr
        assert read_image(tmp_path / "photo.png").rgb.shape == read_image(photo).rgb.shape
    elif done.returncode:
        assert done.returncode == 1
        assert "--arithmetic f32" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list(tmp_path.glob("*.png"))


def test_a_run_that_is_resumed_in_another_arithmetic_starts_again(ir: Path, photo: Path, tmp_path: Path) -> None:
    lower_or_skip("bf16")
    arguments = ["upscale", str(photo), "--sr", str(ir), "-o", str(tmp_path), "--resume"]
    for arithmetic, skipped in (("f32", False), ("f32", True), ("bf16", False)):
        record = tmp_path / f"{arithmetic}-{skipped}.json"
        done = CliRunner().invoke(app, [*arguments, "--arithmetic", arithmetic, "--record", str(record)])
        assert done.exit_code == 0, done.output
        totals = {figure["metric"]: figure["value"] for figure in json.loads(record.read_text())["measurements"]}
        assert totals["skipped"] == (1 if skipped else 0), arithmetic

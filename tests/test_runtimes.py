"""Runtimes: opened by name, alike in what they tell and do; how a model was executed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mattekit.core import ArithmeticUnavailableError, ContractError, DeviceError, Execution, InputError, ModelError
from mattekit.infer import Runtime, RuntimeSettings, SerialRuntime, Tensor, load
from mattekit.models import RUNTIMES, open_runtime
from mattekit.models.loading import open_model

SHAPE = (1, 3, 24, 40)
TENSOR = np.random.default_rng(0).random(SHAPE, dtype=np.float32)


@pytest.fixture(scope="module", params=list(RUNTIMES))
def runtime(request: pytest.FixtureRequest, realesr_ir: Path, super_resolution_weights: Path) -> Runtime:
    """One network on every runtime that there is."""
    name = str(request.param)
    stage = RUNTIMES[name].stage
    settings = RuntimeSettings(threads=1, shape=SHAPE, model="realesr-animevideov3")
    files = {"ir": realesr_ir / "model.xml", "onnx": realesr_ir / "model.onnx"}
    return open_runtime(name, files.get(stage, super_resolution_weights), settings)


def test_every_runtime_answers_what_openvino_does(runtime: Runtime, realesr_ir: Path) -> None:
    expected = load(realesr_ir / "model.xml").runtime.run(TENSOR)
    np.testing.assert_allclose(runtime.run(TENSOR), expected, atol=1e-4)
    (only,) = runtime.run_all(TENSOR)
    np.testing.assert_allclose(only, expected, atol=1e-4)


def test_every_runtime_says_how_it_executes_and_what_that_took(runtime: Runtime) -> None:
    info = runtime.info
    assert info.runtime in RUNTIMES
    assert (info.devices, info.arithmetic, info.threads, info.streams, info.requests) == (("CPU",), "f32", 1, 1, 1)
    assert info.plugin
    assert runtime.compile_ms > 0
    before = runtime.spent
    runtime.run(TENSOR)
    assert runtime.spent.working > before.working


def test_queries_on_a_bound_input_are_answered_one_by_one_and_in_a_queue(runtime: Runtime) -> None:
    bound = runtime.bind(TENSOR)
    bound.infer()
    answered: list[float] = []
    queue = bound.queue(answered.append)
    for number in range(5):
        queue.submit(float(number))
    queue.drain()
    assert sorted(answered) == [0, 1, 2, 3, 4]


def test_a_name_that_is_no_runtime_is_refused_with_those_that_are(realesr_ir: Path) -> None:
    with pytest.raises(InputError, match="'tensorrt' is no runtime; give openvino, onnxruntime, torch"):
        open_runtime("tensorrt", realesr_ir / "model.xml")


def test_a_runtime_refuses_what_it_does_not_offer(realesr_ir: Path) -> None:
    file = realesr_ir / "model.onnx"
    with pytest.raises(DeviceError, match="GPU: mattekit runs onnxruntime on the CPU only"):
        open_runtime("onnxruntime", file, RuntimeSettings("GPU"))
    with pytest.raises(ArithmeticUnavailableError, match="mattekit runs onnxruntime in f32 only"):
        open_runtime("onnxruntime", file, RuntimeSettings(arithmetic="bf16"))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An ONNX file of a fixed size that carries no contract."""
    onnx = pytest.importorskip("onnx", reason="ONNX comes with the extra `export`")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "bare",
        [value("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("y", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), tmp_path / "bare.onnx")
    return tmp_path / "bare.onnx"


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_an_input_of_a_size_that_the_network_does_not_take_is_refused(bare: Path, name: str) -> None:
    runtime = open_runtime(name, bare)
    assert (runtime.info.batch, runtime.info.size) == (1, (8, 8))
    with pytest.raises(ModelError, match=r"does not take an input of \(1, 3, 31, 17\)"):
        runtime.bind(np.zeros((1, 3, 31, 17), np.float32)).infer()


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_model_without_a_contract_is_refused_on_every_runtime(bare: Path, name: str) -> None:
    with pytest.raises(ContractError, match="nothing says what surrounds this network"):
        open_model(f"{name}:{bare}")


@pytest.mark.parametrize("device", ["CPU", "AUTO"])
def test_openvino_executes_with_the_settings_that_it_was_given(realesr_ir: Path, device: str) -> None:
    settings = RuntimeSettings(device, hint="throughput", streams=1, threads=1, shape=(2, 3, 16, 24))
    info = open_runtime("openvino", realesr_ir / "model.xml", settings).info
    assert (info.name, info.device, info.hint) == (device, device, "throughput")
    assert (info.batch, info.size, info.streams, info.threads) == (2, (16, 24), 1, 1)
    assert [name.strip("()") for name in info.devices] == ["CPU"]
    free = load(realesr_ir / "model.xml").runtime.info
    assert (free.batch, free.size) == (1, None)


def test_an_execution_names_the_instruction_set_that_it_was_limited_to(
    light_ir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    runtime = load(light_ir / "model.xml").runtime
    assert runtime.info.instruction_set == ""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert runtime.info.instruction_set == "AVX2"
    assert Execution.model_validate_json(runtime.info.model_dump_json()) == runtime.info


def test_a_serial_runtime_executes_one_query_at_a_time_and_counts_the_waiting_apart() -> None:
    inside, most = [0], [0]

    def execute(tensor: Tensor) -> list[Any]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.02)
        inside[0] -= 1
        return [tensor.astype(np.float64)]

    runtime: Runtime = SerialRuntime(Execution(runtime="slow"), execute)
    waited: list[float] = []

    def call() -> None:
        assert runtime.run(TENSOR).dtype == np.float32
        assert runtime.spent.working >= 0.02
        waited.append(runtime.spent.waiting)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert len(waited) == 4
    assert max(waited) > 0.02
    assert runtime.spent == (0, 0), "what other threads' calls took is not this thread's"

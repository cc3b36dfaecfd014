"""Parity, the verdict and the command line around quantization, on the shared fixtures' models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from conftest import MakeOnce
from mattekit.bench import (
    check_parity,
    check_stages,
    int8_verdicts,
    median_interval,
    noisiest_layers,
    open_stages,
    write_scope,
)
from mattekit.commands.parity import register as register_parity
from mattekit.commands.quantize import register as register_quantize
from mattekit.convert import QUANTIZED, Tolerance
from mattekit.core import (
    MODEL,
    BenchRecord,
    Contract,
    InputContract,
    InputError,
    Measurement,
    ModelError,
    OutputContract,
    ParityRecord,
    Provenance,
    Series,
    check_replaceable,
    read_record,
)
from mattekit.core.folders import LIST_NAME
from mattekit.datasets import open_dataset, read_rgb
from mattekit.infer import load, matte_from, tensor_from
from mattekit.metrics import METRICS, iou
from mattekit.quantize import quantize_model, read_scope
from mattekit.quantize.quantize_settings import MaxDrop
from records import bench_record, data, execution, measurement, variant
from typer.testing import CliRunner, Result

for package in ("torch", "nncf"):
    pytest.importorskip(package, reason="quantizing needs the extras `export` and `quantize`")

# What NNCF imports warns about its own parts; nothing of it comes from mattekit's code.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

Call = Callable[..., Result]


@pytest.fixture
def call() -> Call:
    """Call `quantize` and `parity` as the command line does."""
    app = typer.Typer()
    register_parity(app)
    register_quantize(app)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="module")
def model_folder(super_resolution_ir: Path) -> Path:
    return super_resolution_ir.parent


@pytest.fixture(scope="module")
def photos(photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six parts of the photo, each 64x64, in the folder `hr`."""
    from mattekit.datasets import write_png

    folder = tmp_path_factory.mktemp("photos") / "hr"
    folder.mkdir()
    image = read_rgb(photo)
    for number in range(6):
        top, left = number // 3 * 50, number % 3 * 40
        write_png(folder / f"{number}.png", np.ascontiguousarray(image[top : top + 64, left : left + 64]))
    return folder


@pytest.fixture(scope="module")
def small_ir(own_provenance: Provenance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a network of two convolutions, x2, that any machine runs in no time."""
    import torch
    from mattekit.convert.ir import ir_from_torch, save_ir

    contract = Contract(
        task="super_resolution", input=InputContract(), output=OutputContract(kind="image", scale=2, value_max=1.0)
    )
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(1)
        layers = (torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(16, 12, 3, padding=1))
        module = torch.nn.Sequential(*layers, torch.nn.PixelShuffle(2)).eval()
    folder = tmp_path_factory.mktemp("small") / "fp32"
    folder.mkdir()
    model = ir_from_torch(module, contract=contract)
    path = folder / "model.xml"
    save_ir(model, path, contract=contract, provenance=own_provenance, shape=(1, -1, -1), fp16=False)
    return folder


@pytest.fixture(scope="module")
def small_int8(small_ir: Path, photos: Path, make_once: MakeOnce) -> Path:
    return in_int8("compress-small-int8", small_ir, photos, make_once)


def in_int8(name: str, ir: Path, photos: Path, make_once: MakeOnce) -> Path:
    """Quantize an IR with few samples, once for all processes, and return the INT8 IR."""
    made = make_once(name, lambda folder: quantize_model(ir, folder, data=f"hr={photos}", limit=3, patch=16))
    (path,) = made.glob("*/int8/model.xml")
    return path


@pytest.fixture(scope="module")
def quantized(super_resolution_ir: Path, photos: Path, make_once: MakeOnce) -> Path:
    """The INT8 IR of the shared super-resolution model."""
    return in_int8("compress-realesr-int8", super_resolution_ir, photos, make_once)


@pytest.mark.slow
def test_quantize_measures_what_it_kept_back_and_gives_a_verdict(
    small_ir: Path, photos: Path, tmp_path: Path, call: Call
) -> None:
    done = call(
        "quantize", small_ir, "-o", tmp_path, "--data", f"hr={photos}", "--limit", 3, "--patch", 16,
        "--verdict", "--rounds", 5, "--max-drop", "psnr_y=50",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "INT8 is " in done.output
    assert "MB of memory" in done.output
    folder = tmp_path / "small" / "int8"
    names = {path.name for path in folder.iterdir()}
    assert names == {LIST_NAME, "model.xml", "model.bin", "quantize.json", "bench.json"}
    # What was written last is in the list, too: the next call may replace the folder.
    check_replaceable(folder)
    bench = read_record(folder / "bench.json", BenchRecord)
    measured = {figure.precision: figure for figure in bench.of_metric("latency_p50") if figure.stage == MODEL}
    assert set(measured) == {"fp32", "fp16", "int8"}
    for figure in measured.values():
        series = bench.candidates[figure.candidate].times[MODEL]
        assert sorted(set(series.rounds)) == [0, 1, 2, 3, 4]
    sizes = {figure.precision: figure.value for figure in bench.of_metric("size")}
    assert set(sizes) == set(measured)
    assert (sizes["fp16"] or 0) < (sizes["fp32"] or 0)
    # Less than FP16 has of them; the graph of so small a network is larger than its weights.
    assert (folder / "model.bin").stat().st_size < 0.5 * (small_ir / "model.bin").stat().st_size
    assert {figure.precision for figure in bench.of_metric("psnr_y")} == set(measured)
    assert {figure.candidate for figure in bench.of_metric("psnr_y")} == set(bench.candidates)
    (verdict,) = int8_verdicts(bench, allowed={"psnr_y": 50})
    assert verdict.sentence in done.output


def test_without_data_a_loud_line_says_what_is_calibrated_on(small_ir: Path, tmp_path: Path, call: Call) -> None:
    done = call("quantize", small_ir, "-o", tmp_path)
    assert "WARNING: without --data" in done.output
    # There is no synthetic set for super-resolution.
    assert isinstance(done.exception, InputError)
    assert not list(tmp_path.iterdir())


def test_a_metric_of_another_task_is_told_before_anything_runs(
    small_ir: Path, photos: Path, tmp_path: Path, call: Call
) -> None:
    done = call("quantize", small_ir, "-o", tmp_path, "--data", photos, "--max-drop", "iou=0.1")
    assert isinstance(done.exception, InputError)
    assert not list(tmp_path.iterdir())


def test_parity_is_checked_from_torch_to_int8(
    shallow_zoo: Path, model_folder: Path, quantized: Path, photos: Path, tmp_path: Path, call: Call
) -> None:
    record, scope = tmp_path / "parity.json", tmp_path / "scope.txt"
    done = call(
        "parity", f"torch:realesr-animevideov3@{shallow_zoo}", model_folder, quantized.parent,
        "--data", f"hr={photos}", "--limit", 2, "--layers", scope, "--record", record,
    )  # fmt: skip
    written = read_record(record, ParityRecord)
    stages = ["torch", "onnx", "ir fp32", "ir int8"]
    steps = {step.after: step for step in written.steps if " in " not in step.after}
    assert list(steps) == stages
    arrows = {stage: steps[stage].name for stage in stages}
    by_step = {(f.step, f.metric, f.against): f.value for f in written.measurements}
    snr = {stage: by_step.get((arrow, "snr", "the stage before")) or 0 for stage, arrow in arrows.items()}
    assert snr["onnx"] > 80 > snr["ir int8"] > 0
    truth = {stage: by_step[arrow, "psnr_y", "truth"] for stage, arrow in arrows.items()}
    assert truth["torch"] == pytest.approx(truth["ir fp32"], abs=0.01)
    assert len(steps["ir int8"].values["psnr"]) == 2
    assert read_scope(scope)
    broken = written.first_broken
    assert done.exit_code == (3 if broken else 0)
    assert (broken.after if broken else "every stage is within its limit") in done.output


def test_parity_names_the_first_stage_beyond_its_limit(model_folder: Path, quantized: Path, photos: Path) -> None:
    stages = open_stages([str(model_folder), str(quantized)])
    dataset = open_dataset(f"hr={photos}", scale=4).take(1)
    never, always = Tolerance(0, 0, 1, 1000), Tolerance(10, 10, 0, 0)
    strict = check_stages(stages, dataset, tolerances={"quantized": never, "exact": always})
    assert strict.first_broken is not None
    assert strict.first_broken.after == "ir int8"
    assert "psnr is" in strict.first_broken.broken
    both = check_stages(stages, dataset, tolerances={"quantized": never, "exact": never})
    assert both.first_broken is not None
    assert both.first_broken.after == "ir fp32"
    assert check_stages(stages, dataset, tolerances={"quantized": always, "exact": always}).first_broken is None
    assert QUANTIZED.psnr > 0


def test_parity_is_a_function_with_the_commands_options(
    small_ir: Path, small_int8: Path, photos: Path, tmp_path: Path
) -> None:
    steps = list[str]()
    result = check_parity(
        [small_ir, small_int8],
        data=f"hr={photos}",
        limit=1,
        layers=tmp_path / "scope.txt",
        progress=lambda what, _done, _whole: steps.append(what),
    )
    assert steps == [step.after for step in result.record.steps] == ["ir fp32", "ir int8"]
    assert read_scope(tmp_path / "scope.txt") == tuple(layer.name for layer in result.layers)
    assert {"snr", "psnr_y"} <= set(result.to_frame()["metric"])
    assert result.record.settings["limit"] == 1
    assert "layers" not in result.record.settings


def test_the_layers_that_lose_most_can_be_ignored(
    small_ir: Path, small_int8: Path, photos: Path, tmp_path: Path
) -> None:
    import openvino
    from mattekit.convert import quantized_layers

    dataset = open_dataset(f"hr={photos}", scale=2)
    stages = open_stages([str(small_ir), str(small_int8)])
    found = noisiest_layers(stages, dataset.take(1), limit=1000)
    assert [layer.snr for layer in found] == sorted(layer.snr for layer in found)
    write_scope(found[:1], tmp_path / "scope.txt")
    ignored = read_scope(tmp_path / "scope.txt")
    assert ignored == (found[0].name,)
    scope = str(tmp_path / "scope.txt")
    done = quantize_model(small_ir, tmp_path, data=f"hr={photos}", limit=2, patch=16, ignore_scope=scope)  # pyright: ignore[reportArgumentType]  as the command line gives it
    assert done.record.settings["ignore_scope"] == list(ignored)
    left = quantized_layers(openvino.Core().read_model(done.variant.path))
    assert left
    assert ignored[0] not in left
    with pytest.raises(InputError, match="give both"):
        noisiest_layers(stages[:1], dataset)


def test_parity_of_one_stage_or_of_two_models_is_refused(
    super_resolution_ir: Path, small_ir: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="two stages or more"):
        open_stages([str(super_resolution_ir / "model.xml")])
    with pytest.raises(InputError, match="different contracts"):
        open_stages([str(super_resolution_ir), str(small_ir)])
    with pytest.raises(ModelError, match=r"no \.xml or \.onnx file of a model"):
        open_stages([str(tmp_path), str(super_resolution_ir)])


def accuracies(before: float | None, after: float | None, metric: str = "iou") -> tuple[Measurement, ...]:
    """What FP32 and INT8 have on one data set."""
    return tuple(
        measurement(
            metric, value, METRICS[metric].unit, higher_is_better=METRICS[metric].higher_is_better,
            variants=(variant("m", precision, weights="w"),), executions=(execution(),), data=data("some"),
        )
        for precision, value in (("fp32", before), ("int8", after))
    )  # fmt: skip


def times(fp32: float, int8: float) -> BenchRecord:
    """A benchmark of twelve rounds, one query each, with these medians in ms."""
    noise = np.random.default_rng(0).normal(1, 0.01, (2, 12))
    values = {"fp32": fp32 * noise[0], "int8": int8 * noise[1]}
    sizes = [
        measurement("size", size, "B", variants=(variant("m", precision, weights="w"),), candidate=f"m {precision}")
        for precision, size in (("fp32", 1000), ("int8", 280))
    ]
    made = bench_record({name: list(found) for name, found in values.items()}, weights="w", extra=sizes, rounds=12)
    candidates = {
        name: each.model_copy(
            update={"times": {MODEL: Series(values=each.times[MODEL].values, rounds=tuple(range(12)))}}
        )
        for name, each in made.candidates.items()
    }
    return made.model_copy(update={"candidates": candidates})


def test_a_verdict_weighs_speed_and_accuracy() -> None:
    (same,) = int8_verdicts(times(10, 10))
    assert not same.pays
    assert "INT8 is not worth it on CPU because a speed-up of more than 1.1 is not shown: 1.0" in same.sentence
    (faster,) = int8_verdicts(times(10, 5), accuracies(0.9, 0.895))
    assert faster.pays
    assert faster.sentence.startswith("INT8 is worth it on CPU: 2.0")
    assert faster.sentence.endswith("0.28 of its size, iou 0.8950 after 0.9000.")
    (alone,) = int8_verdicts(times(10, 5))
    assert alone.pays
    assert alone.sentence.endswith("0.28 of its size.")
    (slower,) = int8_verdicts(times(5, 10), accuracies(0.9, 0.9))
    assert not slower.pays
    assert "because it is slower: 0.5" in slower.sentence
    (worse,) = int8_verdicts(times(10, 5), accuracies(0.9, 0.8))
    assert not worse.pays
    assert "iou drops by 0.1000, more than 0.01" in worse.sentence
    (allowed,) = int8_verdicts(times(10, 5), accuracies(0.9, 0.8), allowed={"iou": 0.11})
    assert allowed.pays
    assert {each.model for each in (same, faster, slower, worse)} == {"m"}
    without_int8 = times(10, 5).model_copy(update={"measurements": times(10, 5).measurements[:1]})
    assert int8_verdicts(without_int8) == ()


@pytest.mark.parametrize("unknown", [float("nan"), None])
def test_an_accuracy_that_is_not_known_speaks_against_int8(unknown: float | None) -> None:
    for pair in ((0.9, unknown), (unknown, 0.9)):
        (verdict,) = int8_verdicts(times(10, 5), accuracies(*pair))
        assert not verdict.pays
        assert "iou drops by nan, more than 0.01" in verdict.sentence
    # What neither of them has says nothing of either.
    (verdict,) = int8_verdicts(times(10, 5), accuracies(None, None))
    assert verdict.pays


def test_a_perfect_score_of_zero_is_a_score() -> None:
    (kept,) = int8_verdicts(times(10, 5), accuracies(0.0, 0.004, "mae"))
    assert kept.pays
    assert "mae 0.0040 after 0.0000" in kept.sentence
    (worse,) = int8_verdicts(times(10, 5), accuracies(0.0, 0.02, "mae"))
    assert not worse.pays
    assert "mae drops by 0.0200, more than 0.01" in worse.sentence


def test_a_verdict_needs_five_rounds(small_ir: Path, photos: Path, tmp_path: Path, call: Call) -> None:
    done = call("quantize", small_ir, "-o", tmp_path, "--data", f"hr={photos}", "--verdict", "--rounds", 4)
    assert done.exit_code == 2
    assert "greater than or equal to 5" in done.output
    assert not list(tmp_path.iterdir())


def test_the_interval_of_a_median_holds_it_and_repeats() -> None:
    values = [float(value) for value in np.random.default_rng(1).normal(2, 0.1, 40)]
    low, high = median_interval(values)
    assert low < float(np.median(values)) < high
    assert (low, high) == median_interval(values)
    assert median_interval([3.0] * 5) == (3.0, 3.0)


@pytest.mark.slow
def test_u2netp_in_int8_answers_as_in_fp32(shared_data: Path, published_u2netp: Path, tmp_path: Path) -> None:
    ir = published_u2netp / "model.xml"
    train, val = (
        f"images={folder / 'images'},masks={folder / 'masks'}"
        for folder in (shared_data / "segmentation" / name for name in ("ecssd_train", "ecssd_val"))
    )
    done = quantize_model(
        ir, tmp_path, data=train, validation=val, limit=6, validation_limit=6, max_drop=MaxDrop("iou", 0.015)
    )
    assert any("stage2d/rebnconv1d" in name for name in done.ignored)
    exact, int8 = (load(path) for path in (ir, done.variant.path))
    agreements: list[float] = []
    # Photos that were neither calibrated nor validated on: every third of 18.
    for path in sorted((shared_data / "segmentation" / "u2net_test" / "images").iterdir())[1::3]:
        tensor = tensor_from(read_rgb(path), exact.contract)
        wanted, found = (matte_from(model.runtime.run(tensor), model.contract).alpha for model in (exact, int8))
        agreements.append(iou(found, wanted))
    # On all 18 photos, calibrated on 12, this network reaches 0.71 quantized plainly; with its one noisy layer in FP32
    # 0.983, with four 0.985 (with the kernels of AVX-512, without VNNI; on others 0.978 to 0.981). On these 6, 0.987.
    assert float(np.mean(agreements)) >= 0.975
    assert done.variant.path.with_suffix(".bin").stat().st_size <= 0.3 * ir.with_suffix(".bin").stat().st_size

"""What packages are computed in and by: pinned surroundings, golden answers' arithmetic, kernels of every kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from mattekit.convert import bundled_ir, pin_surrounding, surround, write_ir, zoo
from mattekit.convert.servable import checker
from mattekit.convert.servable.surround import SURROUNDING
from mattekit.core import (
    ArithmeticUnavailableError,
    Contract,
    InputContract,
    InputError,
    OutputContract,
    ResizeFilter,
    sha256_of,
)
from mattekit.images import Image
from mattekit.infer import Upscaler, executed_layers, load, this_machine
from mattekit.package import package_model, verify_package
from openvino import opset13 as ops

MakeOnce = Callable[[str, Callable[[Path], object]], Path]

ISAS = {
    "AVX2": "avx2",
    "AVX2_VNNI": "avx_vnni",
    "AVX512_CORE": "avx512f",
    "AVX512_CORE_VNNI": "avx512_vnni",
    "AVX512_CORE_AMX": "amx_int8",
}
"""Kernels that oneDNN can be told to choose, and what a processor needs for them."""


def can_compute_in(arithmetic: str) -> bool:
    """Ask the CPU by compiling a convolution."""
    given = ops.parameter([1, 3, 8, 8], np.float32)
    weights = ops.constant(np.ones((3, 3, 3, 3), np.float32))
    sums = ops.convolution(given, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    model = openvino.Model([ops.result(sums)], [given], "asked")  # pyright: ignore[reportGeneralTypeIssues]
    try:
        compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": arithmetic})
    except RuntimeError:
        return False
    return checker.computed_in(compiled) == arithmetic


@pytest.fixture(scope="module")
def bf16() -> None:
    if not can_compute_in("bf16"):
        pytest.skip("this CPU does not compute in bf16")


def blocks(height: int, width: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """An image with edges, from a seed, (1, H, W, 3)."""
    noise = np.random.default_rng(3).integers(0, 256, (height // 7 + 1, width // 7 + 1, 3))
    return np.kron(noise, np.ones((7, 7, 1))).astype(np.uint8)[None, :height, :width]


def passing_through(filter_: ResizeFilter, path: Path, *, pinned: bool) -> Path:
    """A graph whose network hands on the largest channel in whole numbers, which bf16 holds exactly."""
    contract = Contract(
        task="segmentation",
        input=InputContract(height=64, width=64, divide_by=1.0, resize=filter_),
        output=OutputContract(kind="alpha", min_max=True, resize=filter_),
    )
    given = ops.parameter([1, 3, -1, -1], np.float32)
    whole = ops.convert(ops.convert(ops.relu(given), "i32"), "f32")
    largest = ops.reduce_max(whole, ops.constant(np.array([1])), keep_dims=True)
    network = openvino.Model([largest], [given], "through")  # pyright: ignore[reportGeneralTypeIssues]
    write_ir(surround(network, contract, least_spread=0.01), path, fp16=False)
    if pinned:
        assert pin_surrounding(path) > 40
    return path


def compiled_for(path: Path, arithmetic: str) -> openvino.CompiledModel:
    return openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": arithmetic})


@pytest.mark.usefixtures("bf16")
@pytest.mark.parametrize("filter_", ["bilinear_antialias", "bicubic_antialias", "lanczos"])
def test_what_surrounds_a_network_loses_nothing_in_bf16(filter_: ResizeFilter, tmp_path: Path) -> None:
    path = passing_through(filter_, tmp_path / "pinned.xml", pinned=True)
    rgb = blocks(147, 189)
    exact = compiled_for(path, "f32")(rgb)
    rounded = compiled_for(path, "bf16")(rgb)
    assert np.array_equal(rounded["alpha"], exact["alpha"])
    assert rounded["confidence"] == exact["confidence"]
    loose = compiled_for(passing_through(filter_, tmp_path / "loose.xml", pinned=False), "bf16")(rgb)
    # Without the pins the same graph is levels off, so this test can fail.
    assert (loose["alpha"] != exact["alpha"]).any()


@pytest.mark.usefixtures("bf16")
def test_only_the_network_of_a_package_is_in_bf16(segmentation_package: Path) -> None:
    layers = executed_layers(compiled_for(segmentation_package / "model.xml", "bf16"))
    around = [layer for layer in layers if layer.originals and layer.originals.split(",")[0].startswith(SURROUNDING)]
    inside = [layer for layer in layers if layer.type == "Convolution"]
    assert len(around) > 10
    assert [layer.originals for layer in around if layer.precision == "bf16"] == []
    assert {layer.precision for layer in inside} == {"bf16"}


def changed(folder: Path, copy: Path, **fields: Any) -> Path:
    """Copy a package and set fields of its manifest."""
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "package.json").read_text())
    (copy / "package.json").write_text(json.dumps(manifest | fields))
    return copy


@pytest.mark.usefixtures("bf16")
def test_a_package_is_verified_in_another_arithmetic_by_what_that_was_measured_to_move(
    enlarging_package: Path,
) -> None:
    manifest = json.loads((enlarging_package / "package.json").read_text())
    assert manifest["arithmetic"] == "f32"
    assert "8-bit dot products" in manifest["kernels"]
    moved = manifest["measured"]["bf16"]["upscaled"]
    assert moved["max"] > 0
    record = verify_package(enlarging_package, arithmetic="bf16").record
    assert [check.arithmetic for check in record.packages] == ["bf16"]
    assert record.passed is True
    worst = min(figure.value or 0 for figure in record.of_metric("difference_psnr"))
    assert worst == pytest.approx(moved["psnr"])
    assert manifest["limits"]["bf16"]["upscaled"]["psnr"] <= worst - 6 + 1e-9


def test_an_arithmetic_that_the_cpu_lacks_is_a_sentence(segmentation_package: Path) -> None:
    if can_compute_in("f16"):
        pytest.skip("this CPU computes in f16")
    with pytest.raises(ArithmeticUnavailableError, match="f16 was asked for, but the device computes in"):
        verify_package(segmentation_package, arithmetic="f16")
    command = [sys.executable, segmentation_package / "check.py", segmentation_package, "CPU", "f16"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "f16 was asked for" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_of_another_version_is_refused_with_the_way_to_make_it_again(
    segmentation_package: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"version 1, and this mattekit reads version 3; make it again with: mattekit"):
        verify_package(changed(segmentation_package, tmp_path / "old", version=1))


def test_int8_by_other_kernels_is_judged_by_the_tasks_metric() -> None:
    limits = {
        "same": {"alpha": {"mean": 0.02}, "confidence": {"max": 0.002}},
        "bf16": {"alpha": {"iou": 0.95}, "confidence": {"max": 0.02}},
        "arithmetic": {"alpha": {"iou": 0.9}, "confidence": {"max": 0.1}},
        "kernels": {"alpha": {"iou": 0.97}, "confidence": {"max": 0.1}},
    }
    manifest = {"limits": limits, "arithmetic": "f32", "kernels": "x, exact", "precision": "int8"}
    assert checker.limits_for(manifest, "f32", "x, exact") == limits["same"]
    assert checker.limits_for(manifest, "f32", "x, saturating") == limits["kernels"]
    assert checker.limits_for({**manifest, "precision": "fp32"}, "f32", "x, saturating") == limits["same"]
    assert checker.limits_for(manifest, "f16", "x, exact") == limits["arithmetic"]
    both = checker.limits_for(manifest, "bf16", "x, saturating")
    assert both == {"alpha": {"iou": 0.95}, "confidence": {"max": 0.1}}


def test_distances_are_those_of_the_definitions() -> None:
    before = np.zeros((1, 2, 2, 1), np.uint8)
    before[0, 0] = 255
    after = before.copy()
    after[0, 0, 0] = 100
    far = checker.distances(before, after)
    assert far["max"] == 155
    assert far["iou"] == 0.5
    assert far["share"] == 0.25
    assert far["psnr"] == pytest.approx(10 * np.log10(255**2 / (155**2 / 4)))
    assert checker.distances(before, after[:, :1]) == {}
    assert checker.distances(before, before)["psnr"] == 100


def test_the_server_is_told_what_was_checked(light_ir: Path, tmp_path: Path) -> None:
    folder = package_model(light_ir, tmp_path / "served", format="ovms").path
    (entry,) = json.loads((folder / "config.json").read_text())["model_config_list"]
    assert entry["config"]["plugin_config"] == {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    assert entry["config"]["target_device"] == "CPU"


def test_every_super_resolution_model_is_given_what_is_safe() -> None:
    contracts = [spec.contract for spec in zoo.list_models() if spec.task == "super_resolution"]
    assert len(contracts) > 8
    assert [contract for contract in contracts if contract.input.min_side < 16] == []


@pytest.mark.slow
@pytest.mark.parametrize("model", ["srlite-x2", "srlite-x4"])
def test_one_black_pixel_stays_black_in_every_arithmetic(model: str, tmp_path: Path) -> None:
    path = bundled_ir(zoo.get(model))
    assert path is not None
    folder = package_model(path.parent, tmp_path / "package").path
    black = np.zeros((1, 1, 3), np.uint8)
    for arithmetic in ("f32", "bf16", "f16"):
        if not can_compute_in(arithmetic):
            continue
        own = Upscaler(load(path, arithmetic=arithmetic)).upscale(Image(rgb=black, source="black"))
        assert own.rgb.max() <= 1
        assert compiled_for(folder / "model.xml", arithmetic)(black[None])["upscaled"].max() <= 1


def plant(folder: Path, copy: Path, *, factor: float = 1.05) -> tuple[Path, dict[str, float]]:
    """Copy a package with the weights of one convolution scaled; return it and how far its answer to an image is.

    Of the first, a middle and the last convolutions, that which moves the answer furthest: a network may hide a change
    of others, such as of a side output among many.
    """
    core, path = openvino.Core(), folder / "model.xml"
    vector = json.loads((folder / "package.json").read_text())["golden"][0]
    pixels = np.load(folder / vector["input"])
    output, file = next(iter(vector["outputs"].items()))
    expected = np.load(folder / file)

    def scaled(number: int) -> openvino.Model:
        model = core.read_model(path)
        layer = [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"][number]
        source = layer.input(1).get_source_output()
        weights = source.get_node()
        if weights.get_type_name() == "Constant":
            layer.input(1).replace_source_output(ops.constant(weights.data * np.float32(factor)).output(0))  # pyright: ignore
            return model
        if weights.get_type_name() == "Multiply":
            scale = weights.input(1).get_source_output().get_node()
            weights.input(1).replace_source_output(ops.constant(scale.data * np.float32(factor)).output(0))  # pyright: ignore
            return model
        # Halved weights: the product follows what brings them back to floating point.
        layer.input(1).replace_source_output(ops.multiply(source, ops.constant(np.float32(factor))).output(0))
        return model

    count = sum(node.get_type_name() == "Convolution" for node in core.read_model(path).get_ordered_ops())
    found: list[tuple[float, int, dict[str, float]]] = []
    for number in (0, count // 2, count - 1):
        answer = core.compile_model(scaled(number), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels)[output]
        far = checker.distances(expected, answer)
        found.append((far["mean"], number, far))
    _, number, far = max(found, key=lambda entry: entry[0])
    shutil.copytree(folder, copy)
    openvino.save_model(scaled(number), copy / "model.xml", compress_to_fp16=False)
    manifest = json.loads((copy / "package.json").read_text())
    manifest["files"] |= {name: sha256_of(copy / name) for name in ("model.xml", "model.bin")}
    (copy / "package.json").write_text(json.dumps(manifest))
    return copy, far


@pytest.mark.parametrize("which", ["segmentation_package", "enlarging_package"])
def test_weights_of_one_layer_that_are_5_percent_off_are_found(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder: Path = request.getfixturevalue(which)
    assert verify_package(folder).passed is True
    copy, far = plant(folder, tmp_path / "planted")
    assert far["mean"] > 0.02
    assert verify_package(copy).passed is False


@pytest.fixture(scope="module")
def artifacts(segmentation_ir: Path, super_resolution_ir: Path, make_once: MakeOnce) -> Path:
    """Folders with an artifact each: fp32, fp16 and int8 of segmentation, fp32 and int8 of super-resolution."""
    for name in ("torch", "nncf"):
        pytest.importorskip(name, reason="quantizing needs the extras `export` and `quantize`")
    from mattekit.datasets import open_dataset
    from mattekit.quantize import QuantizeSettings
    from mattekit.quantize.quantization import quantize

    def fill(folder: Path) -> None:
        few = QuantizeSettings(limit=4, recipe="none", patch=32)
        halved = folder / "seg-fp16" / "u2netp" / "fp16"
        halved.mkdir(parents=True)
        openvino.save_model(
            openvino.Core().read_model(segmentation_ir / "model.xml"), halved / "model.xml", compress_to_fp16=True
        )
        drawn = open_dataset("synthetic:count=4,seed=0,size=96x96")
        quantize(segmentation_ir / "model.xml", folder / "seg-int8", few, drawn)
        images = folder / "images"
        images.mkdir()
        import cv2

        for number in range(3):
            cv2.imwrite(str(images / f"{number}.png"), blocks(96 + number, 128)[0])
        quantize(super_resolution_ir / "model.xml", folder / "sr-int8", few, open_dataset(f"hr={images}", scale=4))
        shutil.copytree(segmentation_ir, folder / "seg-fp32" / "u2netp" / "fp32")
        shutil.copytree(super_resolution_ir, folder / "sr-fp32" / "realesr-animevideov3" / "fp32")

    return make_once("package-artifacts", fill)


def child(isa: str, code: str, *arguments: str | Path) -> str:
    """Run Python code in a process whose kernels are those of an instruction set; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PACK = """
import sys
from pathlib import Path
from mattekit.package import package_model, verify_package
for name in sys.argv[3:]:
    (artifact,) = Path(sys.argv[1]).glob(f"{name}/*/*/model.xml")
    package_model(artifact.parent, Path(sys.argv[2]) / name)
"""

VERIFY = """
import json, sys
from pathlib import Path
from mattekit.convert.servable import checker
from mattekit.core.files import sha256_of
from mattekit.package import verify_package

compiled, known = checker.compiled, {}

def once(core, path, *asked):
    # Packages of one network have the same graph: they differ in their answers alone.
    key = (sha256_of(path), sha256_of(path.with_suffix(".bin")), *asked)
    if key not in known:
        known[key] = compiled(core, path, *asked)
    return known[key]

checker.compiled = once
for folder in sorted(Path(sys.argv[1]).glob("*/*")):
    record = verify_package(folder).record
    (check,) = record.packages
    far = {f"{each.input} {each.output}": each.distances for each in check.outputs}
    name = f"{folder.name} made on {folder.parent.name}"
    print(json.dumps([name, record.passed, check.kernels, far]))
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_packages_made_by_each_kind_of_kernels_pass_on_every_other(artifacts: Path, tmp_path: Path) -> None:
    features = this_machine().cpu_features
    isas = [isa for isa, feature in ISAS.items() if feature in features]
    if len(isas) < 2:
        pytest.skip("this CPU has one kind of kernels, or none that can be chosen")
    # Floating point is the same for halved weights, and for either task.
    names = ("seg-fp32", "seg-int8", "sr-int8")
    for isa in isas:
        child(isa, PACK, artifacts, tmp_path / isa, *names)
    for judge in isas:
        lines = child(judge, VERIFY, tmp_path).splitlines()
        assert len(lines) == len(names) * len(isas)
        for line in lines:
            name, passed, kernels, far = json.loads(line)
            assert passed, f"{name}, verified on {judge} ({kernels}): {far}"


@pytest.fixture(scope="module")
def int8_package(artifacts: Path, make_once: MakeOnce) -> Path:
    """A package of the INT8 segmentation network. Shared: copy it before changing it."""
    (artifact,) = artifacts.glob("seg-int8/*/int8")
    return make_once("package-int8", lambda folder: package_model(artifact, folder / "p").path) / "p"


@pytest.fixture(scope="module")
def planted_int8(int8_package: Path, make_once: MakeOnce) -> Path:
    """That package with the weights of one layer off, and how far its answer is in `far.json` beside it."""

    def fill(folder: Path) -> None:
        _, far = plant(int8_package, folder / "p")
        (folder / "far.json").write_text(json.dumps(far))

    return make_once("package-int8-planted", fill) / "p"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_planted_change_is_found_in_every_precision(
    artifacts: Path, precision: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if precision == "int8":
        folder: Path = request.getfixturevalue("int8_package")
        copy: Path = request.getfixturevalue("planted_int8")
    else:
        (artifact,) = artifacts.glob(f"seg-{precision}/*/{precision}")
        folder = package_model(artifact, tmp_path / "package").path
        copy, _ = plant(folder, tmp_path / "planted")
    assert verify_package(folder).passed is True
    assert verify_package(copy).passed is False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_planted_change_of_an_int8_model_is_found_by_other_kernels_too(
    int8_package: Path, planted_int8: Path, tmp_path: Path
) -> None:
    kernels = "another processor, 8-bit dot products exact"
    record = verify_package(changed(int8_package, tmp_path / "other", kernels=kernels)).record
    assert record.passed is True
    assert record.of_metric("difference_iou")
    copy = changed(planted_int8, tmp_path / "planted", kernels=kernels)
    far = json.loads((planted_int8.parent / "far.json").read_text())
    # Random weights pass a change of the first layer on; what trained ones hide may be less than kernels differ by.
    assert far["iou"] < 0.97
    assert verify_package(copy).passed is False

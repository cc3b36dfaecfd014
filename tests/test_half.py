"""Weights in half precision: what is halved, what that costs, and that a fault costs more than the limits allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from mattekit.convert import HALF, export_model, halve_weights, stage_input, write_ir
from mattekit.convert.ir import ir_from_onnx, save_ir
from mattekit.convert.tolerances import compare
from mattekit.core import Contract, InputContract, OutputContract, Provenance
from mattekit.images import read_image
from mattekit.infer import OpenVinoRuntime, load
from mattekit.package import package_model
from openvino import opset13 as ops

Floats = np.ndarray[Any, np.dtype[np.float32]]
Edit = Callable[[openvino.Model], None]


def convolutions(model: openvino.Model) -> list[openvino.Node]:
    return [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]


def biases(model: openvino.Model) -> list[openvino.Input]:
    """Return where the bias of each convolution enters the graph."""
    adds = [next(iter(node.output(0).get_target_inputs())).get_node() for node in convolutions(model)]
    return [node.input(1) for node in adds if node.get_type_name() == "Add"]


def stored(value: openvino.Input) -> openvino.Node:
    """Return the constant that an input reads, whatever widens it."""
    node = value.get_source_output().get_node()
    return node.input_value(0).get_node() if node.get_type_name() == "Convert" else node


def values(value: openvino.Input) -> Floats:
    return np.array(stored(value).get_data(), dtype=np.float32)  # pyright: ignore


def put(value: openvino.Input, new: Floats) -> None:
    value.replace_source_output(ops.constant(new.astype(np.float32)).output(0))


def network(kernel: Floats, *, twice: bool = False) -> openvino.Model:
    """A convolution 3x3 from 3 to 3 channels, or two that share their weights."""
    source: Any = ops.parameter([1, 3, 8, 8], np.float32, name="input")
    weights, result = ops.constant(kernel), source
    for _ in range(2 if twice else 1):
        result = ops.convolution(result, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    construct: Any = openvino.Model
    return construct([result], [source])


KERNEL = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)


def test_weights_are_halved_and_biases_stay(realesr_ir: Path, tmp_path: Path) -> None:
    model = openvino.Core().read_model(realesr_ir / "model.xml")
    names = [node.get_friendly_name() for node in convolutions(model)]
    write_ir(model, tmp_path / "half.xml", fp16=True)
    assert all(stored(node.input(1)).get_element_type() == openvino.Type.f32 for node in convolutions(model))
    half = openvino.Core().read_model(tmp_path / "half.xml")
    assert [node.get_friendly_name() for node in convolutions(half)] == names
    for before, after in zip(convolutions(model), convolutions(half), strict=True):
        assert stored(after.input(1)).get_element_type() == openvino.Type.f16
        # Weights keep their name, so that what was made from either model finds them.
        source = before.input_value(1).get_node().get_friendly_name()
        assert after.input_value(1).get_node().get_friendly_name() == source
        np.testing.assert_array_equal(values(after.input(1)), values(before.input(1)).astype(np.float16))
    assert len(biases(half)) == len(names)
    for before, after in zip(biases(model), biases(half), strict=True):
        assert stored(after).get_element_type() == openvino.Type.f32
        np.testing.assert_array_equal(values(after), values(before))


def test_weights_that_half_precision_cannot_hold_stay_as_they_are() -> None:
    for strange in (7e4, -7e4, np.inf, np.nan):
        kernel = KERNEL.copy()
        kernel[1, 2, 0, 0] = strange
        model = network(kernel)
        halve_weights(model)
        np.testing.assert_array_equal(values(convolutions(model)[0].input(1)), kernel)


def test_weights_that_two_layers_share_are_stored_once(tmp_path: Path) -> None:
    write_ir(network(KERNEL, twice=True), tmp_path / "half.xml", fp16=True)
    first, second = convolutions(openvino.Core().read_model(tmp_path / "half.xml"))
    assert first.input_value(1) == second.input_value(1)
    assert stored(first.input(1)).get_element_type() == openvino.Type.f16


def test_halving_twice_changes_nothing(tmp_path: Path) -> None:
    model = network(KERNEL)
    write_ir(model, tmp_path / "once.xml", fp16=True)
    write_ir(openvino.Core().read_model(tmp_path / "once.xml"), tmp_path / "twice.xml", fp16=True)
    for suffix in (".xml", ".bin"):
        assert (tmp_path / f"once{suffix}").read_bytes() == (tmp_path / f"twice{suffix}").read_bytes()


def test_a_package_keeps_its_weights_halved(realesr_ir: Path, tmp_path: Path) -> None:
    half = tmp_path / "fp16" / "model.xml"
    half.parent.mkdir()
    write_ir(openvino.Core().read_model(realesr_ir / "model.xml"), half, fp16=True)
    packaged = package_model(half, tmp_path / "packaged").path / "model.bin"
    assert packaged.stat().st_size < 1.05 * half.with_suffix(".bin").stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "weights", "size"),
    [
        ("u2netp", "segmentation/u2netp.pth", 2_256_680),
        ("rembg-u2netp", "segmentation/rembg_u2netp.onnx", 2_256_680),
        ("imdn-x2", "super_resolution/imdn_x2.pth", 1_393_340),
        ("imdn-x4", "super_resolution/imdn_x4.pth", 1_434_956),
        ("rfdn-x4", "super_resolution/rfdn_x4.pth", 870_712),
        ("rlfn-x4", "super_resolution/rlfn_x4.pth", 637_144),
    ],
)
def test_published_weights_pass_the_limits_and_are_half_as_large(
    shared_data: Path,
    published_half: Callable[[str, str], Path],
    photo: Path,
    tmp_path: Path,
    model: str,
    weights: str,
    size: int,
) -> None:
    """In bytes; a hundredth is left for what another converter leaves in the graph."""
    first = published_half(model, weights)
    if model == "rlfn-x4":
        # The images only check.
        path = shared_data / "weights" / weights
        second = export_model(model, tmp_path, precision="fp16", weights=path, images=[photo]).ir.path
        for suffix in (".xml", ".bin"):
            assert first.with_suffix(suffix).read_bytes() == second.with_suffix(suffix).read_bytes()
    assert first.with_suffix(".bin").stat().st_size == pytest.approx(size, rel=0.01)


def portraits() -> Contract:
    """What surrounds MODNet."""
    half = (0.5, 0.5, 0.5)
    return Contract(
        task="segmentation",
        input=InputContract(height=512, width=512, mean=half, std=half, resize="bilinear_antialias"),
        output=OutputContract(kind="alpha", resize="bilinear_antialias"),
    )


@pytest.mark.slow
def test_a_network_with_batch_norms_of_its_own_passes_the_limits(
    shared_data: Path, tmp_path: Path, own_provenance: Provenance
) -> None:
    contract, path = portraits(), tmp_path / "model.xml"
    model = ir_from_onnx(shared_data / "weights" / "segmentation" / "modnet.onnx")
    save_ir(model, path, contract=contract, provenance=own_provenance, shape=(1, 512, 512), fp16=False)
    assert broken_by(path, lambda _: None, sorted((shared_data / "segmentation/u2net_test/images").iterdir())[:3]) == ""


def in_eight_bits(model: openvino.Model) -> None:
    for node in convolutions(model):
        kernel = values(node.input(1))
        step = np.abs(kernel).max() / 127
        put(node.input(1), np.round(kernel / step) * step)


def clipped(model: openvino.Model) -> None:
    for node in convolutions(model):
        kernel = values(node.input(1))
        put(node.input(1), np.clip(kernel, *np.quantile(kernel, [0.0005, 0.9995])))


def without_its_first_bias(model: openvino.Model) -> None:
    first = next(bias for bias in biases(model) if values(bias).any())
    put(first, np.zeros_like(values(first)))


@cache
def exact_answers(path: Path, photos: tuple[Path, ...]) -> tuple[Contract, list[Floats], list[list[Floats]]]:
    """Return a model's contract, its inputs of some photos, two of scikit-image's where none, and its answers."""
    from skimage import data

    exact = load(path)
    pixels = [read_image(photo).rgb for photo in photos] if photos else [data.astronaut(), data.coffee()]
    tensors = [stage_input(each, exact.contract) for each in pixels]
    return exact.contract, tensors, [exact.runtime.run_all(tensor) for tensor in tensors]


def broken_by(path: Path, edit: Edit, photos: Sequence[Path] = ()) -> str:
    """Return what breaks the limits once a model is edited and its weights are halved."""
    contract, tensors, before = exact_answers(path, tuple(photos))
    model = openvino.Core().read_model(path)
    edit(model)
    halve_weights(model)
    half = OpenVinoRuntime(model)
    return compare(before, [half.run_all(tensor) for tensor in tensors], contract, HALF).broken


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mattelite", "srlite-x2"])
def test_halved_weights_pass_the_limits_and_faults_break_them(bundled_fp32: Path, model: str) -> None:
    path = bundled_fp32 / model / "fp32" / "model.xml"
    assert broken_by(path, lambda _: None) == ""
    judged = "masks' mean difference" if model == "mattelite" else "psnr"
    for fault in (in_eight_bits, clipped, without_its_first_bias):
        assert judged in broken_by(path, fault), fault.__name__


@pytest.mark.slow
def test_faults_break_the_limits_of_the_authors_weights(published_u2netp: Path) -> None:
    for fault in (in_eight_bits, clipped, without_its_first_bias):
        assert "masks' mean difference" in broken_by(published_u2netp / "model.xml", fault), fault.__name__

"""Networks that enlarge images keep the images' levels where a device computes in bf16."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import openvino
import pytest
from mattekit.convert import image_layers, keep_in_f32
from mattekit.core import ArithmeticUnavailableError
from mattekit.infer import OpenVinoRuntime, RuntimeSettings, Tensor
from openvino import opset13 as ops

MARK = re.compile(r'\s*<attribute name="precise" version="0" ?/>')


def convolved(value: openvino.Output, channels: int, name: str) -> openvino.Node:
    shape = (channels, value.get_partial_shape()[1].get_length(), 3, 3)
    kernel = ops.constant(np.full(shape, 0.01, np.float32))
    found = ops.convolution(value, kernel, [1, 1], [1, 1], [1, 1], [1, 1], name=name)
    return ops.add(found, ops.constant(np.full((1, channels, 1, 1), 0.1, np.float32)), name=f"{name}.bias")


def enlarging() -> openvino.Model:
    """Features, two layers of detail, their sum with the features, and the enlarged image."""
    image = ops.parameter([1, 3, -1, -1], np.float32, name="image")
    scaled = ops.divide(image, ops.constant(np.float32(255)), name="scaled")
    features = convolved(scaled.output(0), 8, "first")
    detail = ops.relu(convolved(features.output(0), 8, "detail").output(0), name="relu")
    deeper = convolved(detail.output(0), 8, "deeper")
    whole = ops.add(features, deeper, name="sum")
    last = ops.depth_to_space(convolved(whole.output(0), 12, "last"), "depth_first", 2, name="shuffle")
    return openvino.Model([last], [image], "enlarging")  # pyright: ignore[reportGeneralTypeIssues]


def test_the_layers_that_an_images_levels_pass_are_the_ends_and_the_sum() -> None:
    assert image_layers(enlarging()) == {
        "scaled",
        "first",
        "first.bias",
        "sum",
        "last",
        "last.bias",
        "shuffle",
    }


def test_marks_stay_through_reading_and_writing_and_are_set_once(tmp_path: Path) -> None:
    path = tmp_path / "model.xml"
    openvino.save_model(enlarging(), path, compress_to_fp16=False)
    assert keep_in_f32(path, {"first", "sum"}.__contains__) == 2
    assert keep_in_f32(path, {"first", "last"}.__contains__) == 2
    assert len(MARK.findall(path.read_text())) == 3
    image = np.random.default_rng(0).random((1, 3, 8, 8), dtype=np.float32)
    read = openvino.Core().read_model(path)
    assert np.array_equal(answers(read, image), answers(enlarging(), image))


def answers(model: openvino.Model | Path, image: Tensor, arithmetic: str = "f32") -> Tensor:
    core = openvino.Core()
    return np.asarray(core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": arithmetic})(image)[0])


def test_an_exported_network_keeps_its_ends_in_f32_and_one_for_masks_does_not(bundled_fp32: Path) -> None:
    enlarger = (bundled_fp32 / "srlite-x2" / "fp32" / "model.xml").read_text()
    assert len(MARK.findall(enlarger)) >= 4
    assert not MARK.findall((bundled_fp32 / "mattelite" / "fp32" / "model.xml").read_text())


def test_a_smooth_gradient_keeps_its_levels_in_bf16(bundled_fp32: Path, tmp_path: Path) -> None:
    path = bundled_fp32 / "srlite-x2" / "fp32" / "model.xml"
    try:
        OpenVinoRuntime(openvino.Core().read_model(path), RuntimeSettings(arithmetic="bf16"))
    except ArithmeticUnavailableError as error:
        pytest.skip(str(error))
    unmarked = tmp_path / "unmarked.xml"
    unmarked.write_text(MARK.sub("", path.read_text()))
    unmarked.with_suffix(".bin").write_bytes(path.with_suffix(".bin").read_bytes())
    ramp = np.linspace(0.1, 0.9, 512, dtype=np.float32)
    image = np.broadcast_to(ramp, (1, 3, 34, 512)).copy()
    exact, kept, rounded = answers(path, image), answers(path, image, "bf16"), answers(unmarked, image, "bf16")
    assert levels(kept) >= 0.99 * levels(exact)
    assert levels(kept) > levels(rounded)
    # Without the marks the same network is much further off, so this test can fail.
    assert np.abs(kept - exact).mean() < 0.5 * np.abs(rounded - exact).mean()


def levels(enlarged: Tensor) -> int:
    """How many of 16 bits' levels a row of an enlarged gradient has."""
    return len(np.unique(np.rint(enlarged[0, 1, 34].clip(0, 1) * 65535)))

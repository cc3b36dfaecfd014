"""A packaged graph carries out every field of a contract, and answers as mattekit itself does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from mattekit.convert import save_own_ir, surround
from mattekit.convert.own_model import own_provenance
from mattekit.core import Contract, ModelError
from mattekit.images import Image
from mattekit.infer import LEAST_SPREAD, Remover, Upscaler, load, read_model
from openvino import opset13 as ops

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
LABELS = {"kind": "classes", "labels": ("background", "cat", "dog")}


def network(path: Path, contract: Contract, channels: int, *, scale: int = 1, ends: str = "") -> Path:
    """Write a network of one convolution that takes what the contract says and gives so many channels.

    Args:
        path: the `.xml` file.
        contract: written into it.
        channels: of the output, before what `ends` does to them.
        scale: of the output.
        ends: `argmax`, `flat` (class numbers without an axis of their own), `half` (an output of half the size) or
            `aside` (the output that counts is the second).
    """
    rng, wanted = np.random.default_rng(3), contract.input
    taken = wanted.channels
    shape = wanted.shape(1, wanted.height or -1, wanted.width or -1)
    image = ops.parameter(
        openvino.PartialShape(list(shape)), {"f32": np.float32, "f16": np.float16, "u8": np.uint8}[wanted.dtype]
    )
    image.output(0).set_names({"image"})
    value = ops.convert(image, "f32") if wanted.dtype != "f32" else image
    if wanted.layout == "NHWC":
        value = ops.transpose(value, ops.constant(np.array([0, 3, 1, 2])))
    size = (0.02 if wanted.dtype == "u8" else 1.0) / taken
    weights = (rng.normal(size=(channels * scale**2, taken, 3, 3)) * size).astype(np.float32)
    value = ops.convolution(value, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])
    if scale > 1:
        value = ops.depth_to_space(value, "blocks_first", scale)
    if ends == "half":
        value = ops.avg_pool(value, [2, 2], [0, 0], [0, 0], [2, 2], exclude_pad=False)
    if ends in {"argmax", "flat"}:
        value = ops.topk(value, ops.constant(np.int64(1)), 1, "max", "value").output(1)
        value = ops.squeeze(value, ops.constant(np.array([1]))) if ends == "flat" else ops.convert(value, "i64")
    if contract.output.layout == "NHWC":
        value = ops.transpose(value, ops.constant(np.array([0, 2, 3, 1])))
    if wanted.dtype == "f16":
        value = ops.convert(value, "f16")
    results = [ops.result(value)]
    results[0].output(0).set_names({"answer"})
    if ends == "aside":
        results.insert(0, ops.result(ops.multiply(value, ops.constant(np.float32(-1)))))
    model = openvino.Model(results, [image], "own")  # pyright: ignore[reportGeneralTypeIssues]
    save_own_ir(
        model,
        path,
        contract=contract,
        provenance=own_provenance(Path(__file__), "own"),
        shape=(1, wanted.height or -1, wanted.width or -1),
        fp16=False,
    )
    return path


def a_photo(photo: Path, height: int, width: int) -> Image:
    from mattekit import read_image
    from mattekit.infer.tensors import resize_pixels

    return Image(rgb=np.rint(resize_pixels(read_image(photo).rgb, height, width, "linear")).astype(np.uint8))


def answers(path: Path, image: Image, colour_order: str = "RGB") -> tuple[Any, Any]:
    """Return what the surrounded graph and mattekit make of an image, (H, W, C) uint8 each."""
    opened = load(path)
    whole = surround(
        read_model(path),
        opened.contract,
        least_spread=LEAST_SPREAD,
        colour_order=colour_order,  # pyright: ignore
    )
    compiled = openvino.Core().compile_model(whole, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    flip = slice(None, None, -1 if colour_order == "BGR" else 1)
    found = compiled(np.ascontiguousarray(image.rgb[None, :, :, flip]))[0][0]
    if opened.contract.task == "segmentation":
        return found, Remover(opened).matte(image).alpha[:, :, None]
    return found[:, :, flip], Upscaler(opened)(image).rgb


SEGMENTATION: dict[str, tuple[dict[str, Any], dict[str, Any], int, str]] = {
    "nhwc": ({**IMAGENET, "layout": "NHWC"}, {**LABELS, "layout": "NHWC"}, 3, ""),
    "half-precision": ({**IMAGENET, "dtype": "f16"}, LABELS, 3, ""),
    "bytes": ({"dtype": "u8", "divide_by": 1.0, "colour_order": "BGR"}, LABELS, 3, ""),
    "letterbox": ({**IMAGENET, "aspect": "letterbox", "pad_value": (114.0, 10.0, 200.0)}, LABELS, 3, ""),
    "letterbox-half": ({**IMAGENET, "aspect": "letterbox"}, LABELS, 3, "half"),
    "letterbox-largest": (
        {"aspect": "letterbox", "divide_by": "image_max", "pad_value": (30.0,)},
        {"kind": "alpha", "min_max": True, "activation": "sigmoid"},
        1,
        "",
    ),
    "kept": (IMAGENET, {**LABELS, "foreground": ("dog",)}, 3, ""),
    "numbers": (IMAGENET, {**LABELS, "indices": True}, 3, "argmax"),
    "numbers-flat": (IMAGENET, {**LABELS, "indices": True}, 3, "flat"),
    "softmax": (IMAGENET, {"kind": "alpha", "activation": "softmax", "channel": 1}, 2, ""),
    "channel": (IMAGENET, {"kind": "alpha", "activation": "sigmoid", "channel": 2, "invert": True}, 3, ""),
    "levels": ({}, {"kind": "alpha", "value_max": 0.5}, 1, ""),
    "second": (IMAGENET, {**LABELS, "name": "answer"}, 3, "aside"),
    "luma": ({"colour_order": "Y", "mean": (0.4,), "std": (0.3,)}, {"kind": "alpha", "activation": "sigmoid"}, 1, ""),
    "studio": (
        {"colour_order": "Y", "luma": "studio", "mean": (0.5,), "std": (0.2,)},
        {"kind": "alpha", "activation": "sigmoid"},
        1,
        "",
    ),
    "four": ({"colour_order": "BGRA", "mean": (0.4,), "std": (0.3,)}, LABELS, 3, ""),
    "any-size": ({"height": None, "width": None, "multiple": 16, **IMAGENET}, LABELS, 3, ""),
    "short-side": ({"height": None, "width": None, "multiple": 16, "short_side": 64, **IMAGENET}, LABELS, 3, ""),
}


@pytest.mark.parametrize("kind", SEGMENTATION)
def test_a_mask_is_that_of_mattekit(kind: str, photo: Path, tmp_path: Path) -> None:
    given, output, channels, ends = SEGMENTATION[kind]
    size = {"height": 48, "width": 64}
    contract = Contract.model_validate({"task": "segmentation", "input": size | given, "output": output})
    path = network(tmp_path / "own.xml", contract, channels, ends=ends)
    for shape, order in (((90, 121), "RGB"), ((131, 56), "BGR")):
        found, own = answers(path, a_photo(photo, *shape), order)
        assert found.shape == own.shape
        assert own.std() > 8, "a mask of one value says nothing"
        assert np.abs(found.astype(int) - own).mean() < 0.3


@pytest.mark.parametrize("more", [{}, {"min_max": True}, {"aspect": "letterbox"}], ids=str)
def test_where_even_the_largest_value_says_background_nothing_is_shown(
    more: dict[str, Any], photo: Path, tmp_path: Path
) -> None:
    size = {"height": 48, "width": 64, **{key: more[key] for key in more if key == "aspect"}}
    output = {"kind": "alpha", "activation": "sigmoid", "value_max": 9.0}
    output |= {key: more[key] for key in more if key != "aspect"}
    contract = Contract.model_validate({"task": "segmentation", "input": size | IMAGENET, "output": output})
    found, own = answers(network(tmp_path / "own.xml", contract, 1), a_photo(photo, 90, 121))
    assert own.max() == found.max() == 0


SUPER_RESOLUTION: dict[str, tuple[dict[str, Any], int]] = {
    "luma": ({"colour_order": "Y"}, 1),
    "studio": ({"colour_order": "Y", "luma": "studio"}, 1),
    "nhwc": ({"layout": "NHWC", "colour_order": "BGR"}, 3),
    "multiples": ({"multiple": 4, "min_side": 16, "dtype": "f16"}, 3),
}


@pytest.mark.parametrize("kind", SUPER_RESOLUTION)
def test_an_enlargement_is_that_of_mattekit(kind: str, photo: Path, tmp_path: Path) -> None:
    given, channels = SUPER_RESOLUTION[kind]
    output = {"kind": "image", "scale": 2, "layout": given.get("layout", "NCHW")}
    contract = Contract.model_validate({"task": "super_resolution", "input": given, "output": output, "halo": 2})
    path = network(tmp_path / "own.xml", contract, channels, scale=2)
    for order in ("RGB", "BGR"):
        found, own = answers(path, a_photo(photo, 45, 62), order)
        assert found.shape == own.shape == (90, 124, 3)
        assert np.abs(found.astype(int) - own).mean() < 0.3


def test_a_super_resolution_network_of_one_size_alone_is_refused() -> None:
    image = ops.parameter([1, 3, 16, 16], np.float32)
    fixed = ops.reshape(image, ops.constant(np.array([1, 3, 16, 16])), special_zero=False)
    larger = ops.concat([ops.concat([fixed, fixed], 2)] * 2, 3)
    model = openvino.Model([ops.result(larger)], [image], "own")  # pyright: ignore[reportGeneralTypeIssues]
    given = {"height": 16, "width": 16}
    contract = Contract.model_validate(
        {"task": "super_resolution", "input": given, "output": {"kind": "image", "scale": 2}}
    )
    with pytest.raises(ModelError, match="own: it cannot be packaged: the network does not take images of any size"):
        surround(model, contract, least_spread=LEAST_SPREAD)

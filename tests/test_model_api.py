"""Model API's description of a model is read as a contract, and written where Model API's wrapper can run the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mattekit
import numpy as np
import pytest
from mattekit import Image, Remover, read_image
from mattekit.core import (
    MODEL_INFO,
    MODEL_INFO_KEYS,
    Contract,
    ContractError,
    contract_of_model_info,
    model_info_of,
)
from mattekit.infer import load, read_model
from mattekit.infer.resampling import resize_pixels
from own_networks import KINDS, SIDE

OTX = {
    "model_type": "Segmentation",
    "labels": "cat dog",
    "mean_values": "123.675 116.28 103.53",
    "scale_values": "58.395 57.12 57.375",
    "reverse_input_channels": "True",
    "resize_type": "fit_to_window_letterbox",
    "pad_value": "114",
}


def read(changes: dict[str, str], *, image: tuple[int | None, ...] = (1, 3, 64, 96), channels: int = 3) -> Contract:
    found = contract_of_model_info({**OTX, **changes}, image, channels, "", source="m.xml")
    assert found is not None
    return found


def class_network(**wanted: Any) -> Contract:
    given = {"height": 64, "width": 96, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), **wanted}
    output = {"kind": "classes", "labels": ("background", "cat", "big dog")}
    return Contract.model_validate({"task": "segmentation", "input": given, "output": output})


def test_all_that_a_description_says_comes_into_the_contract() -> None:
    found = read({})
    assert (found.input.height, found.input.width, found.input.colour_order) == (64, 96, "RGB")
    assert (found.input.aspect, found.input.pad_value) == ("letterbox", (114.0,))
    assert found.input.divide_by == 1.0
    assert found.input.mean == (123.675, 116.28, 103.53)
    assert found.input.std == (58.395, 57.12, 57.375)
    # It names the classes behind the background.
    assert found.output.labels == ("background", "cat", "dog")
    assert read({"labels": "bg cat dog"}).output.labels == ("bg", "cat", "dog")
    assert read({"labels": ""}).output.labels == ("background", "class_1", "class_2")
    assert read({"reverse_input_channels": "NO"}).input.colour_order == "BGR"
    assert read({"intensity_mode": "scale_to_unit"}).input.divide_by == 255.0
    assert read({}, image=(1, 64, 96, 3)).input.layout == "NHWC"


def test_a_graph_that_prepares_the_image_itself_is_fed_as_it_was_read() -> None:
    found = read({"embedded_processing": "True"}, image=(1, None, None, 3)).input
    assert (found.dtype, found.layout, found.colour_order, found.height) == ("u8", "NHWC", "BGR", None)
    assert (found.divide_by, set(found.mean), set(found.std)) == (1.0, {0.0}, {1.0})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model_type": "ssd"}, "kind ssd"),
        ({"resize_type": "crop"}, "resize_type crop"),
        ({"interpolation_mode": "CUBIC"}, "interpolation_mode CUBIC"),
        ({"intensity_mode": "window"}, "intensity_mode window"),
        ({"blur_strength": "5"}, "blur_strength 5"),
        ({"mean_values": "a b c"}, "no numbers"),
        ({"scale_values": "0 1 1"}, "makes no contract"),
        ({"mean_values": "1 2"}, "makes no contract"),
    ],
)
def test_what_no_contract_can_say_is_refused_by_name(changes: dict[str, str], told: str) -> None:
    with pytest.raises(ContractError, match=f"m.xml.*{told}"):
        read(changes)


def test_without_a_kind_of_model_nothing_is_described() -> None:
    assert contract_of_model_info({"labels": "a"}, (1, 3, 8, 8), 2, "", source="m.xml") is None


@pytest.mark.parametrize(
    "wanted", [{}, {"colour_order": "BGR"}, {"aspect": "letterbox", "pad_value": (114,)}, {"divide_by": 127.5}]
)
def test_a_contract_survives_the_way_through_a_description(wanted: dict[str, Any]) -> None:
    contract = class_network(**wanted)
    info = model_info_of(contract, outputs=1)
    assert info is not None
    again = contract_of_model_info(info, (1, 3, 64, 96), 3, "NCHW", source="m.xml")
    assert again is not None
    scale = contract.input.divide_by
    assert isinstance(scale, float)
    assert again.input.mean == pytest.approx([value * scale for value in contract.input.mean])
    assert again.input.std == pytest.approx([value * scale for value in contract.input.std])
    kept = ("height", "width", "colour_order", "aspect", "pad_value", "layout")
    assert [getattr(again.input, name) for name in kept] == [getattr(contract.input, name) for name in kept]
    assert again.output.labels == ("background", "cat", "big_dog")


@pytest.mark.parametrize(
    ("wanted", "outputs"),
    [
        ({"height": None, "width": None}, 1),
        ({"divide_by": "image_max"}, 1),
        ({"resize": "lanczos"}, 1),
        ({"colour_order": "Y", "mean": (0.5,), "std": (0.5,)}, 1),
        ({"aspect": "letterbox", "pad_value": (1, 2, 3)}, 1),
        ({}, 2),
    ],
)
def test_nothing_is_written_for_what_the_wrapper_cannot_run(wanted: dict[str, Any], outputs: int) -> None:
    assert model_info_of(class_network(**wanted), outputs=outputs) is None


def test_nothing_is_written_for_mattes_and_images() -> None:
    size = {"height": 8, "width": 8}
    matte = Contract.model_validate({"task": "segmentation", "input": size, "output": {"kind": "alpha"}})
    larger = Contract.model_validate({"task": "super_resolution", "input": {}, "output": {"kind": "image", "scale": 2}})
    assert model_info_of(matte, outputs=1) is None
    assert model_info_of(larger, outputs=1) is None


@pytest.mark.parametrize("name", ["classes", "nhwc"])
def test_an_export_of_classes_carries_the_description_and_others_none(name: str, photo: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    path = exported(name, photo, tmp_path)
    model = read_model(path)
    written = {
        key: str(model.get_rt_info([MODEL_INFO, key]).astype(str))
        for key in MODEL_INFO_KEYS
        if model.has_rt_info([MODEL_INFO, key])
    }
    assert written == (model_info_of(load(path).contract, outputs=1) or {})
    assert bool(written) == (name == "classes")


def test_model_api_gives_our_classes(photo: Path, tmp_path: Path) -> None:
    """Its wheel asks for an older OpenCV than ours, so that it is installed without its dependencies, if at all."""
    models = pytest.importorskip("model_api.models", reason="pip install --no-deps openvino-model-api==0.4.7")
    pytest.importorskip("onnx", reason="writing an ONNX file needs the extra `export`")
    path = exported("classes", photo, tmp_path)
    model = models.Model.create_model(str(path), device="CPU", configuration={}, preload=True)
    opened = load(path)
    image = read_image(photo)
    small = Image(rgb=np.rint(resize_pixels(image.rgb, SIDE, SIDE, "linear")).astype(np.uint8))
    found = model(np.ascontiguousarray(small.rgb[:, :, ::-1]))
    _, own = Remover(opened).segment(small)
    assert len(np.unique(own)) > 1
    # A pixel at which two classes are as likely may be either's.
    assert (found.resultImage == own).mean() > 0.995
    assert {contour.label for contour in model.get_contours(found)} <= set(opened.contract.output.labels[1:])


def exported(name: str, photo: Path, folder: Path) -> Path:
    kind = KINDS[name]
    (folder / "own.toml").write_text(kind.contract)
    made = mattekit.export_model(
        "mine", folder / "models", weights=kind.write(folder), contract=folder / "own.toml", images=[photo]
    )
    return made.ir.path

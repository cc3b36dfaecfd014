"""Model API's description of a model is read as a contract, and written where Model API's wrapper can run the model."""

from __future__ import annotations

from typing import Any

import pytest
from mattekit.core import Contract, ContractError, contract_of_model_info, model_info_of

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

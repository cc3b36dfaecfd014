"""Model API's description of a model, `rt_info/model_info`, as a contract, and a contract as such a description.

What is in it, and how Model API's wrappers use it: https://github.com/open-edge-platform/model_api, version 0.4.7. Its
wrappers take images in BGR, as OpenCV reads them, and `reverse_input_channels` makes RGB of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from .contract import Contract
from .documents import first_mistake
from .errors import ContractError

__all__ = ["MODEL_INFO", "MODEL_INFO_KEYS", "contract_of_model_info", "matte_info", "model_info_of"]

MODEL_INFO = "model_info"
"""Where it is: `rt_info/model_info` in an IR, `model_info KEY` in an ONNX file's metadata."""

MODEL_INFO_KEYS = (
    "model_type",
    "labels",
    "mean_values",
    "scale_values",
    "reverse_input_channels",
    "resize_type",
    "interpolation_mode",
    "pad_value",
    "intensity_mode",
    "intensity_max_value",
    "input_dtype",
    "embedded_processing",
    "blur_strength",
)
"""What is read of it."""

_LIKE_OURS: dict[str, tuple[str, ...]] = {
    "resize_type": ("standard", "fit_to_window_letterbox"),
    "interpolation_mode": ("LINEAR",),
    "intensity_mode": ("none", "scale_to_unit"),
    "input_dtype": ("u8",),
}
"""Values that a contract can say, the one first that holds where none is given."""

_FULL = 255.0


def contract_of_model_info(
    info: Mapping[str, str], image: Sequence[int | None], channels: int | None, layout: str, *, source: str
) -> Contract | None:
    """Return what a description says.

    Args:
        info: its entries.
        image: lengths of the network's input, None where free.
        channels: of its output; None where unknown.
        layout: of the input as the graph says it, such as `NHWC`; empty where it doesn't.
        source: the file, for errors.

    Returns:
        The contract; None where the description names no kind of model.

    Raises:
        ContractError: the model is of another kind than Segmentation, or asks for what no contract can say.
    """
    kind = info.get("model_type", "")
    if not kind:
        return None
    if kind.lower() != "segmentation":
        raise ContractError(
            f"{source}: it is a model of Model API's kind {kind}; mattekit runs those of Segmentation, and others only "
            "with --contract"
        )
    told = {name: info.get(name) or usual[0] for name, usual in _LIKE_OURS.items()}
    strange = next((name for name, usual in _LIKE_OURS.items() if told[name] not in usual), None)
    if strange is not None:
        raise ContractError(
            f"{source}: its model_info asks for {strange} {told[strange]}, which no contract can say; give --contract"
        )
    if info.get("blur_strength", "-1") not in {"-1", "0"}:
        raise ContractError(
            f"{source}: its model_info has scores blurred (blur_strength {info['blur_strength']}), which no contract "
            "can say; give --contract"
        )
    nhwc = layout == "NHWC" or (not layout and len(image) == 4 and image[3] in {1, 3} and image[1] not in {1, 3})
    embedded = _is_true(info.get("embedded_processing", ""))
    sides = tuple(image[1:3] if nhwc else image[2:4])
    scaled = told["intensity_mode"] == "scale_to_unit"
    most = _numbers(info.get("intensity_max_value", ""), (_FULL,), "intensity_max_value", source)
    divide = most[0] if scaled else 1.0
    wanted: dict[str, Any] = {"layout": "NHWC" if nhwc else "NCHW"}
    if all(sides):
        wanted |= {"height": sides[0], "width": sides[1]}
    if embedded:
        # The graph takes the image as it was read, and does the rest.
        wanted |= {"dtype": "u8", "colour_order": "BGR", "divide_by": 1.0}
    else:
        wanted |= {
            "colour_order": "RGB" if _is_true(info.get("reverse_input_channels", "")) else "BGR",
            "divide_by": divide,
            "mean": _numbers(info.get("mean_values", ""), (0.0,), "mean_values", source),
            "std": _numbers(info.get("scale_values", ""), (1.0,), "scale_values", source),
        }
        if told["resize_type"] != "standard" and all(sides):
            pad = _numbers(info.get("pad_value", ""), (0.0,), "pad_value", source)
            wanted |= {"aspect": "letterbox", "pad_value": pad}
    output = {"kind": "classes", "labels": _labels(info.get("labels", "").split(), channels)}
    try:
        return Contract.model_validate({"task": "segmentation", "input": wanted, "output": output})
    except ValidationError as error:
        raise ContractError(
            f"{source}: its model_info makes no contract ({first_mistake(error, 'contract')}); give --contract"
        ) from error


def model_info_of(contract: Contract, *, outputs: int) -> dict[str, str] | None:
    """Return how Model API's wrapper for segmentation is to run a network.

    Args:
        contract: the network's.
        outputs: how many the network has.

    Returns:
        The description; None where the wrapper could not run it, or would give other answers: it takes images of a
        fixed size resized linearly, and one output of scores for two classes or more.
    """
    wanted, given = contract.input, contract.output
    pads = set(wanted.pad_value)
    if (
        given.kind != "classes"
        or given.indices
        or given.layout != "NCHW"
        or outputs != 1
        or wanted.height is None
        or wanted.channels != 3
        or wanted.divide_by == "image_max"
        or wanted.resize != "linear"
        or (wanted.aspect == "letterbox" and (len(pads) > 1 or any(value % 1 for value in pads)))
    ):
        return None
    scale = float(wanted.divide_by)
    info = {
        "model_type": "Segmentation",
        # Its labels are those of the classes behind the background, without spaces.
        "labels": " ".join("_".join(label.split()) for label in given.labels[1:]),
        "reverse_input_channels": str(wanted.colour_order == "RGB"),
        "resize_type": "fit_to_window_letterbox" if wanted.aspect == "letterbox" else "standard",
        "mean_values": " ".join(f"{value * scale:.9g}" for value in wanted.per_channel(wanted.mean)),
        "scale_values": " ".join(f"{value * scale:.9g}" for value in wanted.per_channel(wanted.std)),
    }
    return info | ({"pad_value": f"{next(iter(pads)):.0f}"} if wanted.aspect == "letterbox" else {})


def matte_info(*, any_size: bool) -> dict[str, str]:
    """Return how Model API's wrapper for segmentation is to run a graph that takes images, and scores two classes.

    Args:
        any_size: the graph takes images as they are, so that the wrapper hands them on; it would resize them otherwise.
    """
    info = {"model_type": "Segmentation", "labels": "subject", "blur_strength": "-1", "return_soft_prediction": "True"}
    return info | ({"embedded_processing": "True"} if any_size else {"resize_type": "standard"})


def _is_true(text: str) -> bool:
    return text in {"True", "YES"}


def _numbers(text: str, usual: tuple[float, ...], name: str, source: str) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in text.split()) or usual
    except ValueError as error:
        raise ContractError(f"{source}: its model_info has {name} {text!r}, which are no numbers") from error


def _labels(named: list[str], channels: int | None) -> list[str]:
    """Name every class: some describe all of them, some only those behind the background."""
    count = channels if channels is not None else len(named) + 1
    if len(named) == count:
        return named
    rest = named if len(named) == count - 1 else [f"class_{number}" for number in range(1, count)]
    return ["background" if "background" not in rest else "_", *rest]

"""How images are prepared for networks, by the names under which the field knows it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...core import ContractError, did_you_mean

__all__ = ["PRESETS", "Preparation", "preset_of"]

_IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


class Preparation(NamedTuple):
    """A way to prepare images, and what its networks give.

    Attributes:
        title: who prepares images so.
        input: fields of the contract's input that are not as usual.
        output: fields of its output.
        infers: whether it is tried where a contract is looked for; others differ from one that is in resampling alone.
    """

    title: str
    input: dict[str, Any]
    output: dict[str, Any] | None = None
    infers: bool = True


PRESETS: dict[str, Preparation] = {
    "unit": Preparation("values 0 to 1", {}),
    "imagenet": Preparation("0 to 1, then ImageNet's mean and deviation: torchvision, timm, smp", _IMAGENET),
    "half": Preparation("-1 to 1", {"mean": (0.5,), "std": (0.5,)}),
    "levels": Preparation("levels of 0 to 255 as they are", {"divide_by": 1.0}),
    "imagenet-levels": Preparation(
        "levels, then ImageNet's mean and deviation times 255",
        {"divide_by": 1.0, "mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)},
        infers=False,
    ),
    "caffe-bgr": Preparation(
        "levels in BGR without their mean: Caffe, Detectron",
        {"colour_order": "BGR", "divide_by": 1.0, "mean": (103.939, 116.779, 123.68)},
    ),
    "u2net": Preparation(
        "the image's maximum, then ImageNet's numbers; masks stretched to 0 to 1: the U²-Net family",
        {"divide_by": "image_max", **_IMAGENET},
        {"min_max": True, "rounding": "down", "resize": "bilinear_antialias"},
    ),
    "rembg": Preparation(
        "as u2net, resized as rembg does",
        {"divide_by": "image_max", "resize": "lanczos", **_IMAGENET},
        {"min_max": True, "rounding": "down", "resize": "lanczos"},
        infers=False,
    ),
    "isnet": Preparation(
        "0 to 1 around 0.5; masks stretched to 0 to 1: IS-Net, DIS",
        {"mean": (0.5,), "std": (1.0,)},
        {"min_max": True},
    ),
    "rembg-isnet": Preparation(
        "as isnet with the image's maximum, resized as rembg does",
        {"divide_by": "image_max", "mean": (0.5,), "std": (1.0,), "resize": "lanczos"},
        {"min_max": True, "rounding": "down", "resize": "lanczos"},
        infers=False,
    ),
    "modnet": Preparation(
        "-1 to 1, resized by area-aware bilinear filters; alpha as it is: MODNet",
        {"mean": (0.5,), "std": (0.5,), "resize": "bilinear_antialias"},
        infers=False,
    ),
    "torchvision": Preparation(
        "ImageNet's numbers, resized with anti-aliasing: torchvision's own transforms",
        {"resize": "bilinear_antialias", **_IMAGENET},
        infers=False,
    ),
}


def preset_of(name: str) -> Preparation:
    """Return a preset by its name.

    Raises:
        ContractError: there is none of that name.
    """
    if name not in PRESETS:
        near = did_you_mean(name, PRESETS) or f"; give {', '.join(PRESETS)}"
        raise ContractError(f"{name!r} is no preset of contracts{near}")
    return PRESETS[name]

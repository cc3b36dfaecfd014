"""BiRefNet (Zheng et al., CAAI AIR 2024) as its authors release it in ONNX, with their own steps."""

from __future__ import annotations

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights
from .u2net import IMAGENET_MEAN, IMAGENET_STD

__all__ = ["SPECS"]

_HOME = "https://github.com/ZhengPeng7/BiRefNet"
_RELEASE = f"{_HOME}/releases/download/v1"
_LICENCE = Licence(
    code="MIT",
    weights="MIT (by the repository; the author calls that a mistake for weights trained on DIS5K)",
    granted=None,
    source=f"{_HOME}/issues/306",
)


def _spec(name: str, title: str, filename: str, side: int, *, sha256: str, size: int) -> ModelSpec:
    return ModelSpec(
        id=f"birefnet-{name}",
        title=f"BiRefNet, {title}",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=side, width=side, mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="linear"),
            output=OutputContract(kind="alpha", activation="sigmoid", resize="linear"),
        ),
        weights=Weights(filename=filename, urls=(f"{_RELEASE}/{filename}",), sha256=sha256, size=size),
        licence=_LICENCE,
        source="onnx",
        paper="https://arxiv.org/abs/2401.03407",
        homepage=_HOME,
        notes=(
            "Which photos it was trained on is not said for these weights alone.",
            "Its hash has one independent source.",
        ),
    )


SPECS: tuple[ModelSpec, ...] = (
    _spec(
        "matting",
        "mattes of people and objects",
        "BiRefNet-matting-epoch_100.onnx",
        1024,
        sha256="6065d27c615ea27308f5b88598dd8db116eb07436c7a323ca40d13b2866c309e",
        size=972_667_742,
    ),
    _spec(
        "hr-matting",
        "mattes at 2048 pixels",
        "BiRefNet_HR-matting-epoch_135.onnx",
        2048,
        sha256="45b7d92ce0e2e75e1c8a564a9e84c87ac9da7f4315d2deeef3674864e809aef3",
        size=1_098_928_867,
    ),
    _spec(
        "hr-general",
        "any object at 2048 pixels",
        "BiRefNet_HR-general-epoch_130.onnx",
        2048,
        sha256="db0217e99b25e0c4f6f4dca2892ff1f7ea7aba38fb6ad84f93122a4024be536a",
        size=1_098_928_953,
    ),
    _spec(
        "general-512-fp16",
        "any object at 512 pixels, stored in FP16",
        "BiRefNet-general-resolution_512x512-fp16-epoch_216.onnx",
        512,
        sha256="18b64a270d3abe7d36e665500c3f24136bcaf7616771b4cb21c6e8c57fec7237",
        size=940_526_436,
    ),
)

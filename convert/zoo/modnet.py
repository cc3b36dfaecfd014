"""MODNet (Ke et al., AAAI 2022): mattes of people, as a ready-made ONNX file."""

from __future__ import annotations

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights

__all__ = ["SPECS"]

_HOME = "https://github.com/ZHKKKe/MODNet"
_MIRROR = "https://huggingface.co/Xenova/modnet/resolve/fa2fa546052fba4c08921230a26cc69a333fca12"
_DRIVE = "https://drive.usercontent.google.com/download?id=1cgycTQlYXpTh26gB9FTnthE7AvruV8hd&export=download&confirm=t"
_HALF = (0.5, 0.5, 0.5)

SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="modnet",
        title="MODNet, mattes of people",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=512, width=512, mean=_HALF, std=_HALF, resize="bilinear_antialias"),
            output=OutputContract(kind="alpha", resize="linear"),
        ),
        weights=Weights(
            filename="modnet_photographic_portrait_matting.onnx",
            urls=(_DRIVE, f"{_MIRROR}/onnx/model.onnx"),
            sha256="07c308cf0fc7e6e8b2065a12ed7fc07e1de8febb7dc7839d7b7f15dd66584df9",
            size=25_888_640,
        ),
        licence=Licence(code="Apache-2.0", weights="Apache-2.0", granted=True, source=f"{_HOME}#license"),
        source="onnx",
        paper="https://arxiv.org/abs/2011.11961",
        homepage=_HOME,
        proven=True,
        notes=(
            "Made for photos of people: it takes anything else for the background, or for a part of somebody.",
            "The authors keep the aspect ratio, the shorter side at 512; here images are stretched to 512x512.",
        ),
    ),
)

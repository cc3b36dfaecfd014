"""BRIA's RMBG networks: the background of any photo, for non-commercial use alone."""

from __future__ import annotations

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights
from .u2net import IMAGENET_MEAN, IMAGENET_STD

__all__ = ["SPECS"]

_HUB = "https://huggingface.co/briaai"
_PINNED = f"{_HUB}/RMBG-1.4/resolve/2ceba5a5efaec153162aedea169f76caf9b46cf8"
_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"

SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="rmbg-1-4",
        title="RMBG-1.4, any object; not for commercial use",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=1024, width=1024, mean=(0.5, 0.5, 0.5), resize="linear"),
            output=OutputContract(kind="alpha", min_max=True, resize="linear"),
        ),
        weights=Weights(
            filename="rmbg-1.4.onnx",
            urls=(f"{_PINNED}/onnx/model.onnx",),
            sha256="8cafcf770b06757c4eaced21b1a88e57fd2b66de01b8045f35f01535ba742e0f",
            size=176_153_355,
        ),
        licence=Licence(
            code="bria-rmbg-1.4", weights="bria-rmbg-1.4, non-commercial", granted=False, source=f"{_HUB}/RMBG-1.4"
        ),
        source="onnx",
        paper="https://arxiv.org/abs/2203.03041",
        homepage=f"{_HUB}/RMBG-1.4",
        notes=("IS-Net's architecture, trained on photos that its publisher licensed.",),
    ),
    ModelSpec(
        id="rmbg-2-0",
        title="RMBG-2.0, any object; not for commercial use",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=1024, width=1024, mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="linear"),
            output=OutputContract(kind="alpha", resize="linear"),
        ),
        weights=Weights(
            filename="bria-rmbg-2.0.onnx",
            urls=(f"{_RELEASE}/bria-rmbg-2.0.onnx",),
            sha256="5b486f08200f513f460da46dd701db5fbb47d79b4be4b708a19444bcd4e79958",
            size=1_024_331_469,
        ),
        licence=Licence(code="CC-BY-NC-4.0", weights="CC-BY-NC-4.0", granted=False, source=f"{_HUB}/RMBG-2.0"),
        source="onnx",
        paper="https://arxiv.org/abs/2401.03407",
        homepage=f"{_HUB}/RMBG-2.0",
        notes=(
            "BiRefNet's architecture. Its publisher asks for an account; the address is rembg's.",
            "These are its publisher's steps; rembg resizes by Lanczos and stretches the mask.",
        ),
    ),
)

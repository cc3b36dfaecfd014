"""srlite: the super-resolution networks that come with mattekit, x2 and x4, trained by this project."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import SAFE_SIDE, Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]

_HALO = 12
"""Twelve 3x3 convolutions in a row: no pixel further away than this is looked at."""


def _build(scale: int) -> nn.Module:
    from ..networks.srlite import SrLite

    return SrLite(scale).eval()


def _spec(scale: int, *, sha256: str, size: int) -> ModelSpec:
    filename = f"srlite-x{scale}.safetensors"
    return ModelSpec(
        id=f"srlite-x{scale}",
        title=f"srlite x{scale}, clean images, bundled",
        task="super_resolution",
        contract=Contract(
            task="super_resolution",
            input=InputContract(min_side=SAFE_SIDE),
            output=OutputContract(kind="image", scale=scale),
            halo=_HALO,
        ),
        weights=Weights(filename=filename, bundled=filename, sha256=sha256, size=size),
        licence=Licence(code="Apache-2.0", weights="Apache-2.0", granted=True),
        build=partial(_build, scale),
        proven=True,
        notes=(
            "For first steps, tests and low-power devices: larger networks restore more.",
            "Sharpens the luminance; colour is enlarged by a bicubic filter.",
            "Trained on BSDS500 photos (published for research, without a licence) and drawn images.",
        ),
    )


SPECS: tuple[ModelSpec, ...] = (
    _spec(2, sha256="84e8c0e41de7211d4beba8306ab7f5188276969494305b487fed337e323da696", size=427_488),
    _spec(4, sha256="cccb78a9c2d8b6a94ce9f6fad2963c3dc97f6b5dcb2c99a50034e039e1885c69", size=443_280),
)

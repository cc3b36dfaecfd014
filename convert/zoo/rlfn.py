"""RLFN (Kong et al., CVPR Workshops 2022): light super-resolution of clean pictures, x4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.contract import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]

_RAW = "https://raw.githubusercontent.com/Amazingren/NTIRE2024_ESR"


def _build() -> nn.Module:
    from ..networks.rlfn import RLFN

    return RLFN(4).eval()


SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="rlfn-x4",
        title="RLFN x4, clean pictures, light",
        task="super_resolution",
        contract=Contract(
            task="super_resolution",
            # From 15 on it runs; from 33 on the smallest map of its attention is 4x4, well above 1x1 (`SAFE_SIDE`).
            input=InputContract(divide_by=1.0, min_side=33),
            output=OutputContract(kind="image", scale=4, value_max=255.0),
            # Its attention samples the picture on a grid of 6 pixels.
            halo=18,
            tile_step=6,
        ),
        weights=Weights(
            filename="team00_rlfn.pth",
            urls=(f"{_RAW}/main/model_zoo/team00_rlfn.pth", f"{_RAW}/6404fa4/model_zoo/team00_rlfn.pth"),
            sha256="3c9be7b9d7a4bece9b68c83a56a1ffb38010f76413d5f215be6b4be842e18fb2",
            size=1_294_011,
        ),
        licence=Licence(code="MIT", weights="MIT", commercial=True),
        build=_build,
        paper="https://arxiv.org/abs/2205.07514",
        homepage="https://github.com/Amazingren/NTIRE2024_ESR",
        notes=(
            "The baseline of the NTIRE 2024 challenge on efficient super-resolution, from that challenge's repository.",
            "Height and width must be at least 15.",
            "Tiles that begin at multiples of 6 pixels differ least from the whole picture.",
        ),
    ),
)

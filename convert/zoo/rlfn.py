"""RLFN (Kong et al., CVPR Workshops 2022): light super-resolution of clean images, x4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import Licence, ModelSpec, Weights, enlarging_figures
from .rfdn import CONTRACT, NOTES

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]

_PAPER = "https://arxiv.org/abs/2205.07514"
_RAW = "https://raw.githubusercontent.com/Amazingren/NTIRE2024_ESR"


def _build() -> nn.Module:
    from ..networks.rlfn import RLFN

    return RLFN(4).eval()


SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="rlfn-x4",
        title="RLFN x4, clean images, light",
        task="super_resolution",
        contract=CONTRACT,
        weights=Weights(
            filename="team00_rlfn.pth",
            urls=(f"{_RAW}/6404fa48dde4a4adbf241a51debdc661aef20449/model_zoo/team00_rlfn.pth",),
            sha256="3c9be7b9d7a4bece9b68c83a56a1ffb38010f76413d5f215be6b4be842e18fb2",
            size=1_294_011,
        ),
        licence=Licence(code="MIT", weights="MIT", granted=True),
        build=_build,
        proven=True,
        paper=_PAPER,
        published=enlarging_figures(_PAPER, "32.24", "0.8952", "28.62", "0.7813"),
        homepage="https://github.com/Amazingren/NTIRE2024_ESR",
        notes=(
            "The baseline of the NTIRE 2024 challenge on efficient super-resolution, from that challenge's repository;"
            " first published by ByteDance (https://github.com/bytedance/RLFN).",
            *NOTES,
        ),
    ),
)

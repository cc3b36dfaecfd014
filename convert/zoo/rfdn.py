"""RFDN (Liu et al., ECCV Workshops 2020): light super-resolution of clean images, x4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights, enlarging_figures

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CONTRACT", "NOTES", "SPECS"]

_PAPER = "https://arxiv.org/abs/2009.11551"
_RAW = "https://raw.githubusercontent.com/njulj/RFDN"


def _build() -> nn.Module:
    from ..networks.rfdn import RFDN

    return RFDN(4).eval()


CONTRACT = Contract(
    task="super_resolution",
    # From 15 on it runs; from 33 on the smallest map of its attention is 4x4, well above 1x1 (`SAFE_SIDE`).
    input=InputContract(divide_by=1.0, min_side=33),
    output=OutputContract(kind="image", scale=4, value_max=255.0),
    # Its attention samples the image on a grid of 6 pixels.
    halo=18,
    tile_step=6,
)
"""Of a network with that attention."""

NOTES = (
    "Height and width must be at least 15.",
    "Tiles that begin at multiples of 6 pixels differ least from the whole image.",
)

SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="rfdn-x4",
        title="RFDN x4, clean images, light",
        task="super_resolution",
        contract=CONTRACT,
        weights=Weights(
            filename="RFDN_AIM.pth",
            urls=(
                f"{_RAW}/ca002cfccd5f3eeaa28fbfbd04493d9448bd5cbf/trained_model/RFDN_AIM.pth",
                f"{_RAW}/master/trained_model/RFDN_AIM.pth",
            ),
            sha256="11af8ec8ebd68689e90ef1e29044f9804c72d3bd9f7573820b7b26035782760c",
            size=1_754_927,
        ),
        licence=Licence(code="MIT", weights="MIT", granted=True),
        build=_build,
        proven=True,
        paper=_PAPER,
        published=enlarging_figures(_PAPER, "32.24", "0.8952", "28.61", "0.7819"),
        homepage="https://github.com/njulj/RFDN",
        notes=NOTES,
    ),
)

"""IMDN (Hui et al., ACM MM 2019): light super-resolution of clean images, x2, x3 and x4."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import SAFE_SIDE, Licence, ModelSpec, Weights, enlarging_figures

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]

_PAPER = "https://arxiv.org/abs/1909.11856"
_PUBLISHED = {
    2: ("38.00", "0.9605", "33.63", "0.9177"),
    3: ("34.36", "0.9270", "30.32", "0.8417"),
    4: ("32.21", "0.8948", "28.58", "0.7811"),
}
_RAW = "https://raw.githubusercontent.com/Zheng222/IMDN"
_COMMIT = "f8a43074c7c8ea33ea7c33ce43a698c086007fd0"


def _build(scale: int) -> nn.Module:
    from ..networks.imdn import IMDN

    return IMDN(scale).eval()


def _spec(scale: int, *, sha256: str, size: int) -> ModelSpec:
    filename = f"IMDN_x{scale}.pth"
    return ModelSpec(
        id=f"imdn-x{scale}",
        title=f"IMDN x{scale}, clean images, light",
        task="super_resolution",
        contract=Contract(
            task="super_resolution",
            input=InputContract(min_side=SAFE_SIDE),
            output=OutputContract(kind="image", scale=scale),
            halo=16,
        ),
        weights=Weights(
            filename=filename,
            urls=(f"{_RAW}/{_COMMIT}/checkpoints/{filename}", f"{_RAW}/master/checkpoints/{filename}"),
            sha256=sha256,
            size=size,
        ),
        licence=Licence(code="not stated", weights="not stated", granted=None),
        build=partial(_build, scale),
        proven=scale != 3,
        paper=_PAPER,
        published=enlarging_figures(_PAPER, *_PUBLISHED[scale]),
        homepage="https://github.com/Zheng222/IMDN",
        notes=(
            "The repository has no licence file: ask its authors before any use beyond measuring.",
            "Its channel attention looks at the whole image, so tiles differ slightly whatever their overlap.",
        ),
    )


SPECS: tuple[ModelSpec, ...] = (
    _spec(2, sha256="740b39653592bd3f49955a21cd9e16f2d37f2c413368cc09327601b8fbe42ce1", size=2_796_052),
    _spec(3, sha256="11b1716a19bc16e5e353e1db798d476169338e631eb170c82d765559888cb028", size=2_830_672),
    _spec(4, sha256="e660c38221147217a136debeb99eb304d62d9c0f73ac421ed66281b619719714", size=2_879_112),
)

"""SPAN (Wan et al., CVPR Workshops 2024): light super-resolution of clean images, x2 and x4."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import SAFE_SIDE, Licence, ModelSpec, Weights, enlarging_figures

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["SPECS"]

_HOME = "https://github.com/hongyuanyu/SPAN"
_PAPER = "https://arxiv.org/abs/2311.12770"
_PUBLISHED = {2: ("38.08", "0.9608", "33.71", "0.9183"), 4: ("32.20", "0.8953", "28.66", "0.7834")}
_HALO = 21
"""Twenty-one 3x3 convolutions in a row: no pixel further away than this is looked at."""


def _build(scale: int) -> nn.Module:
    from ..networks.span import SPAN

    return SPAN(scale).eval()


def _adapt(state: dict[str, Tensor]) -> dict[str, Tensor]:
    from ..networks.span import fuse

    return fuse(state)


def _spec(
    scale: int, hash_note: str, *, sha256: str | None = None, prefix: str | None = None, size: int | None = None
) -> ModelSpec:
    return ModelSpec(
        id=f"span-x{scale}",
        title=f"SPAN x{scale}, clean images, light",
        task="super_resolution",
        contract=Contract(
            task="super_resolution",
            input=InputContract(min_side=SAFE_SIDE),
            output=OutputContract(kind="image", scale=scale),
            halo=_HALO,
        ),
        weights=Weights(filename=f"spanx{scale}_ch48.pth", sha256=sha256, sha256_prefix=prefix, size=size),
        licence=Licence(code="Apache-2.0", weights="Apache-2.0 (by the README)", granted=True, source=_HOME),
        build=partial(_build, scale),
        adapt=_adapt,
        proven=True,
        paper=_PAPER,
        published=enlarging_figures(_PAPER, *_PUBLISHED[scale]),
        homepage=_HOME,
        notes=(
            "The publisher gives all weights in one archive, span.zip on Google Drive: unpack it.",
            "OpenModelDB has copies for a direct download, saved anew and so in other bytes: give one with --weights "
            "(https://github.com/OpenModelDB/model-hub/releases/tag/span).",
            hash_note,
        ),
    )


SPECS: tuple[ModelSpec, ...] = (
    _spec(2, "Of its hash only the first digits are published, by one source.", prefix="561fd5cf419a"),
    _spec(
        4,
        "Its hash has two independent sources.",
        sha256="28fef8c6c845a0169afed9f9f566679990ef4c03fef9885298655fb5e4036402",
        size=18_029_841,
    ),
)

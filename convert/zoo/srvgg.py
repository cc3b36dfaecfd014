"""Real-ESRGAN's small networks (Wang et al., ICCV Workshops 2021): SRVGGNetCompact, x4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import SAFE_SIDE, ModelSpec
from .rrdbnet import released

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]


def _general() -> nn.Module:
    from ..networks.srvgg import SRVGGNetCompact

    return SRVGGNetCompact(4, convs=32).eval()


def _anime_video() -> nn.Module:
    from ..networks.srvgg import SRVGGNetCompact

    return SRVGGNetCompact(4, convs=16).eval()


def _contract(halo: int) -> Contract:
    return Contract(
        task="super_resolution",
        input=InputContract(min_side=SAFE_SIDE),
        output=OutputContract(kind="image", scale=4),
        halo=halo,
    )


SPECS: tuple[ModelSpec, ...] = (
    released(
        "realesr-general-x4v3",
        "Real-ESRGAN general x4 v3, damaged photos, small",
        _general,
        _contract(24),
        "v0.2.5.0/realesr-general-x4v3.pth",
        sha256="8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
        size=4_885_111,
        notes=(
            "This is denoise strength 1; the publisher's script mixes the weights with those of "
            "realesr-general-wdn-x4v3 for less, half and half at 0.5: export it with --denoise.",
        ),
        undenoised="realesr-general-wdn-x4v3",
    ),
    released(
        "realesr-general-wdn-x4v3",
        "Real-ESRGAN general x4 v3 without denoising, damaged photos, small",
        _general,
        _contract(24),
        "v0.2.5.0/realesr-general-wdn-x4v3.pth",
        sha256="1641f8c4464b9f097c9fdda5589273713f67cf59f3d909e0bd688f0cee269dca",
        size=4_885_111,
        notes=("This is denoise strength 0 of realesr-general-x4v3; between the two: export that with --denoise.",),
    ),
    released(
        "realesr-animevideov3",
        "Real-ESRGAN anime video v3, x4, small",
        _anime_video,
        # 18 convolutions of 3x3: no input pixel further away than 18 has any influence, so tiles leave no seam at all.
        _contract(18),
        "v0.2.5.0/realesr-animevideov3.pth",
        sha256="b8a8376811077954d82ca3fcf476f1ac3da3e8a68a4f4d71363008000a18b75d",
        size=2_504_012,
        proven=True,
    ),
)

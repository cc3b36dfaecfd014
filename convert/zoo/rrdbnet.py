"""Real-ESRGAN's large networks (Wang et al., ICCV Workshops 2021): RRDBNet, x2 and x4."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..spec import SAFE_SIDE, Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS", "released"]

_RELEASES = "https://github.com/xinntao/Real-ESRGAN/releases/download"
_MIRROR = "https://huggingface.co/leonelhs/realesrgan/resolve/6907f85a9095e201ec4b3c7e91bbb66cdec0f04d"


def _x4() -> nn.Module:
    from ..networks.rrdbnet import RRDBNet

    return RRDBNet(4).eval()


def _x2() -> nn.Module:
    from ..networks.rrdbnet import RRDBNet

    return RRDBNet(2).eval()


def _anime() -> nn.Module:
    from ..networks.rrdbnet import RRDBNet

    return RRDBNet(4, blocks=6).eval()


def _contract(scale: int) -> Contract:
    return Contract(
        task="super_resolution",
        # At x2 the network folds 2x2 pixels into channels first.
        input=InputContract(multiple=4 // scale, min_side=SAFE_SIDE * 4 // scale),
        output=OutputContract(kind="image", scale=scale),
        halo=24,
    )


def released(
    id_: str,
    title: str,
    build: Callable[[], nn.Module],
    contract: Contract,
    file: str,
    *,
    sha256: str,
    size: int,
    proven: bool = False,
    notes: tuple[str, ...] = (),
) -> ModelSpec:
    """Return the entry of a network of Real-ESRGAN; `file` is `VERSION/NAME` as it is released."""
    filename = file.rpartition("/")[2]
    return ModelSpec(
        id=id_,
        title=title,
        task="super_resolution",
        contract=contract,
        weights=Weights(
            filename=filename, urls=(f"{_RELEASES}/{file}", f"{_MIRROR}/{filename}"), sha256=sha256, size=size
        ),
        licence=Licence(code="BSD-3-Clause", weights="BSD-3-Clause", granted=True),
        build=build,
        paper="https://arxiv.org/abs/2107.10833",
        homepage="https://github.com/xinntao/Real-ESRGAN",
        proven=proven,
        notes=("Trained as a GAN: it invents plausible detail.", *notes),
    )


SPECS: tuple[ModelSpec, ...] = (
    released(
        "realesrgan-x4plus",
        "Real-ESRGAN x4plus, damaged photos",
        _x4,
        _contract(4),
        "v0.1.0/RealESRGAN_x4plus.pth",
        sha256="4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
        size=67_040_989,
    ),
    released(
        "realesrgan-x2plus",
        "Real-ESRGAN x2plus, damaged photos",
        _x2,
        _contract(2),
        "v0.2.1/RealESRGAN_x2plus.pth",
        sha256="49fafd45f8fd7aa8d31ab2a22d14d91b536c34494a5cfe31eb5d89c2fa266abb",
        size=67_061_725,
        notes=("Height and width must be even.",),
    ),
    released(
        "realesrgan-x4plus-anime-6b",
        "Real-ESRGAN x4plus, anime, small",
        _anime,
        _contract(4),
        "v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth",
        sha256="f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da",
        size=17_938_799,
        proven=True,
    ),
)

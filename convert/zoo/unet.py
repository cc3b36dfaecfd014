"""U-Net (Ronneberger et al., MICCAI 2015) as milesial's Pytorch-UNet trains it, and its release for Carvana's cars."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..fine_tunes import Shapes, fitted, length_of
from ..spec import Licence, ModelSpec, Weights

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SPECS"]

_PAPER = "https://arxiv.org/abs/1505.04597"
_HOME = "https://github.com/milesial/Pytorch-UNet"


def _build(
    channels: int = 3, classes: int = 2, width: int = 64, *, bilinear: bool = False, bias: bool = False
) -> nn.Module:
    from ..networks.unet import UNet

    return UNet(channels, classes, bilinear=bilinear, width=width, bias=bias).eval()


def _fine_tuned(spec: ModelSpec, shapes: Shapes) -> ModelSpec | None:
    first = shapes.get("inc.double_conv.0.weight", ())
    if len(first) != 4:
        return None
    build = partial(
        _build,
        first[1],
        length_of(shapes, "outc.conv.weight") or 1,
        first[0],
        bilinear="up1.up.weight" not in shapes,
        bias="inc.double_conv.0.bias" in shapes,
    )
    return fitted(spec, build, classes=length_of(shapes, "outc.conv.weight"), channels=first[1])


def _contract(height: int, width: int, labels: tuple[str, ...]) -> Contract:
    return Contract(
        task="segmentation",
        input=InputContract(height=height, width=width, resize="bicubic_antialias"),
        output=OutputContract(kind="classes", labels=labels),
    )


SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="unet",
        title="U-Net of your own training",
        task="segmentation",
        contract=_contract(512, 512, ("background", "class-1")),
        weights=Weights(filename="unet.pth"),
        licence=Licence(code="Apache-2.0", weights="not stated: there are none", granted=None),
        build=_build,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage=_HOME,
        notes=(
            "No weights are published under this name, so there is no licence and no hash: give your own with "
            "--weights.",
            "How many classes and channels, how wide, and whether it resamples or convolves on the way up is read off "
            "the checkpoint; one class is an alpha, several are classes with the background first.",
            "Images are stretched to 512x512: give --size as you trained.",
        ),
    ),
    ModelSpec(
        id="unet-carvana",
        title="U-Net, cars in Carvana's studio",
        task="segmentation",
        contract=_contract(640, 960, ("background", "car")),
        weights=Weights(
            filename="unet_carvana_scale0.5_epoch2.pth",
            urls=(f"{_HOME}/releases/download/v3.0/unet_carvana_scale0.5_epoch2.pth",),
        ),
        licence=Licence(code="Apache-2.0", weights="GPL-3.0 (by the repository)", granted=None, source=_HOME),
        build=_build,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage=_HOME,
        notes=(
            "The publisher's repository is GPL-3.0 and says nothing of the weights apart; the photos are of a "
            "competition whose terms it does not discuss, so commercial use is unclear. The network here is mattekit's "
            "own code.",
            "The publisher halves each image, 1918x1280 in Carvana's data; here every image is stretched to 960x640, "
            "which is that size on a grid of 16. Give --size for images of another shape.",
            "No hash is published; the SHA-256 is shown on first use.",
        ),
    ),
)

"""mattelite: the segmentation network that comes with mattekit, of the U²-Net family and trained by this project."""

from __future__ import annotations

from functools import partial

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights
from .u2net import IMAGENET_MEAN, IMAGENET_STD, fine_tuned, u2net

__all__ = ["SPECS"]

_SIDE = 208


SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="mattelite",
        title="mattelite, any salient object, bundled",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(
                height=_SIDE,
                width=_SIDE,
                divide_by="image_max",
                mean=IMAGENET_MEAN,
                std=IMAGENET_STD,
                resize="bilinear_antialias",
            ),
            output=OutputContract(kind="alpha", min_max=True, resize="linear"),
        ),
        weights=Weights(
            filename="mattelite.safetensors",
            bundled="mattelite.safetensors",
            sha256="3a7f18ca5beebea37f39ce71d5b58448ff2d992b207571eafb0fb32b1a4f33ec",
            size=1_595_706,
        ),
        licence=Licence(code="Apache-2.0", weights="Apache-2.0", granted=True),
        build=partial(u2net, "MATTELITE"),
        fine_tune=partial(fine_tuned, "MATTELITE"),
        proven=True,
        paper="https://arxiv.org/abs/2005.09007",
        notes=(
            "For first steps, tests and low-power devices: official weights cut better edges.",
            "Distilled from the activations of U2NETP (xuebinqin/U-2-Net, Apache-2.0), layer by layer.",
            "Some of the training photos (ECSSD, DAVIS, BSDS500) are published for research, without a licence.",
        ),
    ),
)

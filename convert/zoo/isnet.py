"""IS-Net (Qin et al., ECCV 2022): the authors' checkpoint for objects of any kind, with their own steps."""

from __future__ import annotations

from functools import partial

from ...core import Contract, InputContract, OutputContract
from ..spec import Licence, ModelSpec, Weights
from .rembg import DIS5K
from .u2net import drive, fine_tuned, u2net

__all__ = ["SPECS"]

_HOME = "https://github.com/xuebinqin/DIS"
_MIRROR = "https://huggingface.co/NimaBoscarino/IS-Net_DIS-general-use/resolve/main"

SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="isnet-general-use",
        title="IS-Net, any object, fine detail",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=1024, width=1024, mean=(0.5, 0.5, 0.5), resize="linear"),
            output=OutputContract(kind="alpha", min_max=True, rounding="down", resize="linear"),
        ),
        weights=Weights(
            filename="isnet-general-use.pth",
            urls=(drive("1nV57qKuy--d5u1yvkng9aXW1KS4sOpOi"), f"{_MIRROR}/isnet-general-use.pth"),
            sha256="9e1aafea58f0b55d0c35077e0ceade6ba1ba2bce372fd4f8f77215391f3fac13",
        ),
        licence=Licence(
            code="Apache-2.0", weights="not stated", granted=None, source=f"{_HOME}/issues/150", data=(DIS5K,)
        ),
        build=partial(u2net, "ISNET", sides=6, fusion=0),
        fine_tune=partial(fine_tuned, "ISNET"),
        proven=True,
        paper="https://arxiv.org/abs/2203.03041",
        homepage=_HOME,
        notes=(
            "The repository licenses code and metric; whether that covers the weights is an open question there.",
            "Its hash has two sources: public code that pins the same file. Its tensors, rounded to 16 bits, answer "
            "as the graph that they came from does; its accuracy was not measured here.",
            "Other checkpoints of the network fit too, such as the authors' isnet.pth and RMBG-1.4's: give them with "
            "--weights.",
        ),
    ),
)

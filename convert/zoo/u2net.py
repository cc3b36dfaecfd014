"""The official U²-Net checkpoints (Qin et al., Pattern Recognition 106, 2020) and Levin Dabhi's clothes parser."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from ...core import Contract, InputContract, OutputContract
from ..fine_tunes import Shapes, count_of, fitted, length_of
from ..spec import Licence, ModelSpec, PublishedFigure, Weights

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "APACHE_SOURCE",
    "CLOTH_LABELS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "SPECS",
    "drive",
    "fine_tuned",
    "u2net",
]

Stages = Literal["U2NET", "U2NETP", "MATTELITE", "ISNET"]
"""The tables of stages, as `networks.u2net` calls them."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CLOTH_LABELS = ("background", "upper", "lower", "full")

_PAPER = "https://arxiv.org/abs/2005.09007"
_HOME = "https://github.com/xuebinqin/U-2-Net"
APACHE_SOURCE = "https://github.com/xuebinqin/U-2-Net/issues/208"
"""Where the authors say so: Apache-2.0 is for "all the released codes and models", the data sets' licences apart."""

_APACHE = Licence(code="Apache-2.0", weights="Apache-2.0", granted=True, source=APACHE_SOURCE)
_REPOSITORY_LICENCE = (
    "The repository is Apache-2.0 and links the weights without other terms; "
    "the training photos have terms of their own."
)


def _on_ecssd(max_f_beta: str, mae: str) -> tuple[PublishedFigure, ...]:
    """Return what the paper's tables say of a network on all of ECSSD."""
    given = {"max_f_beta": max_f_beta, "mae": mae}
    return tuple(PublishedFigure("ECSSD", metric, value, _PAPER) for metric, value in given.items())


def drive(file_id: str) -> str:
    """Return the address of a file that lies on Google Drive."""
    return f"https://drive.usercontent.google.com/download?id={file_id}&export=download&confirm=t"


def u2net(
    stages: Stages,
    classes: int = 1,
    channels: int = 3,
    sides: int | None = None,
    fusion: int = 1,
) -> nn.Module:
    """Make a network of the family: of one class it gives probabilities, of several unbounded scores."""
    from ..networks import u2net as networks

    return networks.U2Net(
        getattr(networks, stages),
        in_channels=channels,
        out_channels=classes,
        heads="fused",
        logits=classes > 1,
        sides=sides,
        fusion=fusion,
    ).eval()


def fine_tuned(stages: Stages, spec: ModelSpec, shapes: Shapes) -> ModelSpec | None:
    """Return the entry of a fine-tune: its classes, its channels, and which of its heads it kept."""
    sides, fusion = count_of(shapes, r"side(\d+)\.weight"), length_of(shapes, "outconv.weight", 2) or 0
    stem = "conv_in.weight" in shapes
    if (not sides and not fusion) or stem != (stages == "ISNET"):
        return None
    classes = length_of(shapes, "outconv.weight" if fusion else "side1.weight")
    channels = length_of(shapes, "conv_in.weight" if stem else "stage1.rebnconvin.conv_s1.weight", 1)
    build = partial(u2net, stages, classes or 1, channels or 3, sides, fusion)
    return fitted(spec, build, classes=classes, channels=channels, activated=True)


_full, _small, _clothes = partial(u2net, "U2NET"), partial(u2net, "U2NETP"), partial(u2net, "U2NET", len(CLOTH_LABELS))
_fine_tuned = partial(fine_tuned, "U2NET")


def _salient(side: int, *, invert: bool = False) -> Contract:
    """Return what the official test scripts do around the network, at `side` x `side` pixels."""
    return Contract(
        task="segmentation",
        input=InputContract(
            height=side, width=side, divide_by="image_max", mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="linear"
        ),
        output=OutputContract(kind="alpha", min_max=True, invert=invert, rounding="down", resize="bilinear_antialias"),
    )


SPECS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="u2net",
        title="U²-Net, any salient object",
        task="segmentation",
        contract=_salient(320),
        weights=Weights(
            filename="u2net.pth",
            urls=(
                "https://huggingface.co/Carve/u2net-universal/resolve/10305d785481cf4b2eee1d447c39cd6e5f43d74b/full_weights.pth",
                drive("1ao1ovG1Qtx4b7EoskHXmi2E9rp5CHLcZ"),
            ),
            sha256="10025a17f49cd3208afc342b589890e402ee63123d6f2d289a4a0903695cce58",
            md5="347c3d51b01528e5c6c071e3cff1cb55",
            size=176_290_937,
        ),
        licence=_APACHE,
        build=_full,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage=_HOME,
        published=_on_ecssd("0.951", "0.033"),
        notes=(_REPOSITORY_LICENCE, "Trained on DUTS-TR."),
    ),
    ModelSpec(
        id="u2netp",
        title="U²-Net, small, any salient object",
        task="segmentation",
        contract=_salient(320),
        weights=Weights(
            filename="u2netp.pth",
            urls=(
                drive("1rbSTGKAE-MTxBYHd-51l2hMOQPT_7EPy"),
                "https://github.com/nadermx/backgroundremover/raw/main/models/u2netp.pth",
            ),
            sha256="e7567cde013fb64813973ce6e1ecc25a80c05c3ca7adbc5a54f3c3d90991b854",
            md5="e4f636406ca4e2af789941e7f139ee2e",
            size=4_683_258,
        ),
        licence=_APACHE,
        build=_small,
        proven=True,
        fine_tune=partial(fine_tuned, "U2NETP"),
        paper=_PAPER,
        homepage=_HOME,
        published=_on_ecssd("0.943", "0.041"),
        notes=(_REPOSITORY_LICENCE, "Trained on DUTS-TR."),
    ),
    ModelSpec(
        id="u2net_human_seg",
        title="U²-Net, people",
        task="segmentation",
        contract=_salient(320),
        weights=Weights(
            filename="u2net_human_seg.pth",
            urls=(drive("1m_Kgs91b21gayc2XLW0ou8yugAIadWVP"),),
            sha256="13f0396e3f6fbc1d7ab55a8558640bef306a59b9110a5c595eb949ff69cf2414",
        ),
        licence=_APACHE,
        build=_full,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage=_HOME,
        notes=(
            _REPOSITORY_LICENCE,
            "Trained on the Supervisely Person dataset.",
            "Its hash has one source: public code that pins the same file.",
        ),
    ),
    ModelSpec(
        id="u2net_cloth_seg",
        title="U²-Net, clothes: upper body, lower body, full body",
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(height=768, width=768, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize="linear"),
            output=OutputContract(kind="classes", labels=CLOTH_LABELS, resize="linear"),
        ),
        weights=Weights(filename="cloth_segm_u2net_latest.pth", urls=(drive("1mhF3yqd7R-Uje092eypktNl-RoZNuiCJ"),)),
        licence=Licence(code="MIT", weights="MIT (by the repository)", granted=None),
        build=_clothes,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage="https://github.com/levindabhi/cloth-segmentation",
        notes=(
            "The publisher's script does not resize at all; 768 is the size that it was trained at.",
            "Commercial use is unclear: trained on iMaterialist (Fashion) 2019, whose competition terms the publisher "
            "does not discuss.",
            "No hash is published; the SHA-256 is shown on first use.",
        ),
    ),
    ModelSpec(
        id="u2net_portrait",
        title="U²-Net, a photo of a head to a pencil drawing",
        task="segmentation",
        contract=_salient(512, invert=True),
        weights=Weights(filename="u2net_portrait.pth", urls=(drive("1IG3HdpcRiDoWNookbncQjeaPN28t90yW"),)),
        licence=Licence(code="Apache-2.0", weights="Apache-2.0 (by the repository)", granted=None),
        build=_full,
        fine_tune=_fine_tuned,
        paper=_PAPER,
        homepage=_HOME,
        notes=(
            "The output is a drawing, not a mask: crop the photo to the head first.",
            "Commercial use is unclear: trained on APDrawing, whose terms the publisher does not discuss.",
            "No hash is published; the SHA-256 is shown on first use.",
        ),
    ),
)

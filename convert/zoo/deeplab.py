"""torchvision's DeepLabV3 (Chen et al., 2017) and LR-ASPP (Howard et al., ICCV 2019), for the classes of PASCAL VOC."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ...core import Contract, InputContract, OutputContract
from ..fine_tunes import Shapes, fitted, length_of
from ..spec import Licence, ModelSpec, Weights
from .u2net import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from torch import nn

    from ..networks.deeplab import Body

__all__ = ["SPECS", "VOC_LABELS"]

VOC_LABELS = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)

_DEEPLAB = "https://arxiv.org/abs/1706.05587"
_LRASPP = "https://arxiv.org/abs/1905.02244"
_LICENCE = Licence(
    code="BSD-3-Clause",
    weights="not stated",
    granted=None,
    source="https://github.com/pytorch/vision#pre-trained-model-license",
)


def _deeplab(body: Body, classes: int = len(VOC_LABELS), channels: int = 3, *, auxiliary: bool = True) -> nn.Module:
    from ..networks.deeplab import DeepLabV3

    return DeepLabV3(body, classes, channels=channels, auxiliary=auxiliary).eval()


def _lraspp(body: Body, classes: int = len(VOC_LABELS), channels: int = 3) -> nn.Module:
    from ..networks.deeplab import LRASPP

    return LRASPP(body, classes, channels=channels).eval()


def _channels(body: Body, shapes: Shapes) -> int | None:
    return length_of(shapes, f"backbone.{'0.0' if body == 'mobilenetv3' else 'conv1'}.weight", 1)


def _tuned_deeplab(body: Body, spec: ModelSpec, shapes: Shapes) -> ModelSpec | None:
    classes, channels = length_of(shapes, "classifier.4.weight"), _channels(body, shapes)
    auxiliary = any(name.startswith("aux_classifier.") for name in shapes)
    build = partial(_deeplab, body, classes or 1, channels or 3, auxiliary=auxiliary)
    return fitted(spec, build, classes=classes, channels=channels)


def _tuned_lraspp(body: Body, spec: ModelSpec, shapes: Shapes) -> ModelSpec | None:
    classes, channels = length_of(shapes, "classifier.low_classifier.weight"), _channels(body, shapes)
    return fitted(spec, partial(_lraspp, body, classes or 1, channels or 3), classes=classes, channels=channels)


def _released(body: Body, id_: str, title: str, weights: Weights, miou: float) -> ModelSpec:
    """Return the entry of one of torchvision's networks; `miou` is what its publisher measured, in percent."""
    deep = id_.startswith("deeplab")
    unpinned = () if weights.sha256 else ("Of the hash, the publisher gives the first eight digits; they are checked.",)
    return ModelSpec(
        id=id_,
        title=title,
        task="segmentation",
        contract=Contract(
            task="segmentation",
            input=InputContract(
                height=520, width=520, mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="bilinear_antialias"
            ),
            output=OutputContract(kind="classes", labels=VOC_LABELS),
        ),
        weights=weights,
        licence=_LICENCE,
        build=partial(_deeplab if deep else _lraspp, body),
        fine_tune=partial(_tuned_deeplab if deep else _tuned_lraspp, body),
        paper=_DEEPLAB if deep else _LRASPP,
        homepage="https://github.com/pytorch/vision",
        notes=(
            "Commercial use is unclear: torchvision's licence is of its code, and its pages leave the terms of the "
            "weights, trained on COCO, to you.",
            f"The publisher measured a mIoU of {miou} % on COCO val2017 in the classes of PASCAL VOC. For that it made "
            "the shorter side of each image 520 and kept its proportions; here every image is stretched to 520x520: "
            "give --size, such as 520x696, for images of one shape.",
            *unpinned,
        ),
    )


def _file(name: str, *, sha256: str | None = None, size: int | None = None) -> Weights:
    return Weights(
        filename=f"{name}.pth",
        urls=(f"https://download.pytorch.org/models/{name}.pth",),
        sha256=sha256,
        size=size,
        # The publisher writes the beginning of the hash into the name.
        sha256_prefix=name.rpartition("-")[2],
    )


SPECS: tuple[ModelSpec, ...] = (
    _released(
        "mobilenetv3",
        "deeplabv3-mobilenetv3",
        "DeepLabV3 on MobileNetV3-large, 20 classes of VOC",
        _file(
            "deeplabv3_mobilenet_v3_large-fc3c493d",
            sha256="fc3c493d68e89cc31ef488c803d5d7dd2f3190fb570598faa49fef69be8e5e70",
            size=44_356_159,
        ),
        60.3,
    ),
    _released(
        "resnet50",
        "deeplabv3-resnet50",
        "DeepLabV3 on ResNet-50, 20 classes of VOC",
        _file("deeplabv3_resnet50_coco-cd0a2569"),
        66.4,
    ),
    _released(
        "resnet101",
        "deeplabv3-resnet101",
        "DeepLabV3 on ResNet-101, 20 classes of VOC",
        _file("deeplabv3_resnet101_coco-586e9e4e"),
        67.4,
    ),
    _released(
        "mobilenetv3",
        "lraspp-mobilenetv3",
        "LR-ASPP on MobileNetV3-large, 20 classes of VOC, light",
        _file(
            "lraspp_mobilenet_v3_large-d234d4ea",
            sha256="d234d4eae9d55d5f76de18b77cf0dc62c66fe5c5482758209d00f950c92bb280",
            size=13_097_061,
        ),
        57.9,
    ),
)

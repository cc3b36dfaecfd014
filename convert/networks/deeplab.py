"""DeepLabV3 (Chen et al., 2017) and LR-ASPP (Howard et al., ICCV 2019): semantic segmentation on a dilated body.

The parameters are named as in torchvision's checkpoints (`classifier.0.convs.1.0.weight`, `aux_classifier.4.bias`).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .mobilenetv3 import MobileNetV3
from .resnet import RESNET50, RESNET101, ResNet

__all__ = ["LRASPP", "Body", "DeepLabV3", "body_of"]

Body = Literal["resnet50", "resnet101", "mobilenetv3"]

_WIDTH = 256
_RATES = (12, 24, 36)
_INNER = 128


def body_of(name: Body, channels: int = 3) -> ResNet | MobileNetV3:
    """Return what makes features of an image: those at an eighth of its resolution, and the deepest ones."""
    if name == "mobilenetv3":
        return MobileNetV3(channels)
    return ResNet(RESNET50 if name == "resnet50" else RESNET101, channels)


def _normalised(entry: int, out: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    padding = kernel // 2 * dilation
    return nn.Sequential(
        nn.Conv2d(entry, out, kernel, padding=padding, dilation=dilation, bias=False), nn.BatchNorm2d(out), nn.ReLU()
    )


class GlobalFeatures(nn.Sequential):
    """The image's mean features, the same at every place; `(n, entry, h, w)` to `(n, out, h, w)`."""

    def __init__(self, entry: int, out: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *_normalised(entry, out, 1))

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        """See the class."""
        return super().forward(input).expand(-1, -1, *input.shape[2:])


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: the same features seen with several dilations; `(n, entry, h, w)` to 256 wide."""

    def __init__(self, entry: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            (
                _normalised(entry, _WIDTH, 1),
                *(_normalised(entry, _WIDTH, 3, rate) for rate in _RATES),
                GlobalFeatures(entry, _WIDTH),
            )
        )
        # A fourth layer drops out in training; it has no parameters.
        self.project = _normalised(_WIDTH * len(self.convs), _WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.project(torch.cat([each(x) for each in self.convs], 1))


class DeepLabV3(nn.Module):
    """Input `(n, channels, h, w)`; output `(n, classes, h, w)`, unbounded scores.

    With `heads="all"`, a tuple of it and of the auxiliary classifier's scores, which helped in training, where the
    network has one. `heads` has no parameters and may be changed on the built module.
    """

    def __init__(self, body: Body, classes: int = 21, *, channels: int = 3, auxiliary: bool = True) -> None:
        super().__init__()
        self.heads: Literal["all", "fused"] = "fused"
        self.backbone = body_of(body, channels)
        self.classifier = nn.Sequential(
            ASPP(self.backbone.width), *_normalised(_WIDTH, _WIDTH, 3), nn.Conv2d(_WIDTH, classes, 1)
        )
        self.aux_classifier: nn.Module | None = None
        if auxiliary:
            entry = self.backbone.low_width
            self.aux_classifier = nn.Sequential(
                *_normalised(entry, entry // 4, 3), nn.Dropout(0.1), nn.Conv2d(entry // 4, classes, 1)
            )

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """See the class."""
        low, features = self.backbone(x)
        scores = _enlarged(self.classifier(features), x)
        if self.heads == "fused" or self.aux_classifier is None:
            return scores
        return scores, _enlarged(self.aux_classifier(low), x)


class LiteHead(nn.Module):
    """LR-ASPP: features `(n, low, h, w)` and deeper ones to scores `(n, classes, h, w)`."""

    def __init__(self, low: int, width: int, classes: int) -> None:
        super().__init__()
        self.cbr = _normalised(width, _INNER, 1)
        self.scale = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, _INNER, 1, bias=False), nn.Sigmoid())
        self.low_classifier = nn.Conv2d(low, classes, 1)
        self.high_classifier = nn.Conv2d(_INNER, classes, 1)

    def forward(self, low: Tensor, features: Tensor) -> Tensor:
        """See the class."""
        weighed = self.cbr(features) * self.scale(features)
        return self.low_classifier(low) + self.high_classifier(_enlarged(weighed, low))


class LRASPP(nn.Module):
    """Input `(n, channels, h, w)`; output `(n, classes, h, w)`, unbounded scores."""

    def __init__(self, body: Body = "mobilenetv3", classes: int = 21, *, channels: int = 3) -> None:
        super().__init__()
        self.backbone = body_of(body, channels)
        self.classifier = LiteHead(self.backbone.low_width, self.backbone.width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return _enlarged(self.classifier(*self.backbone(x)), x)


def _enlarged(x: Tensor, reference: Tensor) -> Tensor:
    """`x` resized bilinearly to the height and width of `reference`."""
    return functional.interpolate(x, size=reference.shape[2:], mode="bilinear", align_corners=False)

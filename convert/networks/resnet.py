"""ResNet (He et al., CVPR 2016) as the body of a segmentation network: the last two stages dilate instead of halving.

The parameters are named as in torchvision's checkpoints (`layer1.0.conv1.weight`, `layer1.0.downsample.0.weight`).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["RESNET50", "RESNET101", "ResNet"]

RESNET50 = (3, 4, 6, 3)
"""Blocks in each stage."""

RESNET101 = (3, 4, 23, 3)

_GROWTH = 4
"""How much wider a block's output is than its inside."""


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution, added to the input; `(n, entry, h, w)` to `(n, 4 * mid, h/stride, w/stride)`."""

    def __init__(self, entry: int, mid: int, *, stride: int = 1, dilation: int = 1, downsample: bool = False) -> None:
        super().__init__()
        out = mid * _GROWTH
        self.conv1 = nn.Conv2d(entry, mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv3 = nn.Conv2d(mid, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample: nn.Module | None = None
        if downsample:
            self.downsample = nn.Sequential(nn.Conv2d(entry, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Input `(n, channels, h, w)`; output: the features of stage 3, `(n, 1024, h/8, w/8)`, and of stage 4, 2048 wide.

    Sizes are rounded up.
    """

    low_width = 256 * _GROWTH
    width = 512 * _GROWTH

    def __init__(self, blocks: Sequence[int], channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        # Of each stage: the width inside its blocks, its stride, and the dilation of its first and its other blocks.
        stages = ((64, 1, 1, 1), (128, 2, 1, 1), (256, 1, 1, 2), (512, 1, 2, 4))
        entry = 64
        for number, (count, (mid, stride, first, others)) in enumerate(zip(blocks, stages, strict=True), 1):
            stage = [Bottleneck(entry, mid, stride=stride, dilation=first, downsample=True)]
            entry = mid * _GROWTH
            stage += [Bottleneck(entry, mid, dilation=others) for _ in range(count - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*stage))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
        for number in (1, 2):
            x = self.get_submodule(f"layer{number}")(x)
        low = self.get_submodule("layer3")(x)
        return low, self.get_submodule("layer4")(low)

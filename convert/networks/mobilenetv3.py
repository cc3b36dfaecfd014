"""MobileNetV3-large (Howard et al., ICCV 2019) as the body of a segmentation network: the last stage dilates.

The parameters are named as in torchvision's checkpoints (`4.block.2.fc1.weight`).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MobileNetV3"]


class BlockConfig(NamedTuple):
    """One row of the paper's table."""

    kernel: int
    expanded: int
    out: int
    squeeze: bool
    hard_swish: bool
    stride: int = 1
    dilation: int = 1


LARGE = (
    BlockConfig(3, 16, 16, squeeze=False, hard_swish=False),
    BlockConfig(3, 64, 24, squeeze=False, hard_swish=False, stride=2),
    BlockConfig(3, 72, 24, squeeze=False, hard_swish=False),
    BlockConfig(5, 72, 40, squeeze=True, hard_swish=False, stride=2),
    BlockConfig(5, 120, 40, squeeze=True, hard_swish=False),
    BlockConfig(5, 120, 40, squeeze=True, hard_swish=False),
    BlockConfig(3, 240, 80, squeeze=False, hard_swish=True, stride=2),
    BlockConfig(3, 200, 80, squeeze=False, hard_swish=True),
    BlockConfig(3, 184, 80, squeeze=False, hard_swish=True),
    BlockConfig(3, 184, 80, squeeze=False, hard_swish=True),
    BlockConfig(3, 480, 112, squeeze=True, hard_swish=True),
    BlockConfig(3, 672, 112, squeeze=True, hard_swish=True),
    # Here the classifier halves the resolution; for segmentation the kernels widen instead.
    BlockConfig(5, 672, 160, squeeze=True, hard_swish=True, dilation=2),
    BlockConfig(5, 960, 160, squeeze=True, hard_swish=True, dilation=2),
    BlockConfig(5, 960, 160, squeeze=True, hard_swish=True, dilation=2),
)

_ENTRY = 16
_LOW = 4
"""The layer whose features, at an eighth of the resolution, are handed out too."""

_norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


def _convolution(entry: int, out: int, block: BlockConfig, *, groups: int = 1, activated: bool = True) -> nn.Sequential:
    """Return a normalised convolution of the block's kernel, stride and dilation, and what activates it."""
    padding = (block.kernel - 1) // 2 * block.dilation
    layers: list[nn.Module] = [
        nn.Conv2d(entry, out, block.kernel, block.stride, padding, block.dilation, groups, bias=False),
        _norm(out),
    ]
    if activated:
        layers.append(nn.Hardswish() if block.hard_swish else nn.ReLU())
    return nn.Sequential(*layers)


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what the mean of all of them says; keeps the shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # A quarter of the width, rounded to a multiple of 8 without losing more than a tenth of it.
        quarter = width // 4
        squeezed = max(8, (quarter + 4) // 8 * 8)
        squeezed += 8 if squeezed < 0.9 * quarter else 0
        self.fc1 = nn.Conv2d(width, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        weights = functional.relu(self.fc1(functional.adaptive_avg_pool2d(x, 1)))
        return x * functional.hardsigmoid(self.fc2(weights))


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, weigh the channels, narrow; added to the input where shapes allow."""

    def __init__(self, entry: int, block: BlockConfig) -> None:
        super().__init__()
        point = BlockConfig(1, 0, 0, squeeze=False, hard_swish=block.hard_swish)
        self.is_residual = block.stride == 1 and entry == block.out
        layers: list[nn.Module] = []
        if block.expanded != entry:
            layers.append(_convolution(entry, block.expanded, point))
        layers.append(_convolution(block.expanded, block.expanded, block, groups=block.expanded))
        if block.squeeze:
            layers.append(SqueezeExcitation(block.expanded))
        layers.append(_convolution(block.expanded, block.out, point, activated=False))
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, entry, h, w)` to `(n, out, h/stride, w/stride)`."""
        return x + self.block(x) if self.is_residual else self.block(x)


class MobileNetV3(nn.Module):
    """Input `(n, channels, h, w)`; output: features `(n, 40, h/8, w/8)` and `(n, 960, h/16, w/16)`, rounded up."""

    low_width = LARGE[_LOW - 1].out
    width = 6 * LARGE[-1].out

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        entry = BlockConfig(3, 0, 0, squeeze=False, hard_swish=True, stride=2)
        layers: list[nn.Module] = [_convolution(channels, _ENTRY, entry)]
        width = _ENTRY
        for block in LARGE:
            layers.append(InvertedResidual(width, block))
            width = block.out
        layers.append(_convolution(width, self.width, BlockConfig(1, 0, 0, squeeze=False, hard_swish=True)))
        for number, layer in enumerate(layers):
            self.add_module(str(number), layer)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        low = x
        for number, layer in enumerate(self.children()):
            x = layer(x)
            low = x if number == _LOW else low
        return low, x

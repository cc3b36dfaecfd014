"""U-Net (Ronneberger et al., MICCAI 2015), with normalisation and padded convolutions.

The parameters are named as in the checkpoints of milesial's Pytorch-UNet (`inc.double_conv.0.weight`, `up1.up.weight`,
`outc.conv.bias`), so those load with `strict=True`.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["UNet"]

_DEPTH = 4
"""How often the resolution is halved."""


class DoubleConv(nn.Module):
    """Twice a 3x3 convolution, batch normalisation and ReLU; input `(n, entry, h, w)`, output `(n, out, h, w)`."""

    def __init__(self, entry: int, out: int, mid: int, *, bias: bool) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(entry, mid, 3, padding=1, bias=bias),
            nn.BatchNorm2d(mid),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid, out, 3, padding=1, bias=bias),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.double_conv(x)


class Down(nn.Module):
    """Halve the resolution, rounding down, then convolve twice."""

    def __init__(self, entry: int, out: int, *, bias: bool) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(entry, out, out, bias=bias))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, entry, h, w)` to `(n, out, h // 2, w // 2)`."""
        return self.maxpool_conv(x)


class Up(nn.Module):
    """Double the resolution, put the encoder's features beside, then convolve twice."""

    def __init__(self, entry: int, out: int, *, bilinear: bool, bias: bool) -> None:
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            self.up = nn.ConvTranspose2d(entry, entry // 2, 2, stride=2)
        self.conv = DoubleConv(entry, out, entry // 2 if bilinear else out, bias=bias)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map `(n, ?, h, w)` and the encoder's `(n, ?, H, W)` to `(n, out, H, W)`; H is 2h or 2h + 1, W likewise."""
        x = self.up(x)
        down, across = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = functional.pad(x, [across // 2, across - across // 2, down // 2, down - down // 2])
        return self.conv(torch.cat((skip, x), 1))


class Head(nn.Module):
    """The 1x1 convolution that makes scores of features."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, width, h, w)` to `(n, classes, h, w)`."""
        return self.conv(x)


class UNet(nn.Module):
    """Input `(n, channels, h, w)` with sides of 16 or more, values as the model's contract says.

    Output `(n, classes, h, w)`, unbounded scores.

    Args:
        channels: of the input.
        classes: of the output.
        bilinear: the way up resamples, where it otherwise is a transposed convolution; the bottom is half as wide then.
        width: of the first stage; each stage down doubles it.
        bias: the convolutions before a normalisation have one, as in checkpoints of 2020 and before.
    """

    def __init__(
        self, channels: int = 3, classes: int = 2, *, bilinear: bool = False, width: int = 64, bias: bool = False
    ) -> None:
        super().__init__()
        shrink = 2 if bilinear else 1
        self.inc = DoubleConv(channels, width, width, bias=bias)
        for level in range(1, _DEPTH + 1):
            entry, out = width << (level - 1), width << level
            self.add_module(f"down{level}", Down(entry, out // shrink if level == _DEPTH else out, bias=bias))
        for level in range(_DEPTH, 0, -1):
            out = width << (level - 1)
            up = Up(2 * out, out // shrink if level > 1 else out, bilinear=bilinear, bias=bias)
            self.add_module(f"up{_DEPTH + 1 - level}", up)
        self.outc = Head(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        seen = [self.inc(x)]
        for level in range(1, _DEPTH + 1):
            seen.append(self.get_submodule(f"down{level}")(seen[-1]))
        x = seen.pop()
        for level in range(1, _DEPTH + 1):
            x = cast("Up", self.get_submodule(f"up{level}"))(x, seen.pop())
        return self.outc(x)

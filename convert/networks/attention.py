"""Enhanced spatial attention (ESA), which RFDN (Liu et al., ECCV-W 2020) and RLFN (Kong et al., CVPR-W 2022) share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MIN_SIDE", "SpatialAttention"]

MIN_SIDE = 15
"""Smallest height and width, in pixels: the strided convolution must leave one window of 7 for the pooling."""


class SpatialAttention(nn.Module):
    """Weight each pixel by what a coarse view of its surroundings says; input and output ``(n, channels, h, w)``.

    The coarse view is a strided convolution and a 7x7 pooling of stride 3, refined by `refine` and brought back to the
    input's size by bilinear interpolation. Height and width of at least `MIN_SIDE`.
    """

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, squeezed, 1)
        self.conv_f = nn.Conv2d(squeezed, squeezed, 1)
        self.conv2 = nn.Conv2d(squeezed, squeezed, 3, stride=2)
        self.conv3 = nn.Conv2d(squeezed, squeezed, 3, padding=1)
        self.conv4 = nn.Conv2d(squeezed, channels, 1)

    def refine(self, x: Tensor) -> Tensor:
        """Process the pooled map; both are ``(n, squeezed, h', w')``. RLFN needs one convolution, RFDN three."""
        return self.conv3(x)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, channels, h, w)` to the same shape; h and w of at least `MIN_SIDE`."""
        squeezed = self.conv1(x)
        coarse = self.refine(functional.max_pool2d(self.conv2(squeezed), 7, stride=3))
        coarse = functional.interpolate(coarse, size=x.shape[2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.conv4(coarse + self.conv_f(squeezed)))

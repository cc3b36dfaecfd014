"""What networks of information distillation share: blocks in a row, all of whose results are fused."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["SLOPE", "Distillation"]

SLOPE = 0.05
"""Of every leaky ReLU in these networks."""


class Distillation(nn.Module):
    """Input RGB `(n, 3, h, w)`, output `(n, 3, scale*h, scale*w)` in the same range, not clipped.

    Args:
        scale: how much larger the output is.
        width: channels of the shallow features, and of each block.
        name: of the blocks, to which their number from 1 is added.
        block: makes one of so many channels; input and output `(n, width, h, w)`.
        blocks: how many.
    """

    def __init__(self, scale: int, width: int, name: str, block: Callable[[int], nn.Module], blocks: int) -> None:
        super().__init__()
        self.names = [f"{name}{number}" for number in range(1, blocks + 1)]
        self.fea_conv = nn.Conv2d(3, width, 3, padding=1)
        for each in self.names:
            self.add_module(each, block(width))
        self.c = nn.Sequential(nn.Conv2d(blocks * width, width, 1), nn.LeakyReLU(SLOPE))
        self.LR_conv = nn.Conv2d(width, width, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, 3, h, w)` to `(n, 3, scale*h, scale*w)`."""
        shallow = self.fea_conv(x)
        deep: list[Tensor] = []
        x = shallow
        for each in self.names:
            x = self.get_submodule(each)(x)
            deep.append(x)
        return self.upsampler(self.LR_conv(self.c(torch.cat(deep, 1))) + shallow)

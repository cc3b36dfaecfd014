"""IMDN: information multi-distillation network (Hui et al., ACM MM 2019).

The parameters are named as in the official checkpoints (``IMDB1.c1.weight``, ``upsampler.0.weight``), so those load
with ``strict=True`` once their ``module.`` prefix is gone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .distillation import SLOPE, Distillation

__all__ = ["IMDN", "ContrastAttention", "DistillationModule"]


class ContrastAttention(nn.Module):
    """Weight each channel by its contrast: the sum of its standard deviation and its mean over the whole image.

    Input and output ``(n, channels, h, w)``. Because the statistics are global, a tile's result depends a little on
    what else is in the tile, whatever the overlap.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.conv_du = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(),
            nn.Conv2d(channels // reduction, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, channels, h, w)` to the same shape."""
        mean = x.mean((2, 3), keepdim=True)
        deviation = (x - mean).square().mean((2, 3), keepdim=True).sqrt()
        return x * self.conv_du(deviation + mean)


class DistillationModule(nn.Module):
    """Four convolutions, each of which sets a quarter of the channels aside and hands the rest on.

    Input and output ``(n, channels, h, w)``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.kept = channels // 4
        self.passed = channels - self.kept
        self.c1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.c2 = nn.Conv2d(self.passed, channels, 3, padding=1)
        self.c3 = nn.Conv2d(self.passed, channels, 3, padding=1)
        self.c4 = nn.Conv2d(self.passed, self.kept, 3, padding=1)
        self.c5 = nn.Conv2d(4 * self.kept, channels, 1)
        self.cca = ContrastAttention(4 * self.kept)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, channels, h, w)` to the same shape."""
        kept: list[Tensor] = []
        rest = x
        for layer in (self.c1, self.c2, self.c3):
            aside, rest = torch.split(functional.leaky_relu(layer(rest), SLOPE), [self.kept, self.passed], dim=1)
            kept.append(aside)
        kept.append(self.c4(rest))
        return self.c5(self.cca(torch.cat(kept, 1))) + x


class IMDN(Distillation):
    """Input RGB ``(n, 3, h, w)``, values 0..1; output ``(n, 3, scale*h, scale*w)``, about 0..1, not clipped."""

    def __init__(self, scale: int, *, width: int = 64, blocks: int = 6) -> None:
        super().__init__(scale, width, "IMDB", DistillationModule, blocks)

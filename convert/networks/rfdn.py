"""RFDN: residual feature distillation network (Liu et al., ECCV Workshops 2020), winner of the AIM 2020 challenge.

The parameters are named as in the official checkpoint (``B1.c1_d.weight``, ``upsampler.0.weight``), which loads with
``strict=True``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import SpatialAttention
from .distillation import SLOPE, Distillation

__all__ = ["RFDN", "DistillationBlock"]


class _DeepAttention(SpatialAttention):
    """Spatial attention whose coarse map passes three convolutions instead of one."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__(channels, squeezed)
        self.conv_max = nn.Conv2d(squeezed, squeezed, 3, padding=1)
        self.conv3_ = nn.Conv2d(squeezed, squeezed, 3, padding=1)

    def refine(self, x: Tensor) -> Tensor:
        return self.conv3_(functional.relu(self.conv3(functional.relu(self.conv_max(x)))))


class DistillationBlock(nn.Module):
    """Three residual steps, each of which also distils half of its channels; input and output ``(n, width, h, w)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        for step in (1, 2, 3):
            self.add_module(f"c{step}_d", nn.Conv2d(width, half, 1))
            self.add_module(f"c{step}_r", nn.Conv2d(width, width, 3, padding=1))
        self.c4 = nn.Conv2d(width, half, 3, padding=1)
        self.c5 = nn.Conv2d(4 * half, width, 1)
        self.esa = _DeepAttention(width, width // 4)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, width, h, w)` to the same shape."""
        distilled: list[Tensor] = []
        for step in (1, 2, 3):
            distilled.append(functional.leaky_relu(self.get_submodule(f"c{step}_d")(x), SLOPE))
            x = functional.leaky_relu(self.get_submodule(f"c{step}_r")(x) + x, SLOPE)
        distilled.append(functional.leaky_relu(self.c4(x), SLOPE))
        return self.esa(self.c5(torch.cat(distilled, 1)))


class RFDN(Distillation):
    """Input RGB ``(n, 3, h, w)``, values 0..255, h and w of at least 15; output ``(n, 3, scale*h, scale*w)``.

    The output is about 0..255 and not clipped.
    """

    def __init__(self, scale: int = 4, *, width: int = 50, blocks: int = 4) -> None:
        super().__init__(scale, width, "B", DistillationBlock, blocks)

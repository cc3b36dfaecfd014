"""RLFN: residual local feature network (Kong et al., CVPR Workshops 2022), winner of NTIRE 2022's runtime track.

This is the pruned network of the challenge. The parameters are named as in its checkpoint (``block_1.c1_r.weight``,
``upsampler.0.weight``), which loads with ``strict=True``.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .attention import SpatialAttention

__all__ = ["RLFN", "LocalFeatureBlock"]

SLOPE = 0.05
"""Of every leaky ReLU in the network."""


class LocalFeatureBlock(nn.Module):
    """Three convolutions, a skip, and spatial attention; input and output ``(n, width, h, w)``."""

    def __init__(self, width: int, middle: int, squeezed: int = 16) -> None:
        super().__init__()
        self.c1_r = nn.Conv2d(width, middle, 3, padding=1)
        self.c2_r = nn.Conv2d(middle, middle, 3, padding=1)
        self.c3_r = nn.Conv2d(middle, width, 3, padding=1)
        self.c5 = nn.Conv2d(width, width, 1)
        self.esa = SpatialAttention(width, squeezed)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, width, h, w)` to the same shape."""
        local = x
        for layer in (self.c1_r, self.c2_r, self.c3_r):
            local = functional.leaky_relu(layer(local), SLOPE)
        return self.esa(self.c5(local + x))


class RLFN(nn.Module):
    """Input RGB ``(n, 3, h, w)``, values 0..255, h and w of at least 15; output ``(n, 3, scale*h, scale*w)``.

    The output is about 0..255 and not clipped.
    """

    def __init__(self, scale: int = 4, *, width: int = 46, middle: int = 48, blocks: int = 4) -> None:
        super().__init__()
        self.blocks = blocks
        self.conv_1 = nn.Conv2d(3, width, 3, padding=1)
        for number in range(1, blocks + 1):
            self.add_module(f"block_{number}", LocalFeatureBlock(width, middle))
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, 3, h, w)` to `(n, 3, scale*h, scale*w)`."""
        shallow = self.conv_1(x)
        x = shallow
        for number in range(1, self.blocks + 1):
            x = self.get_submodule(f"block_{number}")(x)
        return self.upsampler(self.conv_2(x) + shallow)

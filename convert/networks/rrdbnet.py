"""RRDBNet: residual-in-residual dense blocks, the generator of ESRGAN (Wang et al., ECCV Workshops 2018).

Real-ESRGAN (Wang et al., ICCV Workshops 2021) trains it on degraded photos. The parameters are named as in its
checkpoints (``body.0.rdb1.conv1.weight``), so those load with ``strict=True``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["RRDB", "DenseBlock", "RRDBNet"]

SLOPE = 0.2
"""Of every leaky ReLU in the network."""

RESIDUAL_SCALE = 0.2
"""How much of a block's result is added to its input: small steps keep a deep stack stable."""


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees all earlier ones; input and output ``(n, width, h, w)``."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 6):
            out = width if number == 5 else growth
            self.add_module(f"conv{number}", nn.Conv2d(width + (number - 1) * growth, out, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, width, h, w)` to the same shape."""
        seen = x
        for number in range(1, 5):
            new = functional.leaky_relu(self.get_submodule(f"conv{number}")(seen), SLOPE)
            seen = torch.cat((seen, new), 1)
        return x + RESIDUAL_SCALE * self.get_submodule("conv5")(seen)


class RRDB(nn.Module):
    """Three dense blocks inside one more residual; input and output ``(n, width, h, w)``."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(width, growth)
        self.rdb2 = DenseBlock(width, growth)
        self.rdb3 = DenseBlock(width, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, width, h, w)` to the same shape."""
        return x + RESIDUAL_SCALE * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """Input RGB ``(n, 3, h, w)``, values 0..1; output ``(n, 3, scale*h, scale*w)``, about 0..1, not clipped.

    Real-ESRGAN's bodies always enlarge by 4; for a `scale` of 2 the input is folded first (2x2 pixels become channels),
    so h and w must be even, and for 1 by 4x4. With a `fold` of 1, as in ESRGAN's own networks, nothing is folded, and
    the body enlarges by the scale itself.
    """

    def __init__(
        self, scale: int = 4, *, width: int = 64, growth: int = 32, blocks: int = 23, fold: int | None = None
    ) -> None:
        super().__init__()
        if scale not in (1, 2, 4):
            raise ValueError(f"an RRDBNet keeps the size or enlarges it by 2 or 4, not by {scale}")
        self.fold = 4 // scale if fold is None else fold
        self.doublings = (scale * self.fold).bit_length() - 1
        self.conv_first = nn.Conv2d(3 * self.fold**2, width, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(width, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(width, width, 3, padding=1)
        for number in range(1, self.doublings + 1):
            self.add_module(f"conv_up{number}", nn.Conv2d(width, width, 3, padding=1))
        self.conv_hr = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, 3, h, w)` to `(n, 3, scale*h, scale*w)`."""
        if self.fold > 1:
            x = functional.pixel_unshuffle(x, self.fold)
        shallow = self.conv_first(x)
        x = shallow + self.conv_body(self.body(shallow))
        for number in range(1, self.doublings + 1):
            larger = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = functional.leaky_relu(self.get_submodule(f"conv_up{number}")(larger), SLOPE)
        return self.conv_last(functional.leaky_relu(self.conv_hr(x), SLOPE))

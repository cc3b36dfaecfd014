"""SRVGGNetCompact: a plain stack of convolutions, Real-ESRGAN's small generator (Wang et al., ICCV Workshops 2021).

The parameters are named as in Real-ESRGAN's checkpoints (``body.0.weight``), so those load with ``strict=True``.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SRVGGNetCompact"]


class SRVGGNetCompact(nn.Module):
    """Input RGB ``(n, 3, h, w)``, values 0..1; output ``(n, 3, scale*h, scale*w)``, about 0..1, not clipped.

    `convs` counts the convolutions between the first and the last, each followed by a PReLU. The stack computes the
    difference from a nearest-neighbour enlargement of the input.
    """

    def __init__(self, scale: int = 4, *, width: int = 64, convs: int = 16) -> None:
        super().__init__()
        self.scale = scale
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(convs):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        layers.append(nn.Conv2d(width, 3 * scale**2, 3, padding=1))
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, 3, h, w)` to `(n, 3, scale*h, scale*w)`."""
        detail = functional.pixel_shuffle(self.body(x), self.scale)
        return detail + functional.interpolate(x, scale_factor=float(self.scale), mode="nearest")

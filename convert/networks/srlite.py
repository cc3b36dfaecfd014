"""srlite: a small plain super-resolution network (3x3 convolutions, PReLU, pixel shuffle), x2 or x4.

The network adds luminance detail to a bicubic enlargement. Everything, the bicubic enlargement included, is an ordinary
convolution at the low resolution, so that no slow operator is left in the exported graph. While it trains, each body
convolution is over-parameterised (Collapsible, after Bhardwaj et al., "Collapsible linear blocks", MLSys 2022, and
Zhang et al., "Edge-oriented convolution block", ACM MM 2021); :func:`collapse` folds that into plain convolutions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CollapsibleConv", "SrLite", "collapse"]

BASE_RADIUS = 2
"""Half the width of the 5x5 window in which an enlarged pixel's 4x4 bicubic neighbours lie, whatever its phase."""


class CollapsibleConv(nn.Module):
    """A 3x3 convolution whose kernel is a sum of branches: direct, expanded (1x1 up, 3x3 down) and identity.

    The branches are summed in the space of kernels, so that a training step costs one convolution as well.
    Input and output ``(n, width, h, w)``.
    """

    def __init__(self, width: int, expansion: int = 4) -> None:
        super().__init__()
        self.direct: nn.Conv2d = nn.Conv2d(width, width, 3, padding=1)
        self.widen: nn.Parameter = nn.Parameter(torch.randn(width * expansion, width) * width**-0.5)
        # Small enough that both learned branches start below the identity.
        spread = 0.3 / (9 * width * expansion) ** 0.5
        self.narrow: nn.Parameter = nn.Parameter(torch.randn(width, width * expansion, 3, 3) * spread)
        identity = torch.zeros(width, width, 3, 3)
        identity[range(width), range(width), 1, 1] = 1.0
        self.identity: Tensor
        self.register_buffer("identity", identity, persistent=False)
        with torch.no_grad():
            self.direct.weight.mul_(0.3)

    def kernel(self) -> Tensor:
        """The equivalent plain kernel, ``(width, width, 3, 3)``."""
        return self.direct.weight + torch.einsum("oehw,ei->oihw", self.narrow, self.widen) + self.identity

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return functional.conv2d(x, self.kernel(), self.direct.bias, padding=1)


class SrLite(nn.Module):
    """Enlarge an image ``scale`` times.

    Input ``(n, 3, h, w)``, RGB, 0..1. Output ``(n, 3, h * scale, w * scale)``, RGB; like any filter with negative
    weights it may leave 0..1 by a little, and whoever stores the image clips it.

    The detail is one channel, added to R, G and B alike: hue comes from the bicubic enlargement alone. The eye and the
    usual figure (PSNR on Y) look at the luminance, and a small network is better spent on it.
    """

    def __init__(self, scale: int, width: int = 48, depth: int = 10, *, collapsible: bool = False) -> None:
        super().__init__()
        if scale < 2:
            raise ValueError(f"scale must be at least 2, got {scale}")
        self.scale: int = scale
        self.entry: nn.Conv2d = nn.Conv2d(3, width, 3, padding=1)
        self.entry_activation: nn.PReLU = nn.PReLU(width, init=0.1)
        self.body: nn.ModuleList = nn.ModuleList(
            CollapsibleConv(width) if collapsible else nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)
        )
        self.activations: nn.ModuleList = nn.ModuleList(nn.PReLU(width, init=0.1) for _ in range(depth))
        self.tail: nn.Conv2d = nn.Conv2d(width, scale**2, 3, padding=1)
        self.base: nn.Conv2d = nn.Conv2d(3, 3 * scale**2, 2 * BASE_RADIUS + 1, bias=False)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            nn.init.zeros_(self.tail.bias) if self.tail.bias is not None else None
            # On the processor even where the network is built for its shapes alone, on the device `meta`: the first
            # arithmetic there imports PyTorch's compiler, which takes seconds.
            with torch.device("cpu"):
                kernels = bicubic_kernels(scale)
            self.base.weight.copy_(kernels)
        self.base.requires_grad_(False)

    def detail(self, x: Tensor) -> Tensor:
        """The luminance to add: ``(n, 3, h, w)`` to ``(n, 1, h * scale, w * scale)``."""
        entry: Tensor = self.entry_activation(self.entry(x))
        features = entry
        for convolution, activation in zip(self.body, self.activations, strict=True):
            features = activation(convolution(features))
        return functional.pixel_shuffle(self.tail(features + entry), self.scale)

    def enlarged(self, x: Tensor) -> Tensor:
        """The bicubic enlargement: ``(n, 3, h, w)`` to ``(n, 3, h * scale, w * scale)``."""
        padded = functional.pad(x, (BASE_RADIUS,) * 4, mode="replicate")
        return functional.pixel_shuffle(self.base(padded), self.scale)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.enlarged(x) + self.detail(x)


def collapse(network: SrLite) -> SrLite:
    """The same function with plain convolutions only. The given network is left as it is."""
    width = network.entry.out_channels
    plain = SrLite(network.scale, width, len(network.body))
    state = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("body.")}
    for index, block in enumerate(network.body):
        if isinstance(block, CollapsibleConv):
            state[f"body.{index}.weight"] = block.kernel()
            state[f"body.{index}.bias"] = block.direct.state_dict()["bias"]
        else:
            state |= {f"body.{index}.{name}": tensor for name, tensor in block.state_dict().items()}
    plain.load_state_dict({name: tensor.detach().clone() for name, tensor in state.items()})
    return plain.train(network.training)


def bicubic_kernels(scale: int) -> Tensor:
    """The convolution that does a bicubic enlargement (a = -0.5, as MATLAB), before the pixel shuffle.

    Returns ``(3 * scale**2, 3, 5, 5)``: one 5x5 kernel for each phase of each colour.
    """
    phases = torch.zeros(scale, 2 * BASE_RADIUS + 1)
    for phase in range(scale):
        # The centre of this high-resolution pixel, relative to that of the low-resolution pixel it lies in.
        centre = (phase + 0.5) / scale - 0.5
        distance = (torch.arange(-BASE_RADIUS, BASE_RADIUS + 1) - centre).abs()
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        phases[phase] = torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros(())))
    planes = torch.einsum("ay,bx->abyx", phases, phases).reshape(scale**2, 2 * BASE_RADIUS + 1, 2 * BASE_RADIUS + 1)
    kernels = torch.zeros(3 * scale**2, 3, *planes.shape[1:])
    for colour in range(3):
        kernels[colour * scale**2 : (colour + 1) * scale**2, colour] = planes
    return kernels

"""SPAN: swift parameter-free attention network (Wan et al., CVPR Workshops 2024), winner of NTIRE 2024's overall track.

A block's attention has no parameters: what its last convolution gives, through an odd function, weighs the block's own
output. In training each convolution is a sum of branches; here it is the one convolution that they add up to, and
`fuse` makes its kernel of a checkpoint's branches.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["SPAN", "AttentionBlock", "fuse"]

MEAN = (0.4488, 0.4371, 0.4040)
"""Of DIV2K's photos, in RGB; subtracted from what the network is given."""

_RANGE = 255.0
_FUSED = ".eval_conv."
_BRANCHES = ("sk", "conv.0", "conv.1", "conv.2")


class AttentionBlock(nn.Module):
    """Three convolutions and the attention; input and output ``(n, width, h, w)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.c1_r = nn.Conv2d(width, width, 3, padding=1)
        self.c2_r = nn.Conv2d(width, width, 3, padding=1)
        self.c3_r = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's output and what it begins with: its first convolution, activated."""
        first = functional.silu(self.c1_r(x))
        last = self.c3_r(functional.silu(self.c2_r(first)))
        return (last + x) * (torch.sigmoid(last) - 0.5), first


class SPAN(nn.Module):
    """Input RGB ``(n, 3, h, w)``, values 0..1; output ``(n, 3, scale*h, scale*w)``, about 0..1, not clipped."""

    mean: Tensor

    def __init__(self, scale: int = 4, *, width: int = 48, blocks: int = 6) -> None:
        super().__init__()
        self.blocks = blocks
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.conv_1 = nn.Conv2d(3, width, 3, padding=1)
        for number in range(1, blocks + 1):
            self.add_module(f"block_{number}", AttentionBlock(width))
        self.conv_2 = nn.Conv2d(width, width, 3, padding=1)
        self.conv_cat = nn.Conv2d(4 * width, width, 1)
        self.upsampler = nn.Sequential(nn.Conv2d(width, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(n, 3, h, w)` to `(n, 3, scale*h, scale*w)`."""
        shallow = self.conv_1((x - self.mean) * _RANGE)
        outputs: list[Tensor] = [shallow]
        first = shallow
        for number in range(1, self.blocks + 1):
            output, first = self.get_submodule(f"block_{number}")(outputs[-1])
            outputs.append(output)
        # Read together: the start, the end, the first block, and what the last block begins with.
        gathered = torch.cat((shallow, self.conv_2(outputs[-1]), outputs[1], first), 1)
        return self.upsampler(self.conv_cat(gathered))


def fuse(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a checkpoint's parameters with each sum of branches as the one convolution that it equals.

    The branches are a 1x1 convolution beside a 1x1, a 3x3 and a 1x1 one in a row. A kernel that training stored beside
    them may be older than they are, so it counts only where there are no branches. Whatever has another form
    stays as it is.
    """
    fused: dict[str, Tensor] = {}
    names = {key.removesuffix(f"{_FUSED}weight") for key in state if key.endswith(f"{_FUSED}weight")}
    for key, value in state.items():
        name = next((each for each in names if key.startswith(f"{each}.")), None)
        if name is None:
            fused[key] = value
        elif (made := _sum_of_branches(name, state)) is not None:
            fused[f"{name}.weight"], fused[f"{name}.bias"] = made
        else:
            fused[key.replace(_FUSED, ".")] = value
    return fused


def _sum_of_branches(name: str, state: dict[str, Tensor]) -> tuple[Tensor, Tensor] | None:
    """Return kernel and bias of the convolution that the branches add up to; None where they are not there."""
    kernels = [state.get(f"{name}.{branch}.weight") for branch in _BRANCHES]
    biases = [state.get(f"{name}.{branch}.bias") for branch in _BRANCHES]
    values = [value.double() for value in (*kernels, *biases) if value is not None]
    if len(values) != 2 * len(_BRANCHES) or any(kernel.ndim != 4 for kernel in values[: len(_BRANCHES)]):
        return None
    beside, before, middle, after, *added = values
    widths = [kernel.shape[:2] for kernel in (beside, before, middle, after)]
    chained = widths[1][0] == widths[2][1] and widths[2][0] == widths[3][1]
    if not chained or widths[0] != (widths[3][0], widths[1][1]) or middle.shape[2:] != (3, 3):
        return None
    after, before = after[:, :, 0, 0], before[:, :, 0, 0]
    kernel = torch.einsum("oa,abhw,bi->oihw", after, middle, before)
    kernel[:, :, 1:2, 1:2] += beside
    bias = after @ (middle.sum((2, 3)) @ added[1] + added[2]) + added[3] + added[0]
    return kernel.float(), bias.float()

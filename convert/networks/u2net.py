"""U2-Net: a U-shaped network whose every stage is itself a small U (Qin et al., Pattern Recognition 106, 2020).

The architecture is data: a :class:`U2NetConfig` lists each stage's height and widths, and one module builds any of
the family from it. The parameters are named as in the official checkpoints (``stage1.rebnconvin.conv_s1.weight``,
``side1``, ``outconv``), so those load with ``strict=True``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ISNET", "MATTELITE", "RSU", "U2NET", "U2NETP", "ConvBnRelu", "RSUConfig", "U2Net", "U2NetConfig"]

Heads = Literal["all", "fused"]


@dataclass(frozen=True)
class RSUConfig:
    """One residual U-block.

    Attributes:
        height: the L of RSU-L, its number of encoder layers.
        mid: width inside the block.
        out: width of what it hands on.
        dilated: it widens its kernels instead of pooling, and keeps its resolution (RSU-4F).
    """

    height: int
    mid: int
    out: int
    dilated: bool = False


@dataclass(frozen=True)
class U2NetConfig:
    """The stage table.

    Attributes:
        encoder: from the highest resolution to the lowest.
        decoder: back up again, with one stage less: the lowest encoder stage feeds it directly.
        stride: of the very first convolution. The heads give its square in channels, of which a map of the input's size
            is woven (pixel shuffle): all stages work at the lower resolution, and the edges do not.
        stem: width of a plain convolution before the first stage that halves the resolution, 0 where there is none; the
            heads' maps are resized to the input.
    """

    encoder: tuple[RSUConfig, ...]
    decoder: tuple[RSUConfig, ...]
    stride: int = 1
    stem: int = 0

    def __post_init__(self) -> None:
        if len(self.encoder) < 2 or len(self.decoder) != len(self.encoder) - 1:
            raise ValueError(
                f"a U2-Net needs at least 2 encoder stages and one decoder stage less; "
                f"got {len(self.encoder)} and {len(self.decoder)}"
            )


U2NET = U2NetConfig(
    encoder=(
        RSUConfig(7, 32, 64),
        RSUConfig(6, 32, 128),
        RSUConfig(5, 64, 256),
        RSUConfig(4, 128, 512),
        RSUConfig(4, 256, 512, dilated=True),
        RSUConfig(4, 256, 512, dilated=True),
    ),
    decoder=(
        RSUConfig(4, 256, 512, dilated=True),
        RSUConfig(4, 128, 256),
        RSUConfig(5, 64, 128),
        RSUConfig(6, 32, 64),
        RSUConfig(7, 16, 64),
    ),
)
"""The full network: 44.0 M parameters."""

ISNET = U2NetConfig(encoder=U2NET.encoder, decoder=U2NET.decoder, stem=64)
"""IS-Net (Qin et al., ECCV 2022): the full network at half the resolution, its first head alone the answer; 44.0 M."""

U2NETP = U2NetConfig(
    encoder=(
        RSUConfig(7, 16, 64),
        RSUConfig(6, 16, 64),
        RSUConfig(5, 16, 64),
        RSUConfig(4, 16, 64),
        RSUConfig(4, 16, 64, dilated=True),
        RSUConfig(4, 16, 64, dilated=True),
    ),
    decoder=(
        RSUConfig(4, 16, 64, dilated=True),
        RSUConfig(4, 16, 64),
        RSUConfig(5, 16, 64),
        RSUConfig(6, 16, 64),
        RSUConfig(7, 16, 64),
    ),
)
"""The small network: 1.13 M parameters."""

MATTELITE = U2NetConfig(
    encoder=(
        RSUConfig(7, 8, 24),
        RSUConfig(6, 16, 40),
        RSUConfig(5, 16, 56),
        RSUConfig(4, 16, 56),
        RSUConfig(4, 16, 56, dilated=True),
        RSUConfig(4, 16, 56, dilated=True),
    ),
    decoder=(
        RSUConfig(4, 16, 56, dilated=True),
        RSUConfig(4, 16, 56),
        RSUConfig(5, 16, 56),
        RSUConfig(6, 16, 40),
        RSUConfig(7, 8, 24),
    ),
)
"""mattelite: narrower than U2NETP, most where resolution makes a channel dear; 0.76 M parameters."""


class ConvBnRelu(nn.Module):
    """3x3 convolution, batch normalisation, ReLU; keeps the resolution, or with a ``stride`` divides it, rounding up.

    Input ``(n, in_channels, h, w)``, output ``(n, out_channels, h, w)``, floating point, not negative. The kernel of a
    convolution with a stride is as wide as two of its steps and one pixel.
    """

    def __init__(self, in_channels: int, out_channels: int, dilation: int = 1, stride: int = 1) -> None:
        super().__init__()
        size, padding = (3, dilation) if stride == 1 else (2 * stride + 1, stride)
        self.conv_s1 = nn.Conv2d(in_channels, out_channels, size, stride, padding, dilation)
        self.bn_s1 = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return functional.relu(self.bn_s1(self.conv_s1(x)))


class RSU(nn.Module):
    """Residual U-block: a U of ``stage.height`` layers, added to the block's own first convolution.

    Input ``(n, in_channels, h, w)``, output ``(n, stage.out, h, w)``. Any size works: pooling rounds up and the way
    back resizes to each skip connection's exact size.
    """

    def __init__(self, in_channels: int, stage: RSUConfig, stride: int = 1) -> None:
        super().__init__()
        if stage.height < 3:
            raise ValueError(f"an RSU is at least 3 layers high, got {stage.height}")
        self.height = stage.height
        self.dilated = stage.dilated
        mid, height = stage.mid, stage.height
        self.rebnconvin = ConvBnRelu(in_channels, stage.out, stride=stride)
        for level in range(1, height + 1):
            entry = stage.out if level == 1 else mid
            self.add_module(f"rebnconv{level}", ConvBnRelu(entry, mid, self._dilation(level)))
        for level in range(height - 1, 0, -1):
            out = stage.out if level == 1 else mid
            self.add_module(f"rebnconv{level}d", ConvBnRelu(2 * mid, out, self._dilation(level)))

    def _dilation(self, level: int) -> int:
        """1, 2, 4, 8 in a dilated block; else only the bottom layer is dilated, by 2."""
        if self.dilated:
            return 2 ** (level - 1)
        return 2 if level == self.height else 1

    def _layer(self, name: str) -> ConvBnRelu:
        return cast("ConvBnRelu", self.get_submodule(name))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        entry = self.rebnconvin(x)
        skips: list[Tensor] = []
        x = entry
        for level in range(1, self.height):
            # The first layer sees the full resolution, and the bottom one shares that of the layer above it.
            if level > 1 and not self.dilated:
                x = _pool(x)
            x = self._layer(f"rebnconv{level}")(x)
            skips.append(x)
        x = self._layer(f"rebnconv{self.height}")(x)
        for level in range(self.height - 1, 0, -1):
            skip = skips[level - 1]
            # Here too the bottom pair and dilated blocks are at one resolution already.
            if level < self.height - 1 and not self.dilated:
                x = _resize_like(x, skip)
            x = self._layer(f"rebnconv{level}d")(torch.cat((x, skip), 1))
        return x + entry


class U2Net(nn.Module):
    """The nested U, with one saliency head per decoder stage and their fusion.

    Input ``(n, in_channels, h, w)``, normalised as the model's contract says. Output: a tuple of maps
    ``(n, out_channels, h, w)``, the fused one first, then the heads from the highest resolution to the lowest; with
    ``heads="fused"`` only the fused map, as a tensor. Values are probabilities 0..1, or unbounded when ``logits``.
    ``heads`` and ``logits`` have no parameters and may be changed on the built module.

    Fine-tunes leave heads out: with ``sides`` less than the depth there are only the heads of the highest resolutions,
    and the fusion reads these, or with none the last decoder stage's features, by a kernel of ``fusion``; with a
    ``fusion`` of 0 there is none, and the first head stands for it.
    """

    def __init__(
        self,
        config: U2NetConfig = U2NET,
        *,
        in_channels: int = 3,
        out_channels: int = 1,
        heads: Heads = "all",
        logits: bool = False,
        sides: int | None = None,
        fusion: int = 1,
    ) -> None:
        super().__init__()
        self.config = config
        self.depth = len(config.encoder)
        self.sides = self.depth if sides is None else sides
        if not (0 <= self.sides <= self.depth and (self.sides or fusion)):
            raise ValueError(f"a U2-Net of {self.depth} stages has no {self.sides} heads, fused by {fusion}")
        self.heads: Heads = heads
        self.logits = logits
        previous = in_channels
        if config.stem:
            self.conv_in = nn.Conv2d(in_channels, config.stem, 3, 2, 1)
            previous = config.stem
        for number, stage in enumerate(config.encoder, 1):
            self.add_module(f"stage{number}", RSU(previous, stage, config.stride if number == 1 else 1))
            previous = stage.out
        side_widths = [config.encoder[-1].out]
        for number, stage in zip(range(self.depth - 1, 0, -1), config.decoder, strict=True):
            self.add_module(f"stage{number}d", RSU(previous + config.encoder[number - 1].out, stage))
            previous = stage.out
            side_widths.insert(0, previous)
        parts = out_channels * config.stride**2
        for number, width in enumerate(side_widths[: self.sides], 1):
            self.add_module(f"side{number}", nn.Conv2d(width, parts, 3, padding=1))
        self.outconv: nn.Module | None = None
        if fusion:
            self.outconv = nn.Conv2d(self.sides * parts or side_widths[0], parts, fusion, padding=fusion // 2)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """See the class."""
        height, width = x.shape[2:]
        given = x
        if self.config.stem:
            x = self.conv_in(x)
        encoded: list[Tensor] = []
        for number in range(1, self.depth + 1):
            x = self.get_submodule(f"stage{number}")(_pool(x) if encoded else x)
            encoded.append(x)
        # From here on the list holds what each head reads: decoder outputs, and the bottom encoder stage itself.
        for number in range(self.depth - 1, 0, -1):
            skip = encoded[number - 1]
            x = self.get_submodule(f"stage{number}d")(torch.cat((_resize_like(x, skip), skip), 1))
            encoded[number - 1] = x
        sides: list[Tensor] = []
        for number in range(1, self.sides + 1):
            side: Tensor = self.get_submodule(f"side{number}")(encoded[number - 1])
            # A stem's heads are resized to the input's size, the others to that of the first.
            larger = given if self.config.stem else sides[0] if sides else side
            sides.append(side if larger is side else _resize_like(side, larger))
        if self.outconv is None:
            fused, *sides = sides
        else:
            fused = self.outconv(torch.cat(sides, 1) if sides else encoded[0])
        stride = self.config.stride
        maps = (fused,) if self.heads == "fused" else (fused, *sides)
        if stride > 1:
            # The last row and column of an odd size are half of a step.
            maps = tuple(functional.pixel_shuffle(each, stride)[:, :, :height, :width] for each in maps)
        if self.heads == "fused":
            return maps[0] if self.logits else torch.sigmoid(maps[0])
        return maps if self.logits else tuple(torch.sigmoid(each) for each in maps)


def _pool(x: Tensor) -> Tensor:
    """Halve the resolution, rounding up."""
    return functional.max_pool2d(x, 2, stride=2, ceil_mode=True)


def _resize_like(x: Tensor, reference: Tensor) -> Tensor:
    """``x`` resized bilinearly to the height and width of ``reference``."""
    return functional.interpolate(x, size=reference.shape[2:], mode="bilinear", align_corners=False)

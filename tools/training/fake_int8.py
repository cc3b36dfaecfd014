"""Training as INT8 will compute: weights and inputs of convolutions are rounded on the way, gradients pass through."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

MEMORY = 0.99
"""How slowly the ranges of activations follow the batches."""


class FakeInt8(nn.Module):
    """A network whose convolutions round as NNCF's mixed preset does.

    Weights are symmetric, with one scale for each output channel; activations are asymmetric, with one scale for the
    tensor, whose range is a moving average of the batches'.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        # Not a part of this one: its parameters keep their names.
        self._network = [network]
        convolutions = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
        self.weights = [f"{name}.weight" for name in convolutions]
        self.ranges = nn.ParameterDict(
            {name.replace(".", "/"): nn.Parameter(torch.zeros(2), requires_grad=False) for name in convolutions}
        )
        for name, module in convolutions.items():
            module.register_forward_pre_hook(self._rounding(name))

    def _rounding(self, name: str) -> Any:
        limits = self.ranges[name.replace(".", "/")]

        def hook(module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
            if not module.training:
                return None
            inputs = arguments[0]
            with torch.no_grad():
                seen = torch.stack((inputs.min().clamp_max(0), inputs.max().clamp_min(0)))
                limits.copy_(limits.lerp(seen, 1 - MEMORY) if limits.any() else seen)
                low, high = limits.tolist()
            scale = max(high - low, 1e-6) / 255
            zero = round(-low / scale)
            return (torch.fake_quantize_per_tensor_affine(inputs, scale, zero, 0, 255),)

        return hook

    def forward(self, x: Tensor) -> Any:
        """What the network gives for ``x`` (n, 3, h, w), rounded on the way."""
        network = self._network[0]
        rounded: dict[str, Tensor] = {}
        for name in self.weights:
            weight = network.get_parameter(name)
            scale = weight.detach().abs().amax((1, 2, 3)).clamp_min(1e-8) / 127
            zero = torch.zeros(len(weight), dtype=torch.int32, device=weight.device)
            rounded[name] = torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)
        return functional_call(network, rounded, (x,))

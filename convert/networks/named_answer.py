"""A network that answers with a table of tensors, as one that answers with the tensor that counts."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["NamedAnswer"]


class NamedAnswer(nn.Module):
    """Input as the `network` takes it; output: what this gives under `name`."""

    def __init__(self, network: nn.Module, name: str) -> None:
        super().__init__()
        self.network = network
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return self.network(x)[self.name]

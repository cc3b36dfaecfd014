"""Start a wide, deep srlite from a narrower, shallower one that computes the same function."""

from __future__ import annotations

import torch
from mattekit.convert.networks.srlite import CollapsibleConv, SrLite, collapse
from torch import Tensor, nn


def _fill(target: Tensor, source: Tensor, rows: int, columns: int) -> None:
    """Old outputs listen to old inputs alone; new outputs keep what chance gave them."""
    target[:rows] = 0
    target[:rows, :columns] = source


@torch.no_grad()
def grow(small: SrLite, large: SrLite) -> None:
    """Give ``large`` (collapsible, at least as wide and deep) the function of ``small``.

    After "Net2Net" (Chen et al., ICLR 2016), with one difference: new channels start with random kernels and nobody
    listens to them, and new layers start as the identity. Where the scales differ, the last layer is left to chance.
    """
    small = collapse(small)
    narrow, wide = small.entry.out_channels, large.entry.out_channels
    if narrow > wide or len(small.body) > len(large.body):
        raise ValueError("a network can grow, not shrink")
    large.entry.weight[:narrow] = small.entry.weight
    _biases(large.entry)[:narrow] = _biases(small.entry)
    large.entry_activation.weight[:narrow] = small.entry_activation.weight
    identity = torch.zeros(narrow, narrow, 3, 3)
    identity[range(narrow), range(narrow), 1, 1] = 1.0
    for index, block in enumerate(large.body):
        assert isinstance(block, CollapsibleConv)
        activation = large.activations[index]
        assert isinstance(activation, nn.PReLU)
        old = small.body[index] if index < len(small.body) else None
        assert old is None or isinstance(old, nn.Conv2d)
        wanted = block.kernel().clone()
        _fill(wanted, identity if old is None else old.weight, narrow, narrow)
        block.direct.weight += wanted - block.kernel()
        _biases(block.direct)[:narrow] = 0 if old is None else _biases(old)
        slopes = small.activations[index].state_dict()["weight"] if old is not None else torch.ones(narrow)
        activation.weight[:narrow] = slopes
    if small.scale == large.scale:
        large.tail.weight.zero_()
        large.tail.weight[:, :narrow] = small.tail.weight
        _biases(large.tail).copy_(_biases(small.tail))


def _biases(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias

"""The graphs of a sweep: each operator that networks of images use, with the attributes that change what it does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sweeping.case import Case
from sweeping.elements import elementwise, norms, quantized, reductions
from sweeping.moves import choices, moves
from sweeping.rarities import rarities
from sweeping.windows import convolutions, pools, sizes

__all__ = ["cases"]


def cases(seed: int) -> Iterator[Case]:
    """Yield all cases; the numbers in them depend on the seed."""
    rng = np.random.default_rng(seed)

    def noise(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    image = noise(1, 4, 7, 9)
    yield from elementwise(image, noise)
    yield from reductions(image)
    yield from convolutions(noise)
    yield from pools(image)
    yield from sizes(image)
    yield from moves(image, noise)
    yield from norms(image, noise)
    yield from choices(image, noise)
    yield from quantized(image, noise)
    yield from rarities(image, noise)

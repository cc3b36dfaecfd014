"""The same samples give the same bytes of a PNG, wherever in memory it is compressed."""

from __future__ import annotations

import numpy as np
import pytest
from mattekit.images import encode_mask

# ISA-L once hashes bits 16 and up of an address in place of the data: 64 KiB further is another hash to it, and one of
# 8,192 hashes gives an image other bytes.
STEP = 1 << 16
ADDRESSES = 16_384


def repeating(seed: int) -> np.ndarray:
    """A grey image whose rows' differences repeat, so that its bytes depend on the first ones being found again."""
    row = np.random.default_rng(seed).integers(0, 256, 40)
    grey = np.cumsum(np.tile(row, (20, 1)), axis=0)
    grey[3:, 0] += 1
    return grey.astype(np.uint8)


@pytest.mark.slow
def test_an_image_has_the_same_bytes_wherever_it_is_compressed() -> None:
    masks = [repeating(seed) for seed in range(4)]
    files: list[set[bytes]] = [set() for _ in masks]
    held = []
    for _ in range(ADDRESSES):
        held.append(np.empty(STEP, np.uint8))
        for mask, found in zip(masks, files, strict=True):
            found.add(encode_mask(mask, "png"))
    assert [len(found) for found in files] == [1] * len(masks)

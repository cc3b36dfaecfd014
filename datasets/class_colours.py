"""Masks in colours: which class each colour stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from ..images import Image

__all__ = ["CLASSES_FILE", "LOSSY", "VOID", "by_colours", "by_voc_colours"]

CLASSES_FILE = "classes.toml"
"""Found beside a data set's masks, or in the folder around them."""

VOID = 255
"""The number of pixels that belong to no class, and don't count."""

LOSSY = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
"""Suffixes of files whose values are not what was written."""

_TINT = 0.25
"""A share of the full range: what differs less between its channels is a grey with a tint."""

_TINTED = 0.001
"""The share of an image's pixels above it that makes a mask one in colours."""


def by_colours(image: Image, colours: Sequence[str], void: str | None, path: Path) -> NDArray[np.uint8]:
    """Return the numbers of a mask whose colours the data set gives, (H, W) uint8.

    Args:
        image: the mask.
        colours: one for each class, as #rrggbb.
        void: that of pixels that don't count.
        path: of the mask, for messages.

    Raises:
        InputError: it has another colour.
    """
    table = {_packed(colour): number for number, colour in enumerate(colours)}
    return _looked_up(image, table if void is None else table | {_packed(void): VOID}, path)


def by_voc_colours(image: Image, path: Path) -> NDArray[np.uint8] | None:
    """Return the numbers of a mask in PASCAL VOC's colours; None for one that is grey but for slight tints.

    Raises:
        InputError: it has another colour.
    """
    tint = image.rgb.max(axis=2).astype(np.int32) - image.rgb.min(axis=2)
    if np.count_nonzero(tint > _TINT * image.full) <= _TINTED * tint.size:
        return None
    return _looked_up(image, _VOC, path)


def _looked_up(image: Image, table: dict[int, int], path: Path) -> NDArray[np.uint8]:
    rgb = image.with_depth(8).rgb.astype(np.uint32)
    packed = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
    colours, places = np.unique(packed, return_inverse=True)
    unknown = [int(colour) for colour in colours if int(colour) not in table]
    if unknown:
        why = ", and a JPEG changes colours; give PNG," if path.suffix.lower() in LOSSY else "; give"
        raise InputError(
            f"{path}: its colour #{unknown[0]:06x} stands for no class{why} labels and colours in {CLASSES_FILE} "
            "beside the masks, or grey masks of class numbers"
        )
    return np.array([table[int(colour)] for colour in colours], dtype=np.uint8)[places].reshape(packed.shape)


def _packed(colour: str) -> int:
    return int(colour.removeprefix("#"), 16)


def _voc_colours() -> dict[int, int]:
    """Return PASCAL VOC's colours with their numbers, whose bits, three at a time, are bits of red, green, blue.

    Everingham et al., "The PASCAL visual object classes challenge 2012 development kit", 2012.
    """
    found: dict[int, int] = {}
    for number in range(VOID + 1):
        places = ((bit, 7 - bit // 3 + 8 * (2 - bit % 3)) for bit in range(8))
        found[sum((number >> bit & 1) << place for bit, place in places)] = number
    return found


_VOC = _voc_colours()

"""Masks of one's own in place of a network's: one file for every image, or a folder of masks by the images' stems."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..core import ImageError
from ..images import READABLE_EXTENSIONS, Image, Pixels, read_image
from .cutting import Cutter, Matte
from .mask_edits import MaskEdits

__all__ = ["GivenMasks"]


class GivenMasks(Cutter):
    """Takes backgrounds away by masks that are there already.

    A mask is a grey image, black background and white subject, or a cut-out, whose alpha it is. One whose brightest
    pixel is 1 holds 0 and 1.

    Args:
        place: the mask of every image, or the folder in which each image's mask has the image's stem.
        edits: as for `Cutter`.
        decontaminate: likewise.

    Raises:
        ImageError: there is no such file or folder, or the file is no image.
    """

    def __init__(self, place: Path, *, edits: MaskEdits | None = None, decontaminate: bool = False) -> None:
        super().__init__(edits=edits, decontaminate=decontaminate)
        self._place = place
        self._one = None if place.is_dir() else _read(place)

    def __repr__(self) -> str:
        """Say where the masks are."""
        return f"GivenMasks({str(self._place)!r})"

    def matte(self, image: Image) -> Matte:
        """Return the mask of an image, as its alpha.

        Raises:
            ImageError: the folder has none for it or several, or its proportions are others than the image's.
        """
        path, mask = (self._place, self._one) if self._one is not None else self._found(image)
        height, width = mask.shape
        ratio = image.width / width
        if abs(height * ratio - image.height) > max(1.0, ratio):
            raise ImageError(
                f"{image.source or 'the image'}: it is {image.width}x{image.height}, and its mask {path} "
                f"{width}x{height}; give a mask of the image's proportions"
            )
        if mask.shape != (image.height, image.width):
            way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
            mask = np.asarray(cv2.resize(mask, image.size, interpolation=way), dtype=mask.dtype)
        # A mask's own depth decides nothing: it becomes the image's.
        alpha = Image(np.dstack([mask] * 3)).with_depth(image.depth).rgb[..., 0]
        alpha = np.ascontiguousarray(alpha)
        return self._finished(Matte(alpha, 1.0, bool(alpha.any())), image)

    def _found(self, image: Image) -> tuple[Path, Pixels]:
        stem = Path(image.source).stem
        found = [
            each for each in self._place.glob("*") if each.stem == stem and each.suffix.lower() in READABLE_EXTENSIONS
        ]
        if len(found) != 1:
            said = ", ".join(sorted(each.name for each in found)) or "none"
            name = image.source or "an image that comes from no file"
            raise ImageError(
                f"{name}: one mask called {stem or 'as the image'} is needed in {self._place}, and there is {said}; "
                "name each mask as its image"
            )
        return found[0], _read(found[0])


def _read(path: Path) -> Pixels:
    """Return a mask (H, W)."""
    image = read_image(path)
    mask = image.alpha
    if mask is None or mask.min() == image.full:
        mask = np.asarray(cv2.cvtColor(image.rgb, cv2.COLOR_RGB2GRAY), dtype=image.rgb.dtype)
    return mask * mask.dtype.type(image.full) if mask.max() == 1 else mask

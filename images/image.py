"""The image that every stage of the pipeline hands to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

if TYPE_CHECKING:
    from .metadata import Metadata

__all__ = ["Image", "Pixels", "to_depth"]

Pixels = NDArray[np.uint8 | np.uint16]


def to_depth(pixels: Pixels, depth: int) -> Pixels:
    """Return `pixels` in `depth` bits: 8 (uint8, 0-255) or 16 (uint16, 0-65535).

    8 to 16 bits multiplies by 257, so that white stays white; 16 to 8 divides by 257 and rounds to the nearest, so that
    going up and down again changes nothing. An array that has the depth already is returned itself, not a copy.
    """
    if depth not in (8, 16):
        raise ValueError(f"depth must be 8 or 16, not {depth}")
    if pixels.dtype == np.uint8:
        return pixels if depth == 8 else np.multiply(pixels, np.uint16(257), dtype=np.uint16)
    if depth == 16:
        return pixels
    # convertScaleAbs rounds to the nearest; 257 is odd, so there are no ties.
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=1 / 257), dtype=np.uint8)


@dataclass(frozen=True, eq=False, repr=False)
class Image:
    """Pixels, upright, with what has to travel with them.

    Attributes:
        rgb: (H, W, 3), uint8 or uint16, RGB order, the full range of its type, C-contiguous; straight, which is to say
            not multiplied by alpha.
        alpha: (H, W) of the same type, 0 transparent to full opaque; None where the image has no alpha channel.
        icc: the RGB ICC profile that `rgb` is meant in; None means sRGB.
        grey: the source held one grey channel; the three of `rgb` are then equal.
        source: the name to use for this image in messages; empty if it came from no file.
        notes: what the reader had to do that the owner may want to know (a damaged profile left out, the first frame of
            an animation taken), one sentence each.
        metadata: what the file says beside; None where it says nothing.
    """

    rgb: Pixels
    alpha: Pixels | None = None
    icc: bytes | None = None
    grey: bool = False
    source: str = ""
    notes: tuple[str, ...] = ()
    metadata: Metadata | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of the wrong shape or type with a ValueError: that is a mistake in the calling code."""
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or 0 in self.rgb.shape:
            raise ValueError(f"rgb must have the shape (H, W, 3), not {self.rgb.shape}")
        if self.rgb.dtype.name not in ("uint8", "uint16"):
            raise ValueError(f"rgb must be uint8 or uint16, not {self.rgb.dtype}")
        if self.alpha is None:
            return
        if self.alpha.shape != self.rgb.shape[:2]:
            raise ValueError(f"alpha must have the shape {self.rgb.shape[:2]}, not {self.alpha.shape}")
        if self.alpha.dtype != self.rgb.dtype:
            raise ValueError(f"alpha must be {self.rgb.dtype} like rgb, not {self.alpha.dtype}")

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.rgb.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    @property
    def depth(self) -> int:
        """Bits of one sample: 8 or 16."""
        return 8 * int(self.rgb.dtype.itemsize)

    @property
    def full(self) -> int:
        """The value of white and of opaque: 255 or 65535."""
        return (1 << self.depth) - 1

    def with_depth(self, depth: int) -> Image:
        """Return the image in 8 or 16 bits a sample; itself if it is so already."""
        if depth == self.depth:
            return self
        alpha = None if self.alpha is None else to_depth(self.alpha, depth)
        return replace(self, rgb=to_depth(self.rgb, depth), alpha=alpha)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return (H, W, 3) RGB, or (H, W, 4) RGBA with straight alpha; NumPy's way of asking for an array."""
        pixels: NDArray[Any] = self.rgb if self.alpha is None else np.asarray(cv2.merge([self.rgb, self.alpha]))
        if dtype is not None and pixels.dtype != dtype:
            return pixels.astype(dtype)
        return pixels.copy() if copy else pixels

    def __repr__(self) -> str:
        """Return size, depth and what else there is, in one line; the pixels would fill the screen."""
        parts = [f"{self.width}x{self.height}", f"{self.depth} bits", "grey" if self.grey else "RGB"]
        parts += ["alpha"] if self.alpha is not None else []
        parts += ["profile"] if self.icc is not None else []
        parts += [repr(self.source)] if self.source else []
        return f"Image({', '.join(parts)})"

    def to_pil(self) -> PilImage.Image:
        """Return a Pillow image in RGB or RGBA, 8 bits a sample, with the profile."""
        image = PilImage.fromarray(np.asarray(self.with_depth(8)))
        if self.icc is not None:
            image.info["icc_profile"] = self.icc
        return image

    def _repr_png_(self) -> bytes:
        """Return a PNG, which a notebook shows."""
        stream = BytesIO()
        self.to_pil().save(stream, "PNG")
        return stream.getvalue()

    def with_changes(self, **changes: Any) -> Image:
        """Return a copy with these attributes replaced (`dataclasses.replace`)."""
        return replace(self, **changes)

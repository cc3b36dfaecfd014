"""WebP and AVIF, which Pillow encodes with their profiles and metadata."""

from __future__ import annotations

from io import BytesIO
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage, features

from ..core import ImageError
from .image import Image
from .metadata import Metadata

__all__ = ["encode_avif", "encode_webp"]


def encode_webp(image: Image, quality: int, exact: bool, said: Metadata) -> bytes:
    """Encode 8 bits; 100 is lossless. WebP has no grey, and no place for IPTC and texts."""
    options = {"lossless": quality == 100, "exact": exact, "method": 2}
    return _encoded(image, "WEBP", said, quality=quality if quality < 100 else 50, **options)


def encode_avif(image: Image, quality: int, said: Metadata) -> bytes:
    """Encode 8 bits; AVIF keeps what WebP does.

    Raises:
        ImageError: this build of Pillow writes no AVIF.
    """
    if not features.check("avif"):
        name = image.source or "the image"
        raise ImageError(f"{name}: this build of Pillow writes no AVIF; write a WebP, or install Pillow 11.3 or later")
    return _encoded(image, "AVIF", said, quality=quality)


def _encoded(image: Image, kind: str, said: Metadata, **options: object) -> bytes:
    samples = image.rgb if image.alpha is None else np.dstack([image.rgb, image.alpha])
    exif = said.with_resolution()
    kept = {"icc_profile": image.icc or b"", "exif": b"Exif\0\0" + exif if exif else b"", "xmp": said.xmp or b""}
    out = BytesIO()
    PilImage.fromarray(cast("NDArray[np.uint8]", samples)).save(out, kind, **(kept | options))
    return out.getvalue()

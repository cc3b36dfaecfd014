"""JPEG: pixels by libjpeg-turbo, which says what was wrong; Pillow's is the same decoder, but keeps that to itself."""

from __future__ import annotations

import re
from typing import cast

import numpy as np
from PIL import ImageFile

from .image import Pixels
from .pixels import Samples

__all__ = ["jpeg_samples"]

_EOI = b"\xff\xd9"
# A decoder fills what is missing behind these with grey or with what stood before.
_LOST = re.compile(r"premature end of data|instead of RST|bad Huffman|before marker 0xd[0-7]|arithmetic code|EOI")
_ENDLESS = "Premature end of JPEG file"
_COLOURS = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_SCAN = re.compile(rb"\xff(?:\xc2|\xda)")


def jpeg_samples(image: ImageFile.ImageFile, data: bytes) -> Samples:
    """Decode the JPEG file `data` that Pillow has opened as `image`.

    Raises:
        ValueError: a part of its pixels is missing. Pillow raises others of `DAMAGE`, too.
    """
    import simplejpeg

    colours = _COLOURS.get(image.mode)
    if colours is None:
        raise ValueError(f"its colours are {image.mode}, which JPEG files don't hold")
    notes: tuple[str, ...] = ()
    try:
        pixels = simplejpeg.decode_jpeg(data, colours, strict=True)
    except ValueError as error:
        said = str(error)
        if _ENDLESS in said:
            said = _said_of(data + _EOI, colours)
            notes = ("its end marker is missing; all of its pixels are there",)
        if _LOST.search(said):
            raise ValueError(said) from error
        if said and "Corrupt" not in said and "Inconsistent" not in said and "Invalid" not in said:
            # What libjpeg refuses, such as a marker of an odd length, Pillow may read.
            return _by_pillow(image)
        if said:
            notes = (f"the decoder says: {said}",)
        pixels = simplejpeg.decode_jpeg(data, colours, strict=False)
    if pixels.shape[1::-1] != image.size:
        raise ValueError(f"it holds {pixels.shape[1]}x{pixels.shape[0]} pixels, and its header says otherwise")
    if colours == "CMYK":
        # Pillow knows whose CMYK it is; here it was looked at whether all of it is there.
        return _by_pillow(image, notes)
    return Samples(cast("Pixels", pixels[..., 0] if colours == "GRAY" else pixels), None, notes=notes)


def _said_of(data: bytes, colours: str) -> str:
    import simplejpeg

    try:
        simplejpeg.decode_jpeg(data, colours, strict=True)
    except ValueError as error:
        return str(error)
    return ""


def _by_pillow(image: ImageFile.ImageFile, notes: tuple[str, ...] = ()) -> Samples:
    image.load()
    if image.mode == "CMYK":
        # Pillow takes every CMYK JPEG as Adobe's, which are inverted.
        inks = np.asarray(image, np.uint8)
        return Samples(inks if "adobe" in image.info else 255 - inks, None, inks=True, notes=notes)
    return Samples(np.asarray(image.convert("L" if image.mode == "L" else "RGB"), np.uint8), None, notes=notes)

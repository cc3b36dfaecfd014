"""Reading metadata: from what Pillow has opened, and from a TIFF's tags."""

from __future__ import annotations

import re
import struct
from typing import Any, cast

from PIL import Image as PilImage, ImageFile, PngImagePlugin

from .metadata import Metadata, exif_bytes
from .pixels import DAMAGE
from .tiff import Tiff

__all__ = ["metadata_of"]

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_DESCRIPTION, _ARTIST, _COPYRIGHT = 0x010E, 0x013B, 0x8298
# Of a TIFF's own tags those that EXIF has too: the rest say how its pixels are stored.
_SAID = frozenset({_DESCRIPTION, 0x010F, 0x0110, 0x0131, 0x0132, _ARTIST, 0x013C, _COPYRIGHT, _EXIF_IFD, _GPS_IFD})
# Orientation, which is undone, the place of the thumbnail, and the size in pixels, which may change.
_DROPPED, _DROPPED_BELOW = (0x0112, 0x0201, 0x0202, 0x011A, 0x011B, 0x0128), (0xA002, 0xA003)
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[2-8]')
_XMP_THUMBNAIL = re.compile(rb"<(xmp|xap):Thumbnails>.*?</\1:Thumbnails>", re.DOTALL)
_XMP_KEY = "XML:com.adobe.xmp"
_PHOTOSHOP_IPTC = 0x0404
_MOST = 1 << 24


def metadata_of(image: ImageFile.ImageFile | None, opened: object, data: bytes) -> Metadata | None:
    """Read what a file says; what is damaged of it is left out. None where it says nothing.

    Args:
        image: as Pillow opened it, its pixels decoded; None for a TIFF that Pillow doesn't read.
        opened: the file.
        data: its bytes; none for an image that is no file.
    """
    try:
        if isinstance(opened, Tiff):
            found = _of_tiff(opened, data)
        elif image is not None:
            found = _of_pillow(image)
        else:
            found = None
    except DAMAGE:
        found = None
    return found or None


def _of_tiff(tiff: Tiff, data: bytes) -> Metadata:
    exif = PilImage.Exif()
    if data[2:4] in (b"*\0", b"\0*"):
        exif.load(data)
    description = exif.get(_DESCRIPTION)
    for tag in list(exif.keys()):
        # What writers of arrays note there is about the array.
        machine = tag == _DESCRIPTION and str(description).startswith(('{"shape"', "ImageJ=", "<?xml"))
        if tag not in _SAID or machine:
            del exif[tag]
    inch = {2: 1.0, 3: 2.54}.get(int(tiff.tag(296) or 2))
    across, down = (_ratio(tiff.tag(number)) for number in (282, 283))
    # A ratio of 1 is what writers put that know none.
    dpi = (across * inch, down * inch) if inch and across > 1 and down > 1 else None
    return Metadata(dpi, _cleaned(exif), _as_bytes(tiff.tag(33723)), _clean_xmp(_as_bytes(tiff.tag(700))))


def _of_pillow(image: ImageFile.ImageFile) -> Metadata:
    info = cast("dict[str, Any]", image.info)
    dpi = info.get("dpi")
    if image.format == "JPEG" and info.get("jfif_unit") not in (1, 2) and 0x011A not in image.getexif():
        # Pillow says 72 where nothing is said.
        dpi = None
    found = (float(dpi[0]), float(dpi[1])) if isinstance(dpi, tuple) and len(dpi) == 2 and min(dpi) > 1 else None
    texts: list[tuple[str, str]] = []
    if isinstance(image, PngImagePlugin.PngImageFile):
        texts = [(key, str(text)) for key, text in image.text.items() if not key.startswith(("Raw profile", _XMP_KEY))]
    elif isinstance(comment := info.get("comment"), bytes) and comment and image.format == "JPEG":
        texts = [("Comment", comment.decode("utf-8", "replace"))]
    blocks = info.get("photoshop")
    iptc = _as_bytes(blocks.get(_PHOTOSHOP_IPTC)) if isinstance(blocks, dict) else None
    if isinstance(image, PngImagePlugin.PngImageFile):
        iptc = _raw_profile(image.text.get("Raw profile type iptc", ""))
    return Metadata(found, _cleaned(image.getexif()), iptc, _clean_xmp(_as_bytes(info.get("xmp"))), tuple(texts))


def _ratio(value: object) -> float:
    if isinstance(value, tuple) and len(cast("tuple[int, ...]", value)) == 2:
        over, under = cast("tuple[int, int]", value)
        return over / under if under else 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _as_bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, tuple):
        items = cast("tuple[int, ...]", value)
        value = bytes(items) if all(0 <= each < 256 for each in items) else struct.pack(f"<{len(items)}I", *items)
    return value if isinstance(value, bytes) and 0 < len(value) <= _MOST else None


def _cleaned(exif: PilImage.Exif) -> bytes | None:
    for tag in _DROPPED:
        if tag in exif:
            del exif[tag]
    details = exif.get_ifd(_EXIF_IFD)
    for tag in _DROPPED_BELOW:
        details.pop(tag, None)
    return exif_bytes(exif)


def _clean_xmp(xmp: bytes | None) -> bytes | None:
    return None if xmp is None else _XMP_THUMBNAIL.sub(b"", _XMP_ORIENTATION.sub(rb"\g<1>1", xmp))


def _raw_profile(text: str) -> bytes | None:
    """Read ImageMagick's way of putting IPTC into a PNG's text: a name, a length, and hexadecimal digits."""
    lines = text.split()
    if len(lines) < 3:
        return None
    content = bytes.fromhex("".join(lines[2:]))
    at = content.find(b"8BIM\x04\x04")
    if at < 0:
        return content or None
    length = int.from_bytes(content[at + 8 : at + 12], "big")
    return content[at + 12 : at + 12 + length] or None

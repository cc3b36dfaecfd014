"""Putting metadata and profiles into the bytes of files that are written."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from isal import isal_zlib
from PIL import Image as PilImage

from .metadata import Metadata

__all__ = ["jpeg_with", "png_parts", "tiff_exif", "tiff_tags"]

_METRE = 1 / 0.0254
_SEGMENT = 65_533
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_SHORT, _ASCII, _LONG, _UNDEFINED, _BYTE = 3, 2, 4, 7, 1


def png_parts(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Give the names and contents of the chunks that say it."""
    if metadata.dpi:
        across, down = (round(each * _METRE) for each in metadata.dpi)
        yield b"pHYs", struct.pack(">IIB", across, down, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    if metadata.xmp:
        yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.xmp
    if metadata.iptc:
        block = _photoshop(metadata.iptc)
        text = f"\niptc\n{len(block):8}\n{block.hex()}\n".encode()
        yield b"zTXt", b"Raw profile type iptc\0\0" + isal_zlib.compress(text)
    for key, text in metadata.texts:
        name = key.encode("latin-1", "replace")[:79]
        try:
            yield b"tEXt", name + b"\0" + text.encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", name + b"\0\0\0\0\0" + text.encode()


def jpeg_with(data: bytes, icc: bytes | None, metadata: Metadata) -> bytes:
    """Return a JPEG file with a profile and metadata; what doesn't fit into a segment of it (64 KiB) is left out.

    Raises:
        ValueError: the profile has more than 255 segments.
    """
    at, parts = 2, [data[:2]]
    if data[2:4] == b"\xff\xe0":
        at = 4 + int.from_bytes(data[4:6], "big")
        head = bytearray(data[2:at])
        if metadata.dpi:
            head[11:16] = struct.pack(">BHH", 1, *(min(65_535, max(1, round(each))) for each in metadata.dpi))
        parts.append(bytes(head))
    if exif := metadata.with_resolution():
        parts += _segment(0xE1, b"Exif\0\0" + exif)
    if metadata.xmp:
        parts += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + metadata.xmp)
    if icc:
        step = _SEGMENT - 14
        pieces = [icc[start : start + step] for start in range(0, len(icc), step)]
        if len(pieces) > 255:
            raise ValueError("it has more than 255 segments")
        for number, piece in enumerate(pieces, 1):
            parts += _segment(0xE2, b"ICC_PROFILE\0" + bytes((number, len(pieces))) + piece)
    if metadata.iptc:
        parts += _segment(0xED, b"Photoshop 3.0\0" + _photoshop(metadata.iptc))
    for key, text in metadata.texts:
        parts += _segment(0xFE, (text if key == "Comment" else f"{key}: {text}").encode())
    return b"".join([*parts, data[at:]])


def _segment(marker: int, content: bytes) -> list[bytes]:
    if len(content) > _SEGMENT:
        return []
    return [bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big"), content]


def _photoshop(iptc: bytes) -> bytes:
    return b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + iptc + bytes(len(iptc) % 2)


def tiff_tags(metadata: Metadata) -> list[tuple[int, int, int, Any, bool]]:
    """Return the tags that say it, as tifffile takes them, without EXIF's own directories."""
    tags: list[tuple[int, int, int, Any, bool]] = []
    if metadata.xmp:
        tags.append((700, _BYTE, len(metadata.xmp), metadata.xmp, True))
    if metadata.iptc:
        tags.append((33723, _UNDEFINED, len(metadata.iptc), metadata.iptc, True))
    texts = {key: text for key, text in metadata.texts if key not in ("Comment", "Description")}
    said = next((text for key, text in metadata.texts if key in ("Comment", "Description")), None)
    exif = _directories(metadata)
    for tag, value in exif.items():
        if isinstance(value, str) and value:
            tags.append((tag, _ASCII, 0, value, True))
    known = {tag for tag, *_ in tags}
    named = {0x010E: said, 0x013B: texts.get("Author"), 0x8298: texts.get("Copyright"), 0x0131: texts.get("Software")}
    for tag, text in named.items():
        if text and tag not in known and text.isascii():
            tags.append((tag, _ASCII, 0, text, True))
    return tags


def tiff_exif(data: bytes, metadata: Metadata) -> bytes:
    """Return a TIFF file, little-endian and classic, with EXIF's directories, which tifffile writes none of."""
    exif = _directories(metadata)
    more: list[bytes] = []
    for tag in (_EXIF_IFD, _GPS_IFD):
        if exif.get_ifd(tag):
            data += bytes(len(data) % 2)
            more.append(struct.pack("<HHII", tag, _LONG, 1, len(data)))
            data += _directory(exif, tag, len(data))
    if not more:
        return data
    first = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[first : first + 2], "little")
    entries = [data[at : at + 12] for at in range(first + 2, first + 2 + 12 * count, 12)]
    entries = sorted([*entries, *more], key=lambda entry: int.from_bytes(entry[:2], "little"))
    data += bytes(len(data) % 2)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return data[:4] + len(data).to_bytes(4, "little") + data[8:] + directory


def _directories(metadata: Metadata) -> PilImage.Exif:
    exif = PilImage.Exif()
    if metadata.exif:
        exif.load(b"Exif\0\0" + metadata.exif)
    return exif


def _directory(exif: PilImage.Exif, tag: int, offset: int) -> bytes:
    """Serialise one directory so that it lies at `offset`."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    found = ImageFileDirectory_v2(b"II*\0\x08\0\0\0")
    for key, value in exif.get_ifd(tag).items():
        if not isinstance(value, dict):
            found[key] = value
    return found.tobytes(offset)

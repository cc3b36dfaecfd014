"""What a file says beside its pixels and colours: resolution, EXIF, IPTC, XMP, texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from PIL import Image as PilImage

from .kept_metadata import KeptMetadata

__all__ = ["Metadata", "exif_bytes"]

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_ARTIST, _COPYRIGHT = 0x013B, 0x8298
_OWNERS = frozenset({"copyright", "author", "disclaimer", "source"})
# IPTC's by-line, its title, credit, source, copyright notice, contact.
_IPTC_OWNERS = frozenset({80, 85, 110, 115, 116, 118})


@dataclass(frozen=True)
class Metadata:
    """What a file says of its image.

    Attributes:
        dpi: pixels per inch, across and down; None where it doesn't say.
        exif: EXIF as a TIFF structure, without orientation, thumbnail and size.
        iptc: IPTC's records.
        xmp: an XMP packet.
        texts: pairs of keyword and text, from a PNG's chunks or a JPEG's comment.
    """

    dpi: tuple[float, float] | None = None
    exif: bytes | None = None
    iptc: bytes | None = None
    xmp: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Tell whether it says anything."""
        return bool(self.dpi or self.exif or self.iptc or self.xmp or self.texts)

    def kept(self, kept: KeptMetadata) -> Metadata:
        """Return what is written of it; of XMP there is nothing where only owners are kept, but its copyright."""
        if kept == "keep":
            return self
        if kept == "none":
            return Metadata()
        exif = None
        if self.exif:
            whole, few = _exif(self.exif), PilImage.Exif()
            for tag in (_ARTIST, _COPYRIGHT):
                if tag in whole:
                    few[tag] = whole[tag]
            exif = few.tobytes().removeprefix(b"Exif\0\0") if len(few) else None
        records = [raw for number, raw in _iptc_records(self.iptc or b"") if number in _IPTC_OWNERS]
        owners = tuple(pair for pair in self.texts if pair[0].lower() in _OWNERS)
        return replace(self, dpi=None, exif=exif, iptc=b"".join(records) or None, xmp=_rights(self.xmp), texts=owners)

    def with_resolution(self) -> bytes | None:
        """Return the EXIF with the resolution in it, for formats that have no other place for it."""
        if not self.exif and not self.dpi:
            return None
        exif = _exif(self.exif) if self.exif else PilImage.Exif()
        if self.dpi:
            exif[0x011A], exif[0x011B], exif[0x0128] = *self.dpi, 2
        return exif_bytes(exif)


def _exif(data: bytes) -> PilImage.Exif:
    exif = PilImage.Exif()
    exif.load(b"Exif\0\0" + data)
    return exif


def exif_bytes(exif: PilImage.Exif) -> bytes | None:
    """Return EXIF as a TIFF structure; None where there is nothing in it."""
    for tag in (_EXIF_IFD, _GPS_IFD):
        if tag in exif and not exif.get_ifd(tag):
            del exif[tag]
    if not len(exif) and not exif.get_ifd(_EXIF_IFD) and not exif.get_ifd(_GPS_IFD):
        return None
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _rights(xmp: bytes | None) -> bytes | None:
    """Return a packet with the elements of an XMP packet that say who made the image and on which terms."""
    names = b"dc:rights|dc:creator|photoshop:Credit|xmpRights:[A-Za-z]+"
    found = re.findall(rb"<(" + names + rb")(>.*?</)\1>", xmp or b"", re.DOTALL)
    if not found:
        return None
    spaces = (
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        b'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    )
    inner = b"".join(b"<" + name + rest + name + b">" for name, rest in found)
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ' + spaces + b'><rdf:Description rdf:about="">'
        + inner + b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )  # fmt: skip


def _iptc_records(iptc: bytes) -> Iterable[tuple[int, bytes]]:
    at = 0
    while at + 5 <= len(iptc) and iptc[at] == 0x1C:
        length = int.from_bytes(iptc[at + 3 : at + 5], "big")
        yield (iptc[at + 2] if iptc[at + 1] == 2 else -1), iptc[at : at + 5 + length]
        at += 5 + length

"""Kinds of files that take an extra, a camera's raw files and HEIC, and those that are no images that are read."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from .image import Pixels
from .pixels import DAMAGE, NotReadError, Samples
from .tiff import Tiff

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["RawPhoto", "open_heic", "open_raw", "raw_kind", "raw_kind_of_tiff", "what_else"]

_RAW_MAGIC = (
    (0, b"IIRO", "ORF"),
    (0, b"IIRS", "ORF"),
    (0, b"MMOR", "ORF"),
    (0, b"IIU\0", "RW2"),
    (0, b"FUJIFILMCCD-RAW", "RAF"),
    (0, b"FOVb", "X3F"),
    (0, b"\0MRM", "MRW"),
    (4, b"ftypcrx ", "CR3"),
    (6, b"HEAPCCDR", "CRW"),
    (8, b"CR\x02", "CR2"),
)
_DNG_VERSION, _CAMERAS_OWN, _SUB_IMAGES = 50706, frozenset({50707, 50740, 33421, 33422, 46279}), 330
_SENSOR = frozenset({32803, 34892})
# What cameras of Nikon, Sony, Pentax, Samsung and Kodak pack their sensor's values with.
_SENSOR_COMPRESSIONS = frozenset({32767, 32769, 32770, 34713, 65000, 65535, 262})
_MAKERS = {"NIKON": "NEF", "SONY": "ARW", "PENTAX": "PEF", "SAMSUNG": "SRW", "CANON": "CR2", "HASSELBLAD": "3FR"}
_HEIC_BRANDS = (b"hei", b"hev", b"mif1", b"msf1")

_HINTS = {
    b"%PDF": "it is a PDF document: export the page as PNG first",
    b"<svg": "it is an SVG drawing: export it as PNG first",
    b"8BPS": "it is a Photoshop document: export it as PNG or TIFF first",
    b"gimp xcf": "it is a GIMP document: export it as PNG or TIFF first",
    b"v/1\x01": "it is an OpenEXR image: convert it to PNG or TIFF with 16 bits first",
    b"#?RADIANCE": "it is a Radiance HDR image: convert it to PNG or TIFF with 16 bits first",
    b"\0\0\0\x0cJXL ": "it is a JPEG XL image: convert it to JPEG or PNG first",
    b"\xff\x0a": "it is a JPEG XL image: convert it to JPEG or PNG first",
    b"II\xbc\x01": "it is a JPEG XR image: convert it to JPEG or PNG first",
    b"ftyp": "it is a video: run it with mattekit video",
    b"\x1aE\xdf\xa3": "it is a video: run it with mattekit video",
    b"AVI LIST": "it is a video: run it with mattekit video",
    b"<html": "it is a web page: save the image itself, not the page that shows it",
    b"<!doctype": "it is a web page: save the image itself, not the page that shows it",
    b"<!DOCTYPE html": "it is a web page: save the image itself, not the page that shows it",
    b"version https://git-lfs": "it stands for a file in Git LFS: fetch that with git lfs pull",
    b"\0\0\1\0": "it is an icon: export its largest image as PNG first",
    b"icns": "it is an icon: export its largest image as PNG first",
    b"DDS ": "it is a texture: convert it to PNG first",
    b"qoif": "it is a QOI image: convert it to PNG first",
}
_ANYWHERE = frozenset({b"<svg", b"ftyp", b"AVI LIST", b"<html", b"gimp xcf"})


@dataclass(frozen=True)
class RawPhoto:
    """A camera's raw file that LibRaw has opened.

    Attributes:
        size: (width, height) in pixels as developed, before it is turned.
        kind: as its extension.
        data: the file.
    """

    size: tuple[int, int]
    kind: str
    data: bytes

    def samples(self) -> Samples:
        """Develop it as the camera saw it: its white balance, sRGB, 16 bits, upright.

        Raises:
            ValueError: it is damaged or cut off.
        """
        import rawpy

        try:
            with rawpy.imread(BytesIO(self.data)) as raw:
                rgb = raw.postprocess(output_bps=16, use_camera_wb=True)
        except rawpy.LibRawError as error:
            raise ValueError(_said(error)) from error
        return Samples(
            cast("Pixels", rgb), None, notes=(f"it is a camera's raw file ({self.kind}), developed to sRGB",)
        )


def raw_kind(data: bytes) -> str | None:
    """Return the extension of a camera's raw files that begin so, or None; some begin like any TIFF."""
    return next((kind for at, magic, kind in _RAW_MAGIC if data.startswith(magic, at)), None)


def raw_kind_of_tiff(tiff: Tiff) -> str | None:
    """Return the extension of a camera's raw file that a TIFF really is, or None."""
    tags = tiff.page.tags
    maker = str(tiff.tag(271) or "").upper()
    kind = next((extension for name, extension in _MAKERS.items() if name in maker), "raw")
    if _DNG_VERSION in tags:
        return "DNG"
    pages = [tiff.page]
    if _SUB_IMAGES in tags:
        pages += [cast("Any", each) for each in list(tiff.page.pages or ())[:8]]
    for page in pages:
        compression, photometric = int(page.compression), int(page.photometric)
        if photometric in _SENSOR or (compression in _SENSOR_COMPRESSIONS and photometric not in (2, 6)):
            return kind
        if not _CAMERAS_OWN.isdisjoint(page.tags.keys()):
            return kind
    return None


def open_raw(data: bytes, kind: str) -> RawPhoto:
    """Open a camera's raw file with LibRaw.

    Raises:
        NotReadError: the extra isn't installed, or LibRaw doesn't know the file.
    """
    try:
        import rawpy
    except ImportError as error:
        raise NotReadError(
            f"it is a camera's raw file ({kind}); develop it to TIFF or JPEG first, or have mattekit do it: "
            "pip install 'mattekit[raw]'"
        ) from error
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            size = (int(raw.sizes.width), int(raw.sizes.height))
    except rawpy.LibRawError as error:
        raise NotReadError(
            f"it is a camera's raw file ({kind}) that LibRaw can't develop ({_said(error)}); develop it to TIFF or "
            "JPEG first"
        ) from error
    return RawPhoto(size, kind, data)


def open_heic(data: bytes) -> ImageFile.ImageFile | None:
    """Open a HEIC or HEIF photo with Pillow's plugin for it; None where it is none.

    Raises:
        NotReadError: the extra isn't installed.
    """
    brands = data[8:12], *(data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4], "big"), 64), 4))
    if data[4:8] != b"ftyp" or not any(brand.startswith(_HEIC_BRANDS) for brand in brands):
        return None
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise NotReadError(
            "it is a HEIC photo; convert it to JPEG or PNG first, or have mattekit read it: "
            "pip install 'mattekit[heic]'"
        ) from error
    try:
        return cast("ImageFile.ImageFile", HeifImageFile(BytesIO(data)))
    except DAMAGE as error:
        raise NotReadError(
            f"it is a HEIC photo whose header is damaged ({_said(error)}); export the image again"
        ) from error


def what_else(data: bytes) -> str:
    """Return what to do about a file of an unknown format."""
    start = data[:256]
    found = (
        hint for magic, hint in _HINTS.items() if (magic in start if magic in _ANYWHERE else start.startswith(magic))
    )
    return next(found, "convert it to JPEG, PNG, TIFF or WebP")


def _said(error: BaseException) -> str:
    detail = error.args[0] if error.args else ""
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)

"""From an opened file to arrays: each format by the decoder that the suite of layouts proves it on."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple, cast

import cv2
import numpy as np
from PIL import Image as PilImage, ImageFile, TiffImagePlugin

from .colour_tags import tagged_profile
from .image import Pixels
from .jpeg import jpeg_samples
from .metadata import Metadata
from .metadata_reading import metadata_of
from .other_kinds import RawPhoto
from .pixels import NotReadError, Samples
from .png_reading import png_chunks, png_samples
from .profiles import cmyk_to_srgb, grey_to_srgb, lab_to_srgb, profile_space
from .stored_depth import stored_bits
from .tiff import Tiff

__all__ = ["Decoded", "Opened", "decode", "upright"]

Opened = ImageFile.ImageFile | Tiff | RawPhoto
"""A file whose header is read: Pillow's, a TIFF, or a camera's raw file."""

_ORIENTATION = 0x0112
_DAMAGED_PROFILE = "the embedded ICC profile is damaged and was left out; the colours are taken as sRGB"


class Decoded(NamedTuple):
    """Pixels of a file; see `Image` for the meaning of all but the orientation's, which is undone."""

    rgb: Pixels
    alpha: Pixels | None
    icc: bytes | None
    grey: bool
    notes: tuple[str, ...]
    metadata: Metadata | None


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation (1-8; anything else is taken as 1) on (H, W) or (H, W, 3) pixels."""
    if orientation == 2:
        turned = cv2.flip(pixels, 1)
    elif orientation == 3:
        turned = cv2.rotate(pixels, cv2.ROTATE_180)
    elif orientation == 4:
        turned = cv2.flip(pixels, 0)
    elif orientation == 5:
        turned = cv2.transpose(pixels)
    elif orientation == 6:
        turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
    elif orientation == 7:
        turned = cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)
    elif orientation == 8:
        turned = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
    else:
        return pixels
    return cast("Pixels", turned)


def decode(opened: Opened, data: bytes, *, profiles: bool = True) -> Decoded:
    """Decode the file `data` that was opened, upright, grey and CMYK profiles applied unless told.

    Raises:
        NotReadError: it is of a kind that is not read.
        ValueError: it is damaged or cut off. Pillow raises others of `DAMAGE`, too.
    """
    samples, space, orientation, image = _samples(opened, data)
    icc, notes = _profile(image, opened, data) if profiles else (None, ())
    colour, alpha, inks, more = samples
    # What the reader learns of the colours only from behind the pixels is there by now.
    metadata = metadata_of(image, opened, data)
    notes = (*notes, *more)
    grey = colour.ndim == 2
    found = None if icc is None else profile_space(icc)
    if inks:
        if icc is not None and found != "CMYK":
            notes = (*notes, f"the embedded ICC profile is one for {found}, not for this image, and was left out")
        if found == "CMYK" and colour.dtype == np.uint16:
            notes = (*notes, "its 16-bit inks were converted to sRGB by its profile in 8 bits")
        colour, icc = cmyk_to_srgb(colour, icc if found == "CMYK" else None), None
    elif space == "LAB":
        icc = None
    elif icc is not None and found != "RGB":
        if found == "GRAY" and grey:
            colour = grey_to_srgb(colour, icc)
        else:
            notes = (*notes, f"the embedded ICC profile is one for {found}, not for this image, and was left out")
        icc = None
    colour = upright(colour, orientation)
    if alpha is not None:
        alpha = np.ascontiguousarray(upright(alpha, orientation))
    rgb = cast("Pixels", cv2.cvtColor(colour, cv2.COLOR_GRAY2RGB)) if grey else np.ascontiguousarray(colour)
    return Decoded(rgb, alpha, icc, grey, notes, metadata)


def _samples(opened: Opened, data: bytes) -> tuple[Samples, str, int, ImageFile.ImageFile | None]:
    """Return the samples as stored, the space that they are in where it is a special one, and their orientation."""
    if isinstance(opened, RawPhoto):
        return opened.samples(), "", 1, None
    if isinstance(opened, Tiff):
        if not opened.by_pillow:
            return opened.samples(), "", opened.orientation, None
        image: ImageFile.ImageFile = TiffImagePlugin.TiffImageFile(BytesIO(data))
    else:
        image = opened
    samples: Samples | None = None
    # An image that was never a file has no data.
    if data and image.format == "JPEG":
        samples = jpeg_samples(image, data)
    elif data and image.format == "PNG":
        samples = png_samples(image, data)
        if samples is not None and _texts_behind(data):
            # An orientation behind the pixels is known only after Pillow has decoded them.
            image.load()
    if samples is None:
        image.load()
        samples = _by_pillow(image, bits=stored_bits(image.format, data))
    # Read after the pixels: Pillow turns a TIFF upright by itself, and takes the tag away then.
    orientation = int(image.getexif().get(_ORIENTATION, 1))
    return samples, image.mode, orientation, image


def _texts_behind(data: bytes) -> bool:
    names = [chunk.name for chunk in png_chunks(data)]
    behind = names[names.index(b"IDAT") :] if b"IDAT" in names else []
    return not {b"eXIf", b"iTXt", b"tEXt", b"zTXt"}.isdisjoint(behind)


def _profile(image: ImageFile.ImageFile | None, opened: Opened, data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the profile that is embedded, or that the file's other tags stand for, and notes."""
    if isinstance(opened, RawPhoto) or (image is not None and image.mode == "LAB"):
        # Lab is itself what profiles refer to.
        return None, ()
    icc = opened.tag(34675) if isinstance(opened, Tiff) else opened.info.get("icc_profile")
    if icc:
        return (None, (_DAMAGED_PROFILE,)) if profile_space(bytes(icc)) is None else (bytes(icc), ())
    # Pillow leaves a profile out that it can't unpack.
    if image is not None and image.format == "PNG" and b"iCCP" in data[: max(data.find(b"IDAT"), 0)]:
        return None, (_DAMAGED_PROFILE,)
    return tagged_profile(opened, data)


def _wide_grey(image: PilImage.Image) -> Pixels:
    """Return the values of a Pillow image of mode I or I;16 as uint16; ValueError where they don't fit."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its samples are wider than 16 bits; save it with 16 bits a sample")
    return np.ascontiguousarray(values, dtype=np.uint16)


def _by_pillow(image: ImageFile.ImageFile, *, bits: int = 0) -> Samples:
    """Return what Pillow has decoded; `bits` are those that the file stores for each sample, 0 where unknown."""
    mode = image.mode
    if mode.startswith("I"):
        grey = _wide_grey(image)
        key = image.info.get("transparency")
        return Samples(grey, np.where(grey == key, 0, 65535).astype(np.uint16) if isinstance(key, int) else None)
    if mode == "F":
        raise NotReadError("its samples are floating-point numbers; save it with 8 or 16 bits a sample")
    if mode == "CMYK":
        return Samples(np.asarray(image, np.uint8), None, inks=True)
    if mode == "LAB":
        return Samples(lab_to_srgb(image), None)
    notes = ()
    if bits > 8:
        notes = (f"its {bits}-bit samples were read as 8-bit, because this variant of the format is not supported",)
    grey = mode in ("1", "L", "LA", "La")
    key = image.info.get("transparency")
    if image.format == "PNG" and mode == "L" and isinstance(key, int) and bits in (2, 4):
        # Pillow widens the samples, but not the one that is transparent.
        image.info["transparency"] = key * (255 // ((1 << bits) - 1))
    if image.has_transparency_data:
        # La and RGBa (multiplied by alpha) go to LA and RGBA in one step each.
        direct = {"La": "LA", "RGBa": "RGBA"}.get(mode)
        full = np.asarray((image.convert(direct) if direct else image).convert("RGBA"), dtype=np.uint8)
        colour, alpha = np.ascontiguousarray(full[..., :3]), np.ascontiguousarray(full[..., 3])
        return Samples(np.ascontiguousarray(colour[..., 0]) if grey else colour, alpha, notes=notes)
    return Samples(np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8), None, notes=notes)

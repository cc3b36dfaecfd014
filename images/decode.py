"""From an opened file to arrays: OpenCV where it is faster or keeps 16 bits, Pillow for everything else."""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np
from PIL import Image as PilImage, ImageChops, ImageFile

from .image import Pixels
from .pixels import still_png
from .profiles import cmyk_to_srgb, grey_to_srgb, lab_to_srgb, profile_space

__all__ = ["Decoded", "decode", "upright"]

_ORIENTATION = 0x0112
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_BITS, _TIFF_PHOTOMETRIC, _TIFF_EXTRA = 256, 257, 258, 262, 338
_DAMAGED_PROFILE = "the embedded ICC profile is damaged and was left out; the colours are taken as sRGB"


class Decoded(NamedTuple):
    """Pixels of a file; see `Image` for the meaning of the first four."""

    rgb: Pixels
    alpha: Pixels | None
    icc: bytes | None
    grey: bool
    notes: tuple[str, ...]


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


def decode(image: ImageFile.ImageFile, data: bytes, *, profiles: bool = True) -> Decoded:
    """Decode the file `data` that Pillow has opened as `image`, upright, grey and CMYK profiles applied unless told.

    Raises what Pillow raises for damaged data.
    """
    icc, notes = _profile(image, data) if profiles else (None, ())
    # An image that was never a file has no data.
    fast = (_fast_jpeg(image, data) or _fast_png(image, data) or _deep_tiff(image, data)) if data else None
    if fast is not None:
        channels = fast
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    else:
        deep = bool(data) and _is_deep_colour(image, data)
        image.load()
        channels = _channels(image, icc)
        orientation = int(image.getexif().get(_ORIENTATION, 1))
        if deep:
            notes = (
                *notes,
                "its 16-bit samples were read as 8-bit, because this variant of the format is not supported",
            )
    colour, alpha = channels
    grey = colour.ndim == 2
    space = None if icc is None else profile_space(icc)
    if icc is not None and not (space == "RGB" and image.mode != "CMYK"):
        if space == "GRAY" and grey:
            colour = grey_to_srgb(colour, icc)
        elif not (space == "CMYK" and image.mode == "CMYK"):
            notes = (*notes, f"the embedded ICC profile is one for {space}, not for this image, and was left out")
        icc = None
    colour = upright(colour, orientation)
    if alpha is not None:
        alpha = np.ascontiguousarray(upright(alpha, orientation))
    rgb = cast("Pixels", cv2.cvtColor(colour, cv2.COLOR_GRAY2RGB)) if grey else np.ascontiguousarray(colour)
    return Decoded(rgb, alpha, icc, grey, notes)


def _profile(image: ImageFile.ImageFile, data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the embedded profile if it can be used, and a note if there is one that can't."""
    icc = cast("bytes | None", image.info.get("icc_profile"))
    if image.mode == "LAB":
        # Lab is itself what profiles refer to.
        return None, ()
    if not icc:
        # Pillow leaves a profile out that it can't unpack.
        torn = image.format == "PNG" and b"iCCP" in data[: max(data.find(b"IDAT"), 0)]
        return None, ((_DAMAGED_PROFILE,) if torn else ())
    if profile_space(icc) is None:
        return None, (_DAMAGED_PROFILE,)
    return icc, ()


def _split(bgra: Pixels) -> tuple[Pixels, Pixels]:
    """Split OpenCV's (H, W, 4) BGRA into RGB and alpha in one pass."""
    rgb = np.empty((*bgra.shape[:2], 3), bgra.dtype)
    alpha = np.empty(bgra.shape[:2], bgra.dtype)
    cv2.mixChannels([bgra], [rgb, alpha], [0, 2, 1, 1, 2, 0, 3, 3])
    return rgb, alpha


def _imdecode(data: bytes, flags: int, size: tuple[int, int]) -> Pixels | None:
    """Decode with OpenCV; None where it can't, or where the result is not of the (width, height) in the header."""
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is None or pixels.shape[1::-1] != size or pixels.dtype.name not in ("uint8", "uint16"):
        return None
    return cast("Pixels", pixels)


def _fast_jpeg(image: ImageFile.ImageFile, data: bytes) -> tuple[Pixels, None] | None:
    """Decode an RGB or grey JPEG with OpenCV, whose pixels are those of Pillow: both use libjpeg-turbo."""
    # libjpeg fills what is missing at the end of a file with grey; such files are left to Pillow, which says so.
    if image.format != "JPEG" or image.mode not in ("RGB", "L") or b"\xff\xd9" not in data[-64:]:
        return None
    flags = cv2.IMREAD_COLOR_RGB if image.mode == "RGB" else cv2.IMREAD_GRAYSCALE
    pixels = _imdecode(data, flags | cv2.IMREAD_IGNORE_ORIENTATION, image.size)
    if pixels is None or pixels.dtype != np.uint8:
        return None
    return pixels, None


def _png_chunks(data: bytes) -> tuple[set[bytes], set[bytes]] | None:
    """Return the chunks' names before and behind the first pixels; None if the file ends before its last chunk."""
    before: set[bytes] = set()
    behind: set[bytes] = set()
    at, names = 8, before
    while at + 12 <= len(data):
        name = data[at + 4 : at + 8]
        if name == b"IEND":
            return before, behind
        if name == b"IDAT":
            names = behind
        names.add(name)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return None


def _fast_png(image: ImageFile.ImageFile, data: bytes) -> tuple[Pixels, Pixels | None] | None:
    """Decode a PNG of colour with OpenCV, which keeps 16 bits where Pillow would cut them to 8."""
    chunks = _png_chunks(data) if image.format == "PNG" else None
    bits, colour_type = data[24:26]
    if chunks is None or colour_type not in (2, 4, 6) or (bits == 8 and colour_type == 4):
        return None
    before, behind = chunks
    if not behind.isdisjoint({b"eXIf", b"iTXt", b"tEXt", b"zTXt"}):
        # An orientation behind the pixels is known only after Pillow has decoded them.
        image.load()
    pixels = _imdecode(still_png(data), cv2.IMREAD_UNCHANGED, image.size)
    if pixels is None or pixels.ndim != 3 or pixels.dtype.itemsize * 8 != bits:
        return None
    if pixels.shape[2] == 4:
        colour, alpha = _split(pixels)
        return (np.ascontiguousarray(colour[..., 0]) if colour_type == 4 else colour), alpha
    rgb = cast("Pixels", cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    return None if colour_type != 2 or b"tRNS" in before else (rgb, None)


def _tiff_tag(image: ImageFile.ImageFile, tag: int) -> tuple[int, ...]:
    """Return a TIFF tag as a tuple; empty where it is missing or the file is no TIFF."""
    value: object = getattr(image, "tag_v2", {}).get(tag, ())
    return cast("tuple[int, ...]", value) if isinstance(value, tuple) else (cast("int", value),)


def _deep_tiff(image: ImageFile.ImageFile, data: bytes) -> tuple[Pixels, Pixels | None] | None:
    """Decode a 16-bit RGB or RGBA TIFF with OpenCV; Pillow would cut it to 8 bits."""
    if image.format != "TIFF" or _tiff_tag(image, _TIFF_PHOTOMETRIC) != (2,) or image.mode not in ("RGB", "RGBA"):
        return None
    bits = _tiff_tag(image, _TIFF_BITS)
    if set(bits) != {16}:
        return None
    stored = (*_tiff_tag(image, _TIFF_WIDTH), *_tiff_tag(image, _TIFF_HEIGHT))
    pixels = _imdecode(_unturned(data), cv2.IMREAD_UNCHANGED, cast("tuple[int, int]", stored))
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] != len(bits):
        return None
    if pixels.shape[2] == 3:
        return cast("Pixels", cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)), None
    colour, alpha = _split(pixels)
    extra = _tiff_tag(image, _TIFF_EXTRA)
    if extra == (0,):
        return colour, None
    if extra == (1,):
        # Stored multiplied by alpha.
        scale = 65535.0 / np.maximum(alpha, 1)[..., None]
        colour = np.rint(np.minimum(colour * scale, 65535.0)).astype(np.uint16)
    return colour, alpha


def _unturned(data: bytes) -> bytes:
    """Return a TIFF file whose orientation tag says 1: OpenCV's versions differ in what they do with the others."""
    order = "little" if data.startswith(b"II") else "big"
    directory = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[directory : directory + 2], order)
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        if int.from_bytes(data[at : at + 2], order) == _ORIENTATION:
            return b"".join([data[: at + 8], (1).to_bytes(2, order), data[at + 10 :]])
    return data


def _is_deep_colour(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Say whether Pillow will cut this file's 16-bit samples to 8."""
    if image.mode.startswith("I"):
        return False
    return (image.format == "PNG" and data[24] == 16) or 16 in _tiff_tag(image, _TIFF_BITS)


def _wide_grey(image: PilImage.Image) -> Pixels:
    """Return the values of a Pillow image of mode I or I;16 as uint16; ValueError where they don't fit."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its samples are wider than 16 bits; save it with 16 bits a sample")
    if _tiff_tag(cast("ImageFile.ImageFile", image), _TIFF_PHOTOMETRIC) == (0,):
        values = 65535 - values
    return np.ascontiguousarray(values, dtype=np.uint16)


def _channels(image: ImageFile.ImageFile, icc: bytes | None) -> tuple[Pixels, Pixels | None]:
    """Return what Pillow has decoded as grey (H, W) or RGB (H, W, 3), and alpha."""
    mode = image.mode
    if mode.startswith("I"):
        grey = _wide_grey(image)
        key = image.info.get("transparency")
        alpha = np.where(grey == key, 0, 65535).astype(np.uint16) if isinstance(key, int) else None
        return grey, alpha
    if mode == "F":
        raise ValueError("its samples are floating-point numbers; save it with 8 or 16 bits a sample")
    if mode == "CMYK":
        inks: PilImage.Image = image
        if image.format == "JPEG" and "adobe" not in image.info:
            # Pillow takes every CMYK JPEG as Adobe's, which are inverted.
            inks = ImageChops.invert(image)
        return cmyk_to_srgb(inks, icc if icc is not None and profile_space(icc) == "CMYK" else None), None
    if mode == "LAB":
        return lab_to_srgb(image), None
    grey = mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        # La and RGBa (multiplied by alpha) go to LA and RGBA in one step each.
        direct = {"La": "LA", "RGBa": "RGBA"}.get(mode)
        full = np.asarray((image.convert(direct) if direct else image).convert("RGBA"), dtype=np.uint8)
        colour, alpha = np.ascontiguousarray(full[..., :3]), np.ascontiguousarray(full[..., 3])
        return (np.ascontiguousarray(colour[..., 0]) if grey else colour), alpha
    return np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8), None

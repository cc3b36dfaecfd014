"""ICC profiles: what they are for, and conversions between them through LittleCMS."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage, ImageCms

from .image import Pixels, to_depth

__all__ = ["cmyk_to_srgb", "convert_rgb", "grey_to_srgb", "lab_to_srgb", "profile_space", "same_space"]

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_PIL_MODE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def _open(icc: bytes | None) -> ImageCms.ImageCmsProfile:
    """Open a profile; None is sRGB. The object is not shared between threads: LittleCMS does not promise that."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB") if icc is None else BytesIO(icc))


@lru_cache(maxsize=32)
def profile_space(icc: bytes) -> str | None:
    """Return the colour space that a profile describes ("RGB", "GRAY", "CMYK"), or None if it can't be used.

    A profile that opens but can't be turned into a transform to sRGB (damaged tables, a class such as "named colour",
    a colour space that no image here has) counts as one that can't be used.
    """
    try:
        profile = _open(icc)
        space = str(getattr(profile.profile, "xcolor_space", "")).strip()
        if space not in _PIL_MODE:
            return None
        ImageCms.buildTransform(profile, _open(None), _PIL_MODE[space], "RGB", _INTENT, _FLAGS)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return space


def _convert(
    image: PilImage.Image,
    source: bytes | None,
    target: bytes | None,
    source_profile: ImageCms.ImageCmsProfile | None = None,
) -> NDArray[np.uint8]:
    transform = ImageCms.buildTransform(
        source_profile or _open(source), _open(target), image.mode, "RGB", _INTENT, _FLAGS
    )
    return np.asarray(transform.apply(image), dtype=np.uint8)


def cmyk_to_srgb(inks: Pixels, icc: bytes | None) -> Pixels:
    """Convert (H, W, 4) uint8 or uint16 inks (0 no ink, full is full ink) to sRGB, (H, W, 3) of the same type.

    Through the profile where there is one (relative colorimetric with black point compensation, in 8 bits), else by
    R = (1 - C)(1 - K), and so on.
    """
    if icc is None and inks.dtype == np.uint8:
        return np.asarray(PilImage.fromarray(inks, "CMYK").convert("RGB"), dtype=np.uint8)
    if icc is None:
        light = 65535 - inks.astype(np.uint32)
        return ((light[..., :3] * light[..., 3:] + 32767) // 65535).astype(np.uint16)
    eight = PilImage.fromarray(np.ascontiguousarray(to_depth(inks, 8)), "CMYK")
    return to_depth(_convert(eight, icc, None), 8 * inks.dtype.itemsize)


def lab_to_srgb(image: PilImage.Image) -> NDArray[np.uint8]:
    """Convert a Pillow image of mode LAB (CIE L*a*b*, D50) to sRGB, (H, W, 3) uint8."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return _convert(image, None, None, source_profile=lab)


def grey_to_srgb(grey: Pixels, icc: bytes) -> Pixels:
    """Convert (H, W) uint8 or uint16 grey values, meant in the grey profile `icc`, to sRGB's grey of the same type.

    LittleCMS converts the 256 values of 8 bits; 16-bit values lie on straight lines between those, which is within two
    255ths of the exact curve.
    """
    ramp = np.arange(256, dtype=np.uint8)[None]
    curve = _convert(PilImage.fromarray(ramp), icc, None)[0, :, 1]
    if grey.dtype == np.uint8:
        return curve[grey]
    wide = np.interp(np.arange(65536), np.arange(256) * 257.0, curve * 257.0)
    return np.rint(wide).astype(np.uint16)[grey]


@lru_cache(maxsize=32)
def same_space(first: bytes | None, second: bytes | None) -> bool:
    """Say whether two RGB profiles (None is sRGB) give the same colours, to 1/255 on a grid over the whole cube."""
    if first == second:
        return True
    steps = np.linspace(0, 255, 18).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(18 * 18, 18, 3)
    moved = _convert(PilImage.fromarray(grid), first, second)
    return bool(np.abs(moved.astype(np.int16) - grid).max() <= 1)


def convert_rgb(rgb: Pixels, source: bytes | None, target: bytes | None) -> Pixels:
    """Convert (H, W, 3) RGB from one RGB profile to another (None is sRGB); the type stays.

    The array itself comes back where the two profiles give the same colours. LittleCMS is driven in 8 bits: a uint16
    image comes back as uint16 with 8 bits of precision.
    """
    if same_space(source, target):
        return rgb
    eight = to_depth(rgb, 8)
    return to_depth(_convert(PilImage.fromarray(eight), source, target), 16 if rgb.dtype == np.uint16 else 8)

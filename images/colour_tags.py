"""Colours that a file names without a profile: a profile is made of them, which stays with the image like any other."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage, ImageFile

from .png_reading import png_chunks
from .profiles import same_space
from .tiff import Tiff

__all__ = ["profile_of", "tagged_profile"]

_Primaries = tuple[float, float, float, float, float, float, float, float]
"""x and y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
_BT709: _Primaries = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_ADOBE: _Primaries = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65)
# By ITU-T H.273, which cICP and nclx quote.
_CODED: dict[int, _Primaries] = {
    1: _BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    7: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65),
    22: (0.63, 0.34, 0.295, 0.605, 0.155, 0.077, *_D65),
}
# 0 is sRGB's curve. What cameras of video apply (1, 6, 14, 15) is shown by browsers with it, too.
_GAMMAS = {1: 0.0, 2: 0.0, 6: 0.0, 13: 0.0, 14: 0.0, 15: 0.0, 4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_HDR = {16: "PQ", 18: "HLG"}
_ADOBE_GAMMA = 2.19921875
_INTEROP, _COLOUR_SPACE, _EXIF_IFD, _INTEROP_IFD = 1, 0xA001, 0x8769, 0xA005
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])


def tagged_profile(opened: ImageFile.ImageFile | Tiff, data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """Return a profile for the colours that a file's tags name, and notes; no profile where they are sRGB.

    PNG's cICP, and gAMA with cHRM; the nclx box of AVIF and HEIF; and EXIF's Adobe RGB (InteropIndex R03, or the colour
    space 2 that some cameras write).
    """
    if isinstance(opened, Tiff):
        return None, ()
    if opened.format == "PNG":
        chunks: dict[bytes, bytes] = {}
        for chunk in png_chunks(data):
            if chunk.name == b"IDAT":
                break
            chunks[chunk.name] = bytes(chunk.content)
        if len(chunks.get(b"cICP", b"")) == 4:
            return _coded(chunks[b"cICP"][0], chunks[b"cICP"][1])
        if b"sRGB" not in chunks and (b"gAMA" in chunks or b"cHRM" in chunks):
            return _measured(chunks.get(b"cHRM", b""), chunks.get(b"gAMA", b"")), ()
    elif opened.format in ("AVIF", "HEIF"):
        at = data.find(b"colrnclx", 0, 1 << 16)
        if at >= 0 and at + 14 <= len(data):
            return _coded(*struct.unpack_from(">HH", data, at + 8))
    return (profile_of(_ADOBE, _ADOBE_GAMMA) if _is_adobe_rgb(opened) else None), ()


def _is_adobe_rgb(image: ImageFile.ImageFile) -> bool:
    exif: PilImage.Exif = image.getexif()
    details = exif.get_ifd(_EXIF_IFD)
    inter = details.get(_INTEROP_IFD)
    index = inter.get(_INTEROP) if isinstance(inter, dict) else exif.get_ifd(_INTEROP_IFD).get(_INTEROP)
    index = index.encode() if isinstance(index, str) else index
    return details.get(_COLOUR_SPACE) == 2 or (isinstance(index, bytes) and index[:3] == b"R03")


def _coded(primaries: int, transfer: int) -> tuple[bytes | None, tuple[str, ...]]:
    if transfer in _HDR:
        note = (
            f"it is an HDR image ({_HDR[transfer]}), whose brightness is not mapped: it looks flat; export it as "
            "SDR for true colours"
        )
        return profile_of(_CODED.get(primaries, _BT709), 0.0), (note,)
    if primaries == 2:
        primaries = 1
    if primaries not in _CODED or transfer not in _GAMMAS:
        return None, (
            f"its colours are of the code {primaries}/{transfer}, which is not known; they are taken as sRGB",
        )
    return profile_of(_CODED[primaries], _GAMMAS[transfer]), ()


def _measured(chromaticities: bytes, gamma: bytes) -> bytes | None:
    """Return a profile for PNG's cHRM and gAMA; beside sRGB's primaries 1/2.2 means its curve."""
    primaries = _BT709
    if len(chromaticities) == 32:
        white, *others = struct.iter_unpack(">II", chromaticities)
        primaries = cast("_Primaries", tuple(each / 100_000 for pair in (*others, white) for each in pair))
    power = 0.0
    if len(gamma) == 4 and (value := int.from_bytes(gamma, "big")):
        usual = abs(value - 45_455) <= 500 and np.allclose(primaries, _BT709, atol=0.005)
        power = 0.0 if usual else 100_000 / value
    return profile_of(primaries, power) if 0 <= power <= 10 else None


@lru_cache(maxsize=32)
def profile_of(primaries: _Primaries, gamma: float) -> bytes | None:
    """Make an ICC profile (version 4) of primaries and a gamma; None for what is sRGB or no colours.

    Args:
        primaries: x and y of red, green, blue and white.
        gamma: from code values to light; 0 is sRGB's curve.
    """
    pairs = [primaries[at : at + 2] for at in range(0, 8, 2)]
    if any(y <= 0 or not 0 <= x <= 1 or y > 1 for x, y in pairs):
        return None
    red, green, blue, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in pairs)
    columns = np.stack([red, green, blue], axis=1)
    if abs(np.linalg.det(columns)) < 1e-6:
        return None
    to_xyz = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    adapted = np.linalg.solve(_BRADFORD, cones @ _BRADFORD)
    fit = adapted @ to_xyz
    curve = (
        _fixed(b"para", struct.pack(">HH", 3, 0), np.array([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]))
        if gamma == 0
        else _fixed(b"para", struct.pack(">HH", 0, 0), np.array([gamma]))
    )
    tags = {b"desc": _text("colours as the file names them"), b"cprt": _text("no copyright"), b"wtpt": _xyz(_D50)}
    tags |= {name: _xyz(fit[:, at]) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags[b"chad"] = _fixed(b"sf32", b"", adapted.reshape(-1))
    icc = _assembled(tags)
    return None if same_space(icc, None) else icc


def _text(text: str) -> bytes:
    said = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(said), 28) + said


def _fixed(kind: bytes, head: bytes, values: NDArray[np.floating]) -> bytes:
    return kind + bytes(4) + head + struct.pack(f">{len(values)}i", *np.rint(values * 65536).astype(int).tolist())


def _xyz(values: NDArray[np.float64]) -> bytes:
    return _fixed(b"XYZ ", b"", values)


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += struct.pack(">4sII", name, at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    rest = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(
        ">I4sI4s4s4s12s4s", 128 + len(rest), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp"
    )
    illuminant = struct.pack(">3i", 63190, 65536, 54061)
    return (head + bytes(28) + illuminant).ljust(128, b"\0") + rest

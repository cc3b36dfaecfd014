"""Between high dynamic range and the standard range that networks, backgrounds and images are made for.

The curves are those of ITU-R BT.2100-2 (PQ, table 4; HLG, table 5), the way down to less light is the EETF of ITU-R
BT.2390-10, section 5.4.1, the primaries change as in ITU-R BT.2087 and back, and white is 203 cd/m2 as in ITU-R
BT.2408. Standard range is sRGB.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Image, Pixels
from ..background import Background
from ..choices import Colour
from ..compositing import from_light, to_light
from .colour import VideoColour

__all__ = ["USUAL_PEAK", "background_for", "brought", "from_standard", "to_standard"]

USUAL_PEAK = 1000.0
"""The brightest light, in cd/m2, of a video that doesn't say its own."""

_PQ, _WIDE = 16, 9
_WHITE, _PQ_PEAK, _HLG_PEAK = 203.0, 10_000.0, 1000.0

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32

_A, _B, _C = 0.17883277, 0.28466892, 0.55991073
_GAMMA = 1.2
_LUMA = np.array([[0.2627, 0.6780, 0.0593]], np.float32)

_NARROWED = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_WIDENED = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32)

_STEPS = 65_535

_Numbers = NDArray[np.float64]
_Light = NDArray[np.float32]


def to_standard(image: Image, colour: VideoColour, peak: float = USUAL_PEAK) -> Image:
    """Return how an image of PQ or HLG looks in standard range, for what knows that alone.

    Args:
        image: of 8 or 16 bits.
        colour: what its samples mean.
        peak: the brightest light in it, in cd/m2; what is brighter than white is pressed into the range below.

    Returns:
        16 bits, sRGB; its alpha is the image's own.
    """
    deep = image.with_depth(16)
    if colour.transfer == _PQ:
        light = np.take(_pq_down(peak), deep.rgb)
    else:
        scene = np.take(_hlg_scene(), deep.rgb)
        light = np.take(_hlg_down(), _index(scene * _power(scene, _GAMMA - 1)[..., None]))
    if colour.primaries == _WIDE:
        light = np.asarray(cv2.transform(light, _NARROWED), dtype=np.float32)
    return deep.with_changes(rgb=np.take(_standard_codes(), _index(light)))


def from_standard(image: Image, colour: VideoColour) -> Image:
    """Return an image in sRGB as PQ or HLG show it: its white at 203 cd/m2.

    Args:
        image: of 8 or 16 bits.
        colour: what the samples are to mean.

    Returns:
        16 bits.
    """
    deep = image.with_depth(16)
    light = np.take(_standard_light(), deep.rgb)
    if colour.primaries == _WIDE:
        light = np.asarray(cv2.transform(light, _WIDENED), dtype=np.float32)
    if colour.transfer == _PQ:
        return deep.with_changes(rgb=np.take(_pq_up(), _index(light)))
    light *= np.float32(_WHITE / _HLG_PEAK)
    return deep.with_changes(rgb=np.take(_hlg_codes(), _index(light * _power(light, (1 - _GAMMA) / _GAMMA)[..., None])))


def brought(image: Image, own: VideoColour, wanted: VideoColour) -> Image:
    """Return an image in another range: high, standard, or of the other curve."""
    if own.range_of_light == wanted.range_of_light:
        return image
    standard = to_standard(image, own) if own.is_hdr else image
    return from_standard(standard, wanted) if wanted.is_hdr else standard


def background_for(background: Background | None, colour: VideoColour) -> Background | None:
    """Return a background of standard range for a video of these colours."""
    if not colour.is_hdr:
        return background
    if isinstance(background, Colour):
        one = np.array([[[background.red, background.green, background.blue]]], np.uint8)
        red, green, blue = from_standard(Image(one), colour).with_depth(8).rgb[0, 0].tolist()
        return Colour(red, green, blue, background.alpha)
    if isinstance(background, Image):
        return from_standard(background, colour)
    return background


def _index(values: _Light) -> NDArray[np.uint16]:
    """Return 0-1 as places in a table whose steps are those of the square root: fine where it is dark."""
    return np.asarray(np.rint(np.sqrt(np.clip(values, 0, 1)) * np.float32(_STEPS)), dtype=np.uint16)


def _places() -> _Numbers:
    """Return what the places of such a table stand for."""
    return np.square(np.arange(_STEPS + 1) / _STEPS)


def _power(light: _Light, exponent: float) -> _Light:
    luma = np.asarray(cv2.transform(light, _LUMA), dtype=np.float32).reshape(light.shape[:2])
    return np.power(np.maximum(luma, np.float32(1e-6)), np.float32(exponent))


def _pq_light(codes: _Numbers) -> _Numbers:
    """Return cd/m2 of PQ's signal, 0-1."""
    power = codes ** (1 / _M2)
    return _PQ_PEAK * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def _pq_code(light: _Numbers) -> _Numbers:
    """Return PQ's signal, 0-1, of cd/m2."""
    power = (light / _PQ_PEAK) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _pressed(light: _Numbers, peak: float) -> _Numbers:
    """Return light, in cd/m2, of which the brightest is that of white: BT.2390's EETF."""
    if peak <= _WHITE:
        return light
    whole = float(_pq_code(np.array(peak)))
    least = float(_pq_code(np.array(_WHITE))) / whole
    knee = 1.5 * least - 0.5
    codes = np.minimum(_pq_code(light) / whole, 1)
    t = (codes - knee) / (1 - knee)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * least
    return _pq_light(np.where(codes < knee, codes, bent) * whole)


@lru_cache(maxsize=4)
def _pq_down(peak: float) -> _Light:
    codes = np.arange(_STEPS + 1) / _STEPS
    return (_pressed(_pq_light(codes), peak) / _WHITE).astype(np.float32)


@lru_cache(maxsize=1)
def _hlg_scene() -> _Light:
    codes = np.arange(_STEPS + 1) / _STEPS
    scene = np.where(codes <= 0.5, np.square(codes) / 3, (np.exp((codes - _C) / _A) + _B) / 12)
    return scene.astype(np.float32)


@lru_cache(maxsize=1)
def _hlg_down() -> _Light:
    return (_pressed(_places() * _HLG_PEAK, _HLG_PEAK) / _WHITE).astype(np.float32)


@lru_cache(maxsize=1)
def _hlg_codes() -> NDArray[np.uint16]:
    scene = _places()
    codes = np.where(scene <= 1 / 12, np.sqrt(3 * scene), _A * np.log(np.maximum(12 * scene - _B, 1e-9)) + _C)
    return np.rint(np.clip(codes, 0, 1) * _STEPS).astype(np.uint16)


@lru_cache(maxsize=1)
def _pq_up() -> NDArray[np.uint16]:
    return np.rint(_pq_code(_places() * _WHITE) * _STEPS).astype(np.uint16)


@lru_cache(maxsize=1)
def _standard_codes() -> Pixels:
    return from_light(_places(), np.dtype(np.uint16))


@lru_cache(maxsize=1)
def _standard_light() -> _Light:
    return to_light(np.arange(_STEPS + 1).astype(np.uint16)).astype(np.float32)

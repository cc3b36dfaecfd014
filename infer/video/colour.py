"""Between the colours of a video (luma and chroma, in one of several standards) and RGB, there and back unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from ...images import Image, Pixels
from .siting import LEFT, Siting, is_subsampled, rescaled

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext
    from av.video.format import VideoFormat

__all__ = ["STANDARD_COLOUR", "VideoColour", "bits_of", "frame_from", "image_from"]

# Values of ITU-T H.273.
_BT709, _UNSPECIFIED, _BT2020_CONSTANT = 1, 2, 10
_BT601_625, _BT601_525 = 5, 6
_RGB = 0

_LIMITED, _FULL = 1, 2

_HIGH_DEFINITION_ROWS, _HIGH_DEFINITION_COLUMNS = 720, 1280

# What libswscale calls the matrices; every other one is converted as BT.601, which is its default too.
_MATRICES = {_BT709: 1, 4: 4, _BT601_625: 5, _BT601_525: 5, 7: 7, 9: 9, _BT2020_CONSTANT: 9}
_NAMES = {1: "bt709", 4: "fcc", 5: "bt601", 7: "smpte240m", 9: "bt2020"}

_TRANSFERS_OF_HDR = {16, 18}

# What libswscale makes 16 bits of: white is 255 times 256 and a little more.
_WHITE_OF_LIMITED, _WHITE = 65_283, 65_535

# Bicubic chroma, all of it, rounded to the nearest: with the default the luma comes back 1 level off on average.
_EXACT = 4 | 0x2000 | 0x4000 | 0x40000 | 0x80000


@dataclass(frozen=True)
class VideoColour:
    """How a video's samples mean colours: the numbers of ITU-T H.273, `2` unspecified.

    Attributes:
        matrix: of luma and chroma; never unspecified here.
        full_range: luma 0-255 instead of 16-235.
        primaries: handed on as they are.
        transfer: likewise.
    """

    matrix: int = _BT709
    full_range: bool = False
    primaries: int = _UNSPECIFIED
    transfer: int = _UNSPECIFIED

    @classmethod
    def of_context(cls, context: VideoCodecContext) -> VideoColour:
        """Read what a stream says; where it says nothing, take what players do: BT.709 from 720 rows on, else BT.601.

        A stream of RGB becomes one of BT.709 in limited range.
        """
        pixels = context.pix_fmt or ""
        matrix = int(context.colorspace)
        if context.format is not None and context.format.is_rgb:
            return cls(_BT709, False, int(context.color_primaries), int(context.color_trc))
        if matrix not in _MATRICES:
            high = context.height >= _HIGH_DEFINITION_ROWS or context.width >= _HIGH_DEFINITION_COLUMNS
            matrix = _BT709 if high else _BT601_525
        full = int(context.color_range) == _FULL or pixels.startswith("yuvj")
        return cls(matrix, full, int(context.color_primaries), int(context.color_trc))

    @property
    def is_hdr(self) -> bool:
        """Say whether the transfer curve is one for high dynamic range (PQ or HLG)."""
        return self.transfer in _TRANSFERS_OF_HDR

    @property
    def range_of_light(self) -> int:
        """Return what tells high dynamic ranges apart, and from the standard range: 0."""
        return self.transfer if self.is_hdr else 0

    @property
    def scaler_matrix(self) -> int:
        """Return libswscale's number of the matrix."""
        return _MATRICES[self.matrix]

    @property
    def scaler_name(self) -> str:
        """Return the matrix's name in FFmpeg's filter `scale`."""
        return _NAMES[self.scaler_matrix]


STANDARD_COLOUR = VideoColour(_BT709, False, _BT709, _BT709)
"""Of standard range."""


def bits_of(form: VideoFormat) -> int:
    """Return the bits of a sample."""
    return max(component.bits for component in form.components)


def image_from(frame: VideoFrame, colour: VideoColour, source: str, siting: Siting = LEFT) -> Image:
    """Convert a decoded frame to RGB, with alpha where it has one.

    Args:
        frame: any pixel format; more than 8 bits a sample become 16.
        colour: what its luma and chroma mean.
        source: the image's name in messages.
        siting: where its chroma samples lie, where several pixels share one.
    """
    form = frame.format
    alpha = any(component.is_alpha for component in form.components)
    bits = bits_of(form)
    layout = ("rgba" if alpha else "rgb24") if bits <= 8 else ("rgba64le" if alpha else "rgb48le")
    if is_subsampled(form):
        own = f"in_color_matrix={colour.scaler_name}:in_range={'pc' if colour.full_range else 'tv'}"
        converted = rescaled(frame, layout, f"{own}:out_range=pc", siting, "in")
    else:
        converted = frame.reformat(
            format=layout,
            src_colorspace=colour.scaler_matrix,
            src_color_range=None if form.is_rgb else (_FULL if colour.full_range else _LIMITED),
            dst_color_range=_FULL,
            interpolation=_EXACT,
        )
    pixels = cast("Pixels", converted.to_ndarray())
    opacity = None
    if alpha:
        whole = pixels
        pixels = np.empty((*whole.shape[:2], 3), whole.dtype)
        opacity = np.empty(whole.shape[:2], whole.dtype)
        cv2.mixChannels([whole], [pixels, opacity], [0, 0, 1, 1, 2, 2, 3, 3])
    if bits > 8 and not form.is_rgb:
        filled = ((1 << bits) - 1) << (16 - bits)
        limited = not colour.full_range and len(form.components) > 2
        pixels = _stretched(pixels, _WHITE / (_WHITE_OF_LIMITED if limited else filled))
        opacity = None if opacity is None else _stretched(opacity, _WHITE / filled)
    return Image(pixels, opacity, source=source)


def _stretched(pixels: Pixels, factor: float) -> Pixels:
    """Return 16-bit samples times a factor; what is more than white is white."""
    return np.asarray(cv2.multiply(pixels, cast("Any", (factor,) * 4), dtype=cv2.CV_16U), dtype=np.uint16)


def frame_from(rgb: Pixels, alpha: Pixels | None, pixel_format: str, colour: VideoColour) -> VideoFrame:
    """Convert (H, W, 3) RGB, and (H, W) alpha where the format has one, to a frame of luma and chroma.

    Args:
        rgb: straight colours, uint8, or uint16 for a format of more than 8 bits.
        alpha: of the same type; None is opaque.
        pixel_format: FFmpeg's name, such as `yuv420p`. Chroma that pixels share is sited left, as all codecs that are
            written take it.
        colour: what its luma and chroma are to mean; in limited range, whatever it says: libswscale's way to full range
            cuts chroma down instead of rounding it, by half a level on average.
    """
    from av import VideoFrame
    from av.video.format import VideoFormat

    target, deep = VideoFormat(pixel_format), rgb.dtype == np.uint16
    if deep and not target.is_rgb:
        rgb = _stretched(rgb, _WHITE_OF_LIMITED / _WHITE)
    pixels: Any = np.ascontiguousarray(rgb)
    if any(component.is_alpha for component in target.components):
        opacity = np.full(rgb.shape[:2], np.iinfo(rgb.dtype).max, rgb.dtype) if alpha is None else alpha
        stacked: Any = np.ascontiguousarray(np.dstack([rgb, opacity]))
        frame = VideoFrame.from_ndarray(stacked, format="rgba64le" if deep else "rgba")
    else:
        frame = VideoFrame.from_ndarray(pixels, format="rgb48le" if deep else "rgb24")
    if target.is_rgb:
        return frame.reformat(format=pixel_format)
    if is_subsampled(target):
        said = f"in_range=pc:out_color_matrix={colour.scaler_name}:out_range=tv"
        return rescaled(frame, pixel_format, said, LEFT, "out")
    return frame.reformat(
        format=pixel_format,
        dst_colorspace=colour.scaler_matrix,
        src_color_range=_FULL,
        dst_color_range=_LIMITED,
        interpolation=_EXACT,
    )

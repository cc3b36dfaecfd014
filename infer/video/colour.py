"""Between the colours of a video (luma and chroma, in one of several standards) and RGB, there and back unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ...images import Image, Pixels
from .siting import LEFT, Siting, is_subsampled, rescaled

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

__all__ = ["VideoColour", "frame_from", "image_from"]

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
    def scaler_matrix(self) -> int:
        """Return libswscale's number of the matrix."""
        return _MATRICES[self.matrix]

    @property
    def scaler_name(self) -> str:
        """Return the matrix's name in FFmpeg's filter `scale`."""
        return _NAMES[self.scaler_matrix]


def image_from(frame: VideoFrame, colour: VideoColour, source: str, siting: Siting = LEFT) -> Image:
    """Convert a decoded frame to RGB, with alpha where it has one.

    Args:
        frame: any pixel format; more than 8 bits a sample are rounded to 8.
        colour: what its luma and chroma mean.
        source: the image's name in messages.
        siting: where its chroma samples lie, where several pixels share one.
    """
    alpha = any(component.is_alpha for component in frame.format.components)
    layout = "rgba" if alpha else "rgb24"
    if is_subsampled(frame.format):
        own = f"in_color_matrix={colour.scaler_name}:in_range={'pc' if colour.full_range else 'tv'}"
        converted = rescaled(frame, layout, f"{own}:out_range=pc", siting, "in")
    else:
        converted = frame.reformat(
            format=layout,
            src_colorspace=colour.scaler_matrix,
            src_color_range=None if frame.format.is_rgb else (_FULL if colour.full_range else _LIMITED),
            dst_color_range=_FULL,
            interpolation=_EXACT,
        )
    pixels = cast("NDArray[np.uint8]", converted.to_ndarray())
    if not alpha:
        return Image(pixels, source=source)
    rgb = np.empty((*pixels.shape[:2], 3), np.uint8)
    opacity = np.empty(pixels.shape[:2], np.uint8)
    cv2.mixChannels([pixels], [rgb, opacity], [0, 0, 1, 1, 2, 2, 3, 3])
    return Image(rgb, opacity, source=source)


def frame_from(rgb: Pixels, alpha: Pixels | None, pixel_format: str, colour: VideoColour) -> VideoFrame:
    """Convert (H, W, 3) uint8 RGB, and (H, W) alpha where the format has one, to a frame of luma and chroma.

    Args:
        rgb: straight colours.
        alpha: None is opaque.
        pixel_format: FFmpeg's name, such as `yuv420p`. Chroma that pixels share is sited left, as all codecs that are
            written take it.
        colour: what its luma and chroma are to mean; in limited range, whatever it says: libswscale's way to full range
            cuts chroma down instead of rounding it, by half a level on average.
    """
    from av import VideoFrame
    from av.video.format import VideoFormat

    target = VideoFormat(pixel_format)
    if any(component.is_alpha for component in target.components):
        opacity = np.full(rgb.shape[:2], 255, np.uint8) if alpha is None else alpha
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(np.dstack([rgb, opacity]), dtype=np.uint8), format="rgba")
    else:
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(rgb, dtype=np.uint8), format="rgb24")
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

"""PNG: what stands in its chunks, whether all of its pixels are there, and those that Pillow would cut to 8 bits."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from isal import isal_zlib
from PIL import ImageFile

from .image import Pixels
from .pixels import Samples

__all__ = ["Chunk", "png_chunks", "png_samples"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column, first row, and the steps of each.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_STEP = 1 << 20
_BROKEN = cast("tuple[type[Exception], ...]", (isal_zlib.error, zlib.error))


class Chunk(NamedTuple):
    """A chunk: its name, its content, and the whole of it as stored."""

    name: bytes
    content: memoryview
    whole: memoryview


def png_chunks(data: bytes) -> Iterator[Chunk]:
    """Give a PNG file's chunks up to its last one, or to where it is cut off."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        name = data[at + 4 : at + 8]
        yield Chunk(name, view[at + 8 : end - 4], view[at:end])
        if name == b"IEND":
            return
        at = end


def png_samples(image: ImageFile.ImageFile, data: bytes) -> Samples | None:
    """Decode the PNG file `data` that Pillow has opened as `image`; None where Pillow does it as well.

    OpenCV gets what belongs to the pixels, and nothing that it would speak of, or play.

    Raises:
        ValueError: it is damaged or cut off.
    """
    bits, colour_type, interlaced = data[24], data[25], data[28]
    bare, transparent, last = [data[:8]], False, b""
    row = 0 if interlaced else 1 + -(-image.width * bits * _CHANNELS[colour_type] // 8)
    unpack, unpacked = isal_zlib.decompressobj(), 0
    for chunk in png_chunks(data):
        last = chunk.name
        if chunk.name not in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            continue
        if isal_zlib.crc32(chunk.whole[4:-4]) != int.from_bytes(chunk.whole[-4:], "big"):
            raise ValueError(f"the checksum of its chunk {chunk.name.decode()} is wrong")
        transparent |= chunk.name == b"tRNS"
        bare.append(bytes(chunk.whole))
        if chunk.name == b"IDAT":
            unpacked = _unpacked(unpack, chunk.content, unpacked, row)
    wanted = _size(*image.size, bits * _CHANNELS[colour_type], interlaced=bool(interlaced))
    if unpacked < wanted:
        raise ValueError(f"only {unpacked / wanted:.0%} of its pixels are there")
    if last != b"IEND":
        raise ValueError("the file ends before its last chunk")
    if colour_type not in (2, 4, 6) or (bits == 8 and (colour_type == 4 or transparent)):
        return None
    pixels = cv2.imdecode(np.frombuffer(b"".join(bare), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[1::-1] != image.size or pixels.dtype.itemsize * 8 != bits:
        return None
    if pixels.shape[2] == 3:
        if transparent or colour_type != 2:
            return None
        return Samples(cast("Pixels", cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)), None)
    rgb = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    alpha = np.empty(pixels.shape[:2], pixels.dtype)
    cv2.mixChannels([pixels], [rgb, alpha], [0, 2, 1, 1, 2, 0, 3, 3])
    colour = np.ascontiguousarray(rgb[..., 0]) if colour_type == 4 else rgb
    return Samples(cast("Pixels", colour), cast("Pixels", alpha))


def _unpacked(unpack: Any, part: memoryview, before: int, row: int) -> int:
    """Return how many bytes of the stream there are with this part of it, without holding more than some of them.

    Raises:
        ValueError: it is damaged, or a row of `row` bytes (0: rows differ) has an unknown filter.
    """
    waiting = cast("bytes", part)
    try:
        while waiting and not unpack.eof:
            some = unpack.decompress(waiting, _STEP)
            if row and len(filters := np.frombuffer(some, np.uint8)[-before % row :: row]) and filters.max() > 4:
                raise ValueError("its packed pixels are damaged (a row has an unknown filter)")
            before += len(some)
            waiting = unpack.unconsumed_tail
    except _BROKEN as error:
        raise ValueError(f"its packed pixels are damaged ({error})") from error
    return before


def _size(width: int, height: int, bits: int, *, interlaced: bool) -> int:
    """Return the bytes of the unpacked rows, each with its filter's number."""
    if not interlaced:
        return height * (1 + -(-width * bits // 8))
    total = 0
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total

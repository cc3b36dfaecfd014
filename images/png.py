"""PNG, written in bands: rows that are filtered in the cache, and ISA-L's deflate, several times as fast as zlib's."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import cast

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from .extensions import PngCompression
from .image import Pixels

__all__ = ["encode_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6
_UP = 2

# Of ISA-L's levels the one whose files are no larger than those of zlib's fastest.
_LEVEL = 1

# The AVX2 code of ISA-L's levels 1 and 2 hashes its state's address in place of the third byte and those behind it, so
# that one file in some thousands gets other bytes in another process. A first block that is shorter than what this code
# looks ahead goes through other code, and after it the fault has no place: same bytes everywhere, for 12 more of them.
_FIRST_BLOCK = 16

# Samples that are worked on at a time: filtered and compressed while they are in the processor's cache.
_BAND = 1 << 18


def encode_png(
    colour: Pixels,
    alpha: Pixels | None = None,
    icc: bytes | None = None,
    *,
    keep_hidden: bool = True,
    said: Iterable[tuple[bytes, bytes]] = (),
    compression: PngCompression = "fast",
) -> bytes:
    """Encode samples of 8 or 16 bits as a PNG; beside the file's bytes it needs memory for one band of rows only.

    Args:
        colour: (H, W, 3) RGB, or (H, W) grey; uint8 or uint16.
        alpha: (H, W) of the same type, straight.
        icc: the profile to embed.
        keep_hidden: False writes black where alpha is 0.
        said: names and contents of further chunks.
        compression: `small` takes the filter that suits each row, and zlib at its best level.

    Returns:
        The file's bytes; on machines with the same instructions the same samples give the same bytes.
    """
    height, width = colour.shape[:2]
    kind = (_GREY if alpha is None else _GREY_ALPHA) if colour.ndim == 2 else _RGB if alpha is None else _RGBA
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8 * colour.dtype.itemsize, kind, 0, 0, 0))
    parts = [_SIGNATURE, *_chunk(b"IHDR", header)]
    if icc is not None:
        parts += _chunk(b"iCCP", b"ICC Profile\0\0" + b"".join(_deflated([icc])))
    for name, content in said:
        parts += _chunk(name, content)
    bands = _bands(colour, alpha, keep_hidden)
    if compression == "small":
        pixel = colour.dtype.itemsize * {_GREY: 1, _GREY_ALPHA: 2, _RGB: 3, _RGBA: 4}[kind]
        packed = _deflated_small(rows.reshape(-1).data for rows in _best_filtered(bands, pixel))
    else:
        packed = _deflated(rows.reshape(-1).data for rows in _filtered(bands))
    for data in packed:
        parts += _chunk(b"IDAT", data)
    parts += _chunk(b"IEND", b"")
    return b"".join(parts)


def _deflated(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """Yield one zlib stream in parts, none of them empty: the same bytes for the same pieces, in every process."""
    stream = isal_zlib.compressobj(level=_LEVEL)
    waiting = iter(pieces)
    first = next(waiting, b"")
    yield stream.compress(cast("bytes", first[:_FIRST_BLOCK])) + stream.flush(isal_zlib.Z_SYNC_FLUSH)
    for piece in chain([first[_FIRST_BLOCK:]], waiting):
        data = stream.compress(cast("bytes", piece))
        if data:
            yield data
    yield stream.flush()


def _deflated_small(pieces: Iterable[memoryview]) -> Iterator[bytes]:
    """Yield one zlib stream in parts, none of them empty, as small as zlib makes it of filtered rows."""
    stream = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    for piece in pieces:
        data = stream.compress(piece)
        if data:
            yield data
    yield stream.flush()


def _chunk(name: bytes, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return len(data).to_bytes(4, "big"), name, data, checksum.to_bytes(4, "big")


def _bands(colour: Pixels, alpha: Pixels | None, keep_hidden: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield the rows from top to bottom as (rows, bytes of a row), in PNG's order of channels and bytes."""
    height, width = colour.shape[:2]
    step = max(1, _BAND // (width * 4 * colour.dtype.itemsize))
    for top in range(0, height, step):
        samples = colour[top : top + step]
        if alpha is not None:
            samples = _interleaved(samples, alpha[top : top + step], keep_hidden)
        if samples.dtype == np.uint16:
            samples = samples.byteswap() if np.little_endian else samples
        flat = np.ascontiguousarray(samples).reshape(samples.shape[0], -1)
        yield flat.view(np.uint8)


def _interleaved(rgb: Pixels, alpha: Pixels, keep_hidden: bool) -> Pixels:
    if rgb.ndim == 2:
        return np.dstack([rgb if keep_hidden else np.where(alpha != 0, rgb, rgb.dtype.type(0)), alpha])
    # Half the time of `cv2.mixChannels`, and a third of `cv2.merge`.
    rgba = cast("Pixels", cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2RGBA))
    cv2.insertChannel(np.ascontiguousarray(alpha), rgba, 3)
    if keep_hidden:
        return rgba
    shown = alpha if alpha.dtype == np.uint8 else (alpha != 0).astype(np.uint8)
    return cast("Pixels", cv2.copyTo(rgba, shown))


def _filtered(bands: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield each row as its difference to the one above, behind the byte that says so."""
    above: NDArray[np.uint8] | None = None
    out = np.empty((0, 0), np.uint8)
    for rows in bands:
        if out.shape != (rows.shape[0], rows.shape[1] + 1):
            out = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
            out[:, 0] = _UP
        out[0, 1:] = rows[0] if above is None else rows[0] - above
        np.subtract(rows[1:], rows[:-1], out=out[1:, 1:])
        above = rows[-1].copy()
        yield out


def _best_filtered(bands: Iterator[NDArray[np.uint8]], pixel: int) -> Iterator[NDArray[np.uint8]]:
    """Yield each row behind its filter's number: of the five the one whose differences are the smallest in sum.

    Args:
        bands: (rows, bytes of a row) each.
        pixel: bytes of one.
    """
    above: NDArray[np.uint8] | None = None
    for rows in bands:
        up = np.concatenate([np.zeros_like(rows[:1]) if above is None else above, rows[:-1]])
        above = rows[-1:].copy()
        left, corner = np.zeros_like(rows), np.zeros_like(rows)
        left[:, pixel:], corner[:, pixel:] = rows[:, :-pixel], up[:, :-pixel]
        mean = (left >> 1) + (up >> 1) + (left & up & 1)
        guesses = (np.uint8(0), left, up, mean, _paeth(left, up, corner))
        candidates = np.stack([rows - guess for guess in guesses])
        # A difference of 255 is one of -1.
        sums = np.minimum(candidates, -candidates).sum(axis=2, dtype=np.int64)
        best = sums.argmin(axis=0)
        out = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
        out[:, 0] = best
        out[:, 1:] = candidates[best, np.arange(rows.shape[0])]
        yield out


def _paeth(left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return, of the three neighbours, the one that is nearest to left + up - corner; the first of those alike."""
    by_left, by_up = up.astype(np.int16) - corner, left.astype(np.int16) - corner
    to_left, to_up, to_corner = np.abs(by_left), np.abs(by_up), np.abs(by_left + by_up)
    rest = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, rest)

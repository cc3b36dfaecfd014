"""A TIFF writer that keeps what Pillow and OpenCV each lose: 16 bits, alpha and the ICC profile together."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np

from .picture import Pixels

__all__ = ["encode_tiff"]

_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_STRIP_BYTES = 1 << 20
_MAX_BYTES = (1 << 32) - (1 << 16)


def encode_tiff(rgb: Pixels, alpha: Pixels | None = None, *, icc: bytes | None = None) -> bytes:
    """Encode a little-endian TIFF: deflate with the horizontal predictor, straight ("unassociated") alpha.

    Args:
        rgb: (H, W, 3) uint8 or uint16.
        alpha: (H, W) of the same type, or None.
        icc: an RGB profile to embed.

    Raises:
        OverflowError: the file would pass the 4 GiB that TIFF can address.
    """
    height, width = rgb.shape[:2]
    samples = 3 if alpha is None else 4
    depth = 8 * rgb.dtype.itemsize
    rows = max(1, _STRIP_BYTES // (width * samples * rgb.dtype.itemsize))
    strips = [_strip(rgb, alpha, start, min(start + rows, height)) for start in range(0, height, rows)]
    entries: list[tuple[int, int, bytes | list[int]]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [depth] * samples),
        (259, _SHORT, [8]),
        (262, _SHORT, [2]),
        (277, _SHORT, [samples]),
        (278, _LONG, [rows]),
        (279, _LONG, [len(strip) for strip in strips]),
        (284, _SHORT, [1]),
        (317, _SHORT, [2]),
    ]
    if alpha is not None:
        entries.append((338, _SHORT, [2]))
    if icc is not None:
        entries.append((34675, _UNDEFINED, icc))
    offsets: list[int] = []
    at = 8
    for strip in strips:
        offsets.append(at)
        at += len(strip) + len(strip) % 2
    if at + 12 * len(offsets) > _MAX_BYTES:
        raise OverflowError(f"{width}x{height} pixels make a TIFF of more than 4 GiB")
    entries.append((273, _LONG, offsets))
    padded = b"".join(strip + b"\0" * (len(strip) % 2) for strip in strips)
    return b"".join([struct.pack("<2sHI", b"II", 42, at), padded, _directory(sorted(entries, key=lambda e: e[0]), at)])


def _strip(rgb: Pixels, alpha: Pixels | None, start: int, stop: int) -> bytes:
    """Return rows `start` to `stop`, each sample as the difference from its left neighbour, deflated."""
    part = rgb[start:stop]
    joined = np.ascontiguousarray(part)
    if alpha is not None:
        joined = np.empty((*part.shape[:2], 4), rgb.dtype)
        sources = [np.ascontiguousarray(part), np.ascontiguousarray(alpha[start:stop])]
        cv2.mixChannels(sources, [joined], [0, 0, 1, 1, 2, 2, 3, 3])
    differences = joined.copy()
    np.subtract(joined[:, 1:], joined[:, :-1], out=differences[:, 1:])
    little_endian = differences.astype(differences.dtype.newbyteorder("<"), copy=False)
    return zlib.compress(little_endian.data, 1)


def _directory(entries: list[tuple[int, int, bytes | list[int]]], at: int) -> bytes:
    """Return the image file directory for the file's byte `at`, with the values too long for it behind it."""
    table, behind = [struct.pack("<H", len(entries))], b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in entries:
        packed = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{' ..HI'[kind]}", *values)
        field = packed.ljust(4, b"\0")
        if len(packed) > 4:
            field = struct.pack("<I", values_at + len(behind))
            behind += packed + b"\0" * (len(packed) % 2)
        table.append(struct.pack("<HHI4s", tag, kind, len(values), field))
    return b"".join([*table, struct.pack("<I", 0), behind])

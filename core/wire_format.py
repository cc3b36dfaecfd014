"""The wire format of protocol buffers, as far as a file is looked at before a library parses it.

https://protobuf.dev/programming-guides/encoding/. What is not of this form is refused, so that nothing passes unread.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

__all__ = ["DELIMITED", "FOUR", "VARINT", "FormError", "all_fields", "fields"]

VARINT, _EIGHT, DELIMITED, FOUR = 0, 1, 2, 5


class FormError(Exception):
    """The bytes are no message."""


def fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number, start and end of each field that has a length."""
    return ((number, at, stop) for number, kind, at, stop in all_fields(data, start, end) if kind == DELIMITED)


def all_fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the number and the kind of each field, and its start and end, or the value of a varint and 0.

    Groups are refused: ONNX has none, and a field behind one that was not read to its end would pass unseen.

    Raises:
        FormError: the bytes are no such fields.
    """
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        # Other parsers keep 32 bits of a longer one.
        if not 0 < key >> 3 < 1 << 29:
            raise FormError(f"a field of number {key >> 3}")
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at, end)
            yield number, kind, value, 0
        elif kind in {_EIGHT, FOUR}:
            width = 8 if kind == _EIGHT else 4
            yield number, kind, at, min(at + width, end)
            at += width
        elif kind == DELIMITED:
            length, at = _varint(data, at, end)
            if at + length > end:
                raise FormError("it ends too early")
            yield number, kind, at, at + length
            at += length
        else:
            raise FormError(f"a field of an unknown kind, {kind}")
    if at > end:
        raise FormError("it ends too early")


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise FormError("it ends too early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise FormError("a number without an end")

"""An ONNX file, copied with something written into its metadata; nothing but bytes is moved."""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Mapping
from pathlib import Path

from .errors import ModelError
from .onnx_files import weight_files
from .wire_format import FormError, fields

__all__ = ["copy_onnx"]

_METADATA, _KEY = 14, 1
_TAG = b"\x72"
"""The field of the metadata, of a given length."""


def copy_onnx(source: Path, target: Path, metadata: Mapping[str, str]) -> None:
    """Copy an ONNX file and the files beside it that hold weights of it.

    Args:
        source: the `.onnx` file.
        target: the copy; what else is copied lies beside it under the names that it has now.
        metadata: written into the copy, in place of what is there under the same names.

    Raises:
        ModelError: it is no whole ONNX file, or weights of it are missing or lie outside of its folder.
    """
    beside = weight_files(source)
    with source.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            old = [
                (at - len(_tag(stop - at)), stop)
                for number, at, stop in fields(data, 0, len(data))
                if number == _METADATA and _key_of(data, at, stop) in metadata and _starts(data, at, stop)
            ]
        except FormError as error:
            raise ModelError(f"{source}: it is not a whole ONNX file ({error}); get it again") from error
        with target.open("wb") as out:
            place = 0
            for start, stop in old:
                out.write(data[place:start])
                place = stop
            out.write(data[place:])
            for name, value in metadata.items():
                entry = _text(1, name) + _text(2, value)
                out.write(_tag(len(entry)) + entry)
    for file in beside:
        copy = target.parent / file.relative_to(source.parent)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _key_of(data: mmap.mmap, start: int, end: int) -> str:
    keys = [data[at:stop] for number, at, stop in fields(data, start, end) if number == _KEY]
    return keys[-1].decode("utf-8", "replace") if keys else ""


def _starts(data: mmap.mmap, at: int, stop: int) -> bool:
    """Make sure that an entry begins where it does if its length is written as short as it can be."""
    tag = _tag(stop - at)
    if data[at - len(tag) : at] != tag:
        raise FormError("a length that is written longer than it is")
    return True


def _tag(length: int) -> bytes:
    return _TAG + _number(length)


def _text(field: int, text: str) -> bytes:
    raw = text.encode()
    return bytes([field << 3 | 2]) + _number(len(raw)) + raw


def _number(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)

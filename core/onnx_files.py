"""ONNX files, looked at before a runtime gets them: what kills OpenVINO's frontend, and weights that lie elsewhere.

What is read is the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as far as the
nodes' names and the tensors' places go; the numbers of the fields are those of onnx.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from .errors import ModelError

__all__ = ["check_onnx"]

_LEAST = {
    **dict.fromkeys(("Conv", "Pad"), 2),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "LogSoftmax", "Max", "Mean", "Min", "Sum"), 1),
}
"""Inputs that a node must have; nodes of other types are checked by OpenVINO 2026.4 itself."""

_GRAPH, _NODE, _INPUT, _TYPE, _ATTRIBUTE = 7, 1, 1, 4, 5
_INNER = (6, 11)
"""Fields of an attribute that hold graphs."""
_TENSORS = (5, 10)
"""Fields of an attribute that hold tensors."""
_INITIALIZER, _EXTERNAL, _KEY, _VALUE = 5, 13, 1, 2

_VARINT, _EIGHT, _DELIMITED, _FOUR = 0, 1, 2, 5
_DEEPEST = 50


def check_onnx(path: Path) -> None:
    """Make sure that nodes have the inputs without which OpenVINO dies, and that no weights lie outside of the folder.

    Raises:
        ModelError: it is not so, or graphs lie inside of graphs too deep. What is no ONNX file is left to the runtime.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for number, start, end in _fields(data, 0, len(data)):
            if number == _GRAPH:
                _check_graph(data, start, end, path, 0)


def _check_graph(data: mmap.mmap, start: int, end: int, path: Path, depth: int) -> None:
    if depth > _DEEPEST:
        raise ModelError(f"{path}: graphs lie more than {_DEEPEST} deep inside of graphs; export the model again")
    for number, at, stop in _fields(data, start, end):
        if number == _NODE:
            _check_node(data, at, stop, path, depth)
        elif number == _INITIALIZER:
            _check_place(data, at, stop, path)


def _check_node(data: mmap.mmap, start: int, end: int, path: Path, depth: int) -> None:
    inputs: list[bool] = []
    kind = ""
    for number, at, stop in _fields(data, start, end):
        if number == _INPUT:
            inputs.append(stop > at)
        elif number == _TYPE:
            kind = data[at:stop].decode("utf-8", "replace")
        elif number == _ATTRIBUTE:
            for inner, first, last in _fields(data, at, stop):
                if inner in _INNER:
                    _check_graph(data, first, last, path, depth + 1)
                elif inner in _TENSORS:
                    _check_place(data, first, last, path)
    least = _LEAST.get(kind, 0)
    if len(inputs) < least or not all(inputs[:least]):
        raise ModelError(
            f"{path}: a node of type {kind} has {sum(inputs)} of its {least} inputs; export the model again"
        )


def _check_place(data: mmap.mmap, start: int, end: int, path: Path) -> None:
    """Refuse a tensor whose values lie in a file that is, by its name or by a link, outside of the model's folder."""
    for number, at, stop in _fields(data, start, end):
        if number != _EXTERNAL:
            continue
        entry = {field: data[first:last] for field, first, last in _fields(data, at, stop)}
        if entry.get(_KEY) != b"location":
            continue
        name = entry.get(_VALUE, b"").decode("utf-8", "replace")
        folder = path.parent.resolve()
        if "\0" in name or not (folder / name).resolve().is_relative_to(folder):
            raise ModelError(
                f"{path}: weights of it lie outside of its folder ({name!r}); put them beside it, and export it again"
            )


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number, start and end of each field that has a length; stops where the bytes are no such fields."""
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind in {_EIGHT, _FOUR}:
            at += 8 if kind == _EIGHT else 4
        elif kind == _DELIMITED:
            length, at = _varint(data, at, end)
            if at + length > end:
                return
            yield key >> 3, at, at + length
            at += length
        else:
            return


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    return value, end

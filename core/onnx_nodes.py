"""ONNX files, looked at before OpenVINO gets them: its frontend dies of some nodes that lack inputs.

What is read is the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as far as the
nodes' names go; the numbers of the fields are those of onnx.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from .errors import ModelError

__all__ = ["require_inputs"]

_LEAST = {
    **dict.fromkeys(("Conv", "Pad"), 2),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "LogSoftmax", "Max", "Mean", "Min", "Sum"), 1),
}
"""Inputs that a node must have; nodes of other types are checked by OpenVINO 2026.4 itself."""

_GRAPH, _NODE, _INPUT, _TYPE, _ATTRIBUTE = 7, 1, 1, 4, 5
_INNER = (6, 11)
"""Fields of an attribute that hold graphs."""

_VARINT, _EIGHT, _DELIMITED, _FOUR = 0, 1, 2, 5
_DEEPEST = 50


def require_inputs(path: Path) -> None:
    """Make sure that each node of an ONNX file has the inputs without which OpenVINO dies.

    Raises:
        ModelError: one has not, or graphs lie inside of graphs too deep. What is no ONNX file is left to OpenVINO.
    """
    if path.stat().st_size == 0:
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
    least = _LEAST.get(kind, 0)
    if len(inputs) < least or not all(inputs[:least]):
        raise ModelError(
            f"{path}: a node of type {kind} has {sum(inputs)} of its {least} inputs; export the model again"
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

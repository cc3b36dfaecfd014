"""The nodes of an ONNX file, read off its bytes: operators, their inputs and attributes."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .wire_format import FOUR, VARINT, all_fields, fields

__all__ = ["Graph", "Node", "graph_in", "opset_of"]

_OPERATORS, _VERSION, _GRAPH, _NODE, _ATTRIBUTE = 8, 2, 7, 1, 5

_Value = int | float | str | tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """A node of the graph or of one inside of it.

    Attributes:
        kind: the operator.
        domain: that it is of; empty for ONNX's own.
        inputs: their names; empty where one is left out.
        attributes: those that are numbers or texts, by their names.
    """

    kind: str
    domain: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, _Value] = field(default_factory=dict[str, _Value])

    def numbers(self, name: str) -> tuple[int, ...]:
        """Return an attribute of several whole numbers; none where it is not there."""
        value = self.attributes.get(name, ())
        return value if isinstance(value, tuple) else ()


class Graph(NamedTuple):
    """What is known of a file's graph.

    Attributes:
        version: of ONNX's own operators.
        free: an input has a side, behind the batch, whose length is not fixed.
        nodes: all of them, also those of graphs inside of nodes.
    """

    version: int
    free: bool
    nodes: tuple[Node, ...]


def graph_in(data: mmap.mmap) -> Graph:
    """Read a file.

    Raises:
        FormError: the bytes are no ONNX file.
    """
    return Graph(_version(data), _has_free_sides(data), tuple(_nodes(data, 0, len(data), "model")))


def opset_of(path: Path) -> int:
    """Return the version of ONNX's own operators that a file is written in.

    Raises:
        FormError: the bytes are no ONNX file.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _version(data)


def _version(data: mmap.mmap) -> int:
    """Return the version of ONNX's own operators."""
    found = [1]
    for number, at, stop in fields(data, 0, len(data)):
        if number == _OPERATORS:
            entry = list(all_fields(data, at, stop))
            domains = [data[one:end] for field_, kind, one, end in entry if field_ == 1 and kind != VARINT]
            if not domains or domains[-1] in {b"", b"ai.onnx"}:
                found += [value for field_, kind, value, _ in entry if (field_, kind) == (_VERSION, VARINT)]
    return max(found)


def _has_free_sides(data: mmap.mmap) -> bool:
    """Tell whether an input of the graph has a side, behind the batch, whose length is not fixed."""
    places = [(0, len(data))]
    # The graph, its inputs, their types, that of a tensor, its shape.
    for wanted in (_GRAPH, 11, 2, 1, 2):
        places = [(at, stop) for place in places for number, at, stop in fields(data, *place) if number == wanted]
    for place in places:
        sides = [(at, stop) for number, at, stop in fields(data, *place) if number == 1]
        for side in sides[1:]:
            if not any(number == 1 and kind == VARINT for number, kind, _, _ in all_fields(data, *side)):
                return True
    return False


_DOWN: dict[str, dict[int, str]] = {
    "model": {_GRAPH: "graph", 25: "function"},
    "function": {7: "node"},
    "graph": {_NODE: "node"},
    "node": {_ATTRIBUTE: "attribute"},
    "attribute": {6: "graph", 11: "graph"},
}
"""Messages, and which fields of theirs lead to nodes."""


def _nodes(data: mmap.mmap, start: int, end: int, message: str) -> Iterator[Node]:
    """Yield all nodes, also those of graphs inside of nodes."""
    for number, at, stop in fields(data, start, end):
        inner = _DOWN[message].get(number)
        if inner == "node":
            yield _node(data, at, stop)
        if inner is not None:
            yield from _nodes(data, at, stop, inner)


def _node(data: mmap.mmap, start: int, end: int) -> Node:
    texts: dict[int, list[str]] = {}
    attributes: dict[str, _Value] = {}
    for number, at, stop in fields(data, start, end):
        if number == _ATTRIBUTE:
            name, value = _attribute(data, at, stop)
            attributes[name] = value
        else:
            texts.setdefault(number, []).append(data[at:stop].decode("utf-8", "replace"))
    return Node(texts.get(4, [""])[-1], texts.get(7, [""])[-1], tuple(texts.get(1, ())), attributes)


def _attribute(data: mmap.mmap, start: int, end: int) -> tuple[str, _Value]:
    name, several = "", list[int]()
    value: int | float = 0
    text: str | None = None
    for number, kind, at, stop in all_fields(data, start, end):
        if kind == VARINT and number in {3, 8}:
            # A negative number is written as if it had 64 bits without a sign.
            signed = struct.unpack("<q", struct.pack("<Q", at & (1 << 64) - 1))[0]
            value = signed
            several += [signed] if number == 8 else []
        elif kind == FOUR and number == 2:
            value = struct.unpack("<f", data[at:stop].ljust(4, b"\0"))[0]
        elif number == 1:
            name = data[at:stop].decode("utf-8", "replace")
        elif number == 4:
            text = data[at:stop].decode("utf-8", "replace")
    return name, text if text is not None else tuple(several) or value

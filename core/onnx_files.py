"""ONNX files, looked at before a runtime gets them: what kills OpenVINO's frontend, and weights that lie elsewhere.

What is read is the wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/); the numbers of
the fields are those of onnx.proto. What is not of this form is refused, so that nothing passes unread.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from .errors import ModelError
from .wire_format import VARINT, FormError, all_fields, fields

__all__ = ["check_onnx", "weight_files"]

_LEAST = {
    "Conv": 2,
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "LogSoftmax", "Max", "Mean", "Min", "Pad", "Sum"), 1),
}
"""Inputs that a node must have; nodes of other types are checked by OpenVINO 2026.4 itself."""

_PAD_WITH_TWO = 11
"""The version of ONNX's operators since which a Pad's widths are an input, and no attribute."""

_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **dict.fromkeys((6, 11), "graph"),
        **dict.fromkeys((5, 10), "tensor"),
        **dict.fromkeys((22, 23), "sparse tensor"),
    },
    "sparse tensor": dict.fromkeys((1, 2), "tensor"),
    "tensor": {13: "place"},
    "place": {},
}
"""Messages, and which fields of theirs hold messages that are looked at."""

_INPUT, _TYPE = 1, 4
_OPERATORS, _VERSION = 8, 2
_KEY, _VALUE = 1, 2
_DEEPEST = 150


def check_onnx(path: Path) -> None:
    """Make sure that nodes have the inputs without which OpenVINO dies, and that weights lie in the file's own folder.

    Raises:
        ModelError: it is not so, messages lie inside of messages too deep, or the file is no whole ONNX file. One that
            is not there is left to the runtime.
    """
    missing = [file for file in weight_files(path) if not file.is_file()]
    if missing:
        raise ModelError(
            f"{path}: its weights {missing[0].name} are missing; copy {'both' if len(missing) == 1 else 'all'} files "
            "together"
        )


def weight_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside an ONNX file in which weights of it lie, whether or not they are there; checks it first.

    Raises:
        ModelError: as `check_onnx`, but for files that are missing.
    """
    if not path.is_file():
        return ()
    if path.stat().st_size == 0:
        raise ModelError(f"{path}: the file is empty; export it again")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            file = _File(path, data)
            file.check("model", 0, len(data))
        except FormError as error:
            raise ModelError(f"{path}: it is not a whole ONNX file ({error}); export or fetch it again") from error
    return tuple(path.parent / name for name in dict.fromkeys(file.beside))


class _File:
    """An ONNX file that is being looked at; `beside` are the files that hold weights of it, by their names."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.beside: list[str] = []
        self._path, self._data = path, data
        self._least = _LEAST | ({"Pad": 2} if self._operators() >= _PAD_WITH_TWO else {})

    def _operators(self) -> int:
        """Return the newest version of operators that the model names."""
        versions = [1]
        for number, at, stop in fields(self._data, 0, len(self._data)):
            if number == _OPERATORS:
                found = all_fields(self._data, at, stop)
                versions += [value for field, kind, value, _ in found if (field, kind) == (_VERSION, VARINT)]
        return max(versions)

    def check(self, kind: str, start: int, end: int, depth: int = 0) -> None:
        """Look at a message and at those inside of it."""
        if depth > _DEEPEST:
            raise ModelError(f"{self._path}: graphs lie too deep inside of graphs; export the model again")
        inside = _INSIDE[kind]
        own: list[tuple[int, int, int]] = []
        for number, at, stop in fields(self._data, start, end):
            if number in inside:
                self.check(inside[number], at, stop, depth + 1)
            elif kind in {"node", "place"}:
                own.append((number, at, stop))
        if kind == "node":
            self._check_inputs(own)
        elif kind == "place":
            self._check_place(own)

    def _check_inputs(self, fields: list[tuple[int, int, int]]) -> None:
        inputs = [stop > at for number, at, stop in fields if number == _INPUT]
        # Of a field that comes twice, the last counts.
        types = [self._data[at:stop].decode("utf-8", "replace") for number, at, stop in fields if number == _TYPE]
        kind = types[-1] if types else ""
        least = self._least.get(kind, 0)
        if len(inputs) < least or not all(inputs[:least]):
            raise ModelError(
                f"{self._path}: a node of type {kind} has {sum(inputs)} of its {least} inputs; export the model again"
            )

    def _check_place(self, fields: list[tuple[int, int, int]]) -> None:
        """Refuse a tensor whose values lie in a file that is, by its name or by a link, outside of the folder."""
        entry = {number: self._data[at:stop] for number, at, stop in fields}
        if entry.get(_KEY) != b"location":
            return
        name = entry.get(_VALUE, b"").decode("utf-8", "replace")
        folder = self._path.parent.resolve()
        if "\0" in name or not (folder / name).resolve().is_relative_to(folder):
            raise ModelError(
                f"{self._path}: weights of it lie outside of its folder ({name!r}); put them beside it, and export it "
                "again"
            )
        self.beside.append(name)

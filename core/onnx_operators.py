"""The operators of an ONNX file: forms of INT8 that are not run here, and what OpenVINO's frontend computes wrongly.

The list is what `tools/operator_sweep.py` found with OpenVINO 2026.4.1 beside ONNX Runtime 1.32, each operator in
graphs of its own. What OpenVINO refuses to read it names itself; `refused_operators` makes a
sentence of that.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ModelError
from .wire_format import VARINT, FormError, all_fields, fields

__all__ = ["check_operators", "refused_operators"]

_Value = int | str | tuple[int, ...]


@dataclass(frozen=True)
class _Node:
    """A node of the graph or of one inside of it.

    Attributes:
        kind: the operator.
        domain: that it is of; empty for ONNX's own.
        inputs: their names; empty where one is left out.
        attributes: those that are whole numbers or texts, by their names.
    """

    kind: str
    domain: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, _Value] = field(default_factory=dict[str, _Value])


@dataclass(frozen=True)
class _Wrong:
    """What OpenVINO computes wrongly.

    Attributes:
        kinds: the operators.
        since: the first version of operators in which it does.
        until: the last one.
        how: what it does, in words that follow `OpenVINO`.
        when: tells it of a node.
    """

    kinds: tuple[str, ...]
    since: int
    until: int
    how: str
    when: Callable[[_Node], bool]


_WRONG: tuple[_Wrong, ...] = (
    _Wrong(
        ("ReduceL1", "ReduceLogSum", "ReduceLogSumExp"),
        13,
        17,
        "reduces over all axes (openvino#38238)",
        lambda node: "axes" in node.attributes,
    ),
)


def check_operators(path: Path) -> None:
    """Refuse an ONNX file that OpenVINO would read, and run as something else than it is.

    Raises:
        ModelError: it is of a form of INT8 that is not run here, or an operator of it is computed wrongly.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            version, nodes = _version(data), list(_nodes(data, 0, len(data), "model"))
        except FormError as error:
            raise ModelError(f"{path}: it is not a whole ONNX file ({error}); export or fetch it again") from error
    kinds = {node.kind for node in nodes}
    _check_int8(path, kinds)
    for node in nodes:
        for wrong in _WRONG:
            known = (
                node.kind in wrong.kinds and node.domain in {"", "ai.onnx"} and wrong.since <= version <= wrong.until
            )
            if known and wrong.when(node):
                raise ModelError(
                    f"{path}: OpenVINO {wrong.how} in its {node.kind} (opset {version}), so that its answers would be "
                    f"wrong; {_way_out(wrong)}"
                )


def _way_out(wrong: _Wrong) -> str:
    if wrong.until < _NEWEST:
        newer = wrong.until + 1
        return (
            f"export it with opset {newer} or newer, or make that of it: "
            f"onnx.version_converter.convert_version(model, {newer})"
        )
    return f"export it with opset {wrong.since - 1} or older" if wrong.since > 1 else "write the network without it"


def refused_operators(path: Path, said: str) -> str | None:
    """Return a sentence of the operators that OpenVINO said it does not know; None where it said nothing of them.

    Args:
        path: the ONNX file.
        said: its whole message.
    """
    found = _UNKNOWN.search(said)
    if found is None:
        return None
    names = [name.strip() for name in found[1].split(",") if name.strip()]
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    bare = [name.rpartition("-")[0] or name for name in names]
    if any(name.startswith("com.microsoft.") for name in names):
        way = "ONNX Runtime's optimizer wrote them; give the file from before it"
    elif any(name.startswith("util::Sequence") for name in names) or any("Sequence" in name for name in bare):
        return f"{path}: it gives or takes lists of tensors (sequences), which OpenVINO does not run; give tensors"
    elif any("String" in name for name in bare):
        way = "a network of images needs no texts; export it without them"
    elif any("." in name for name in names):
        way = (
            "operators of one's own cannot run here; export it without them (functions inside of the file become "
            "ONNX's own operators by onnx.inliner.inline_local_functions)"
        )
    else:
        way = "export it with an older opset, or without them"
    return f"{path}: OpenVINO has no operator {listed}; {way}"


_UNKNOWN = re.compile(r"No conversion rule found for operations: ([^\n]*)")
_NEWEST = 99

_DYNAMIC = frozenset({"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul"})

_OPERATORS, _VERSION, _GRAPH, _NODE, _ATTRIBUTE = 8, 2, 7, 1, 5


def _check_int8(path: Path, kinds: set[str]) -> None:
    fixed = sorted(kind for kind in kinds if kind.startswith("QLinear"))
    if fixed:
        raise ModelError(
            f"{path}: it is quantized in the QOperator form ({fixed[0]}), which OpenVINO does not compute in 8 bits; "
            "quantize it with quant_format=QuantFormat.QDQ instead, or give the network in FP32, and mattekit quantize "
            "makes it INT8"
        )
    dynamic = sorted(_DYNAMIC & kinds)
    if dynamic:
        raise ModelError(
            f"{path}: it is quantized dynamically ({dynamic[0]}), each activation's range found while it runs, which "
            "is slower than FP32 here; give the network in FP32, and mattekit quantize makes it INT8"
        )


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


_DOWN: dict[str, dict[int, str]] = {
    "model": {_GRAPH: "graph", 25: "function"},
    "function": {7: "node"},
    "graph": {_NODE: "node"},
    "node": {_ATTRIBUTE: "attribute"},
    "attribute": {6: "graph", 11: "graph"},
}
"""Messages, and which fields of theirs lead to nodes."""


def _nodes(data: mmap.mmap, start: int, end: int, message: str) -> Iterator[_Node]:
    """Yield all nodes, also those of graphs inside of nodes."""
    for number, at, stop in fields(data, start, end):
        inner = _DOWN[message].get(number)
        if inner == "node":
            yield _node(data, at, stop)
        if inner is not None:
            yield from _nodes(data, at, stop, inner)


def _node(data: mmap.mmap, start: int, end: int) -> _Node:
    texts: dict[int, list[str]] = {}
    attributes: dict[str, _Value] = {}
    for number, at, stop in fields(data, start, end):
        if number == _ATTRIBUTE:
            name, value = _attribute(data, at, stop)
            attributes[name] = value
        else:
            texts.setdefault(number, []).append(data[at:stop].decode("utf-8", "replace"))
    return _Node(texts.get(4, [""])[-1], texts.get(7, [""])[-1], tuple(texts.get(1, ())), attributes)


def _attribute(data: mmap.mmap, start: int, end: int) -> tuple[str, _Value]:
    name, value, several = "", 0, list[int]()
    text: str | None = None
    for number, kind, at, stop in all_fields(data, start, end):
        if kind == VARINT and number in {3, 8}:
            # A negative number is written as if it had 64 bits without a sign.
            signed = struct.unpack("<q", struct.pack("<Q", at & (1 << 64) - 1))[0]
            value = signed
            several += [signed] if number == 8 else []
        elif number == 1:
            name = data[at:stop].decode("utf-8", "replace")
        elif number == 4:
            text = data[at:stop].decode("utf-8", "replace")
    return name, text if text is not None else tuple(several) or value

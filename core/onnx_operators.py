"""The operators of an ONNX file: forms of INT8 that are not run here, and what OpenVINO's frontend computes wrongly.

The list is what `tools/operator_sweep.py` found with OpenVINO 2026.4.1 beside ONNX Runtime 1.32, each operator in
graphs of its own. What OpenVINO refuses to read it names itself; `refused_operators` makes a
sentence of that.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import ModelError
from .onnx_nodes import Node, graph_in
from .wire_format import FormError

__all__ = ["check_operators", "operators_table", "refused_operators"]


@dataclass(frozen=True)
class _Wrong:
    """What OpenVINO computes wrongly.

    Attributes:
        kinds: the operators.
        how: what it does, in words that follow `OpenVINO`.
        when: tells it of a node, and of whether the graph's input has free sizes.
        since: the first version of operators in which it does.
        until: the last one.
        mend: how the network can be written otherwise, where no other version helps.
    """

    kinds: tuple[str, ...]
    how: str
    when: Callable[[Node, bool], bool]
    since: int = 1
    until: int | None = None
    mend: str = ""


def _strides_reach(node: Node) -> bool:
    """Tell whether a transposed convolution's kernel is as large as its stride, so that nothing is padded."""
    kernel = node.numbers("kernel_shape")
    strides = node.numbers("strides") or (1,) * len(kernel)
    dilations = node.numbers("dilations") or (1,) * len(kernel)
    reach = tuple((side - 1) * step + 1 for side, step in zip(kernel, dilations, strict=False))
    return bool(kernel) and reach == strides


def _loses_its_shape(node: Node, free: bool) -> bool:
    if "output_shape" not in node.attributes or _strides_reach(node):
        return False
    padded = str(node.attributes.get("auto_pad", "NOTSET")) != "NOTSET"
    dilated = any(step > 1 for step in node.numbers("dilations"))
    return free or padded or dilated or not node.numbers("kernel_shape")


def _loses_its_padding(node: Node, free: bool) -> bool:
    same = str(node.attributes.get("auto_pad", "")).startswith("SAME")
    return free and same and "output_shape" not in node.attributes and not _strides_reach(node)


def _pads_unevenly(node: Node, _free: bool) -> bool:
    pads, told = node.numbers("pads"), node.attributes
    uneven = pads[: len(pads) // 2] != pads[len(pads) // 2 :]
    return uneven and told.get("ceil_mode") == 1 and told.get("count_include_pad") == 1


_WRONG: tuple[_Wrong, ...] = (
    _Wrong(
        ("ReduceL1", "ReduceLogSum", "ReduceLogSumExp"),
        "reduces over all axes (openvino#38238)",
        lambda node, _: "axes" in node.attributes,
        since=13,
        until=17,
    ),
    _Wrong(
        ("ReduceLogSum",),
        "leaves the logarithm out where it reduces over no axis",
        lambda node, _: node.attributes.get("noop_with_empty_axes") == 1 and not any(node.inputs[1:2]),
        since=18,
        mend="export it with a Log instead",
    ),
    _Wrong(
        ("ConvTranspose",),
        "takes output_shape for another padding",
        _loses_its_shape,
        mend="export it with pads and output_padding instead, or with fixed sizes",
    ),
    _Wrong(
        ("ConvTranspose",),
        "leaves auto_pad out where sizes are free",
        _loses_its_padding,
        mend="export it with pads instead, or with fixed sizes",
    ),
    _Wrong(
        ("AveragePool",),
        "counts the wrong pixels where ceil_mode and count_include_pad meet uneven pads",
        _pads_unevenly,
        mend="put a Pad before it instead",
    ),
    _Wrong(
        ("Resize",),
        "ignores exclude_outside",
        lambda node, _: node.attributes.get("mode") == "cubic" and node.attributes.get("exclude_outside") == 1,
        mend="export it without exclude_outside",
    ),
    _Wrong(
        ("Resize",),
        "rounds halves down in spite of round_prefer_ceil",
        lambda node, _: (
            node.attributes.get("mode", "nearest") == "nearest"
            and node.attributes.get("nearest_mode") == "round_prefer_ceil"
        ),
        mend="export it with nearest_mode floor or round_prefer_floor",
    ),
    _Wrong(
        ("Resize",),
        "ignores keep_aspect_ratio_policy",
        lambda node, _: node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch",
        since=18,
        mend="export it with the sizes that it means",
    ),
    _Wrong(
        ("Resize",),
        "smooths otherwise than antialias means",
        lambda node, _: node.attributes.get("antialias") == 1 and node.attributes.get("mode") != "nearest",
        since=18,
        mend="export it without antialias",
    ),
    _Wrong(
        ("DFT",),
        "answers other shapes where sizes are free",
        lambda _, free: free,
        mend="export it with fixed sizes",
    ),
    _Wrong(
        ("LSTM", "GRU", "RNN"),
        "leaves sequence_lens out where sizes are free",
        lambda node, free: free and any(node.inputs[4:5]),
        mend="export it without sequence_lens, or with fixed sizes",
    ),
    _Wrong(
        ("LRN",),
        "uses a bias other than 1 wrongly",
        lambda node, _: node.attributes.get("bias", 1.0) != 1.0,
        mend="divide by the bias outside of it",
    ),
)


def check_operators(path: Path) -> int | None:
    """Refuse an ONNX file that OpenVINO would read, and run as something else than it is.

    Returns:
        The version of operators that it is written in; None where there is no file.

    Raises:
        ModelError: it is of a form of INT8 that is not run here, or an operator of it is computed wrongly.
    """
    if not path.is_file() or path.stat().st_size == 0:
        return None
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            version, free, nodes = graph_in(data)
        except FormError as error:
            raise ModelError(f"{path}: it is not a whole ONNX file ({error}); export or fetch it again") from error
    _check_int8(path, {node.kind for node in nodes})
    for node in nodes:
        wrong = _wrong(node, version, free)
        if wrong is not None:
            raise ModelError(
                f"{path}: OpenVINO {wrong.how} in its {node.kind} (opset {version}), so that its answers would be "
                f"wrong; {_way_out(wrong)}"
            )
    return version


def operators_table() -> str:
    """Return the operators that are refused, as the rows of a Markdown table; docs/own-models.md has it."""
    rows = ["| operator | opset | OpenVINO | instead |", "|---|---|---|---|"]
    for wrong in _WRONG:
        first = "any" if wrong.since == 1 and wrong.until is None else f"from {wrong.since}"
        opsets = f"{wrong.since} to {wrong.until}" if wrong.until else first
        names = ", ".join(f"`{kind}`" for kind in wrong.kinds)
        rows.append(f"| {names} | {opsets} | {wrong.how} | {_way_out(wrong)} |")
    return "\n".join(rows)


def _wrong(node: Node, version: int, free: bool) -> _Wrong | None:
    """Return what is wrong with a node; None where nothing is known."""
    if node.domain not in {"", "ai.onnx"}:
        return None
    for wrong in _WRONG:
        holds = wrong.since <= version and (wrong.until is None or version <= wrong.until)
        if node.kind in wrong.kinds and holds and wrong.when(node, free):
            return wrong
    return None


def _way_out(wrong: _Wrong) -> str:
    if wrong.until is None:
        return wrong.mend
    newer = wrong.until + 1
    return (
        f"export it with opset {newer} or newer, or make that of it: "
        f"onnx.version_converter.convert_version(model, {newer})"
    )


def refused_operators(path: Path, said: str) -> str | None:
    """Return a sentence of the operators that OpenVINO said it does not know; None where it said nothing of them.

    Args:
        path: the ONNX file.
        said: its whole message.
    """
    if uneven := _UNEVEN.search(said):
        return (
            f"{path}: its Split cuts {uneven[1]} into {uneven[2]} parts that are not equal, which OpenVINO does not "
            "read; export it with the parts' sizes (Split's second input)"
        )
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


_UNKNOWN = re.compile(r"(?:No conversion rule found for operations|Conversion is failed for): ([^\n]*)")

_UNEVEN = re.compile(r"along 'axis': (\d+) must be evenly divisible by 'num_splits' attribute value: (\d+)")

_DYNAMIC = frozenset({"DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul"})


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

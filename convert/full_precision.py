"""Layers that stay in f32 where a device computes the rest of a network in bf16 or f16."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from .layer_kinds import WEIGHTED, is_constant

if TYPE_CHECKING:
    import openvino

__all__ = ["image_layers", "keep_in_f32"]

_NO_VALUES = frozenset({"Result", "ShapeOf"})
_ENDS = frozenset({"Parameter", "Result"})


def image_layers(model: openvino.Model) -> set[str]:
    """Name the layers that an image's own levels pass on their way to the enlarged image.

    These are what lies before the first weighted layers with these and their biases, the last weighted layers with what
    follows them, and the sum that the last ones read, where a network adds its features to those of its first layer.
    bf16 has 8 significant bits: what passes these layers in it keeps some 400 of the 1,000 levels of a smooth gradient
    of 16 bits; all other layers only add detail, which is small. The layers are few and at the ends, so that they cost
    little.
    """
    return {*_from_inputs(model), *_from_outputs(model)}


def keep_in_f32(xml: Path, chosen: Callable[[str], bool]) -> int:
    """Mark layers of an IR as `precise`: devices compute them in f32, whatever the rest is computed in.

    A model in memory cannot be told so from Python (2026.4): the attribute is written into the file. Who reads it and
    writes it again keeps it.

    Args:
        xml: an IR's `.xml` file, written by us just now; replaced.
        chosen: told a layer's friendly name, says whether it is to be marked.

    Returns:
        How many layers were chosen.
    """
    count = 0
    document = ET.parse(xml)  # noqa: S314
    for layer in document.iterfind("layers/layer"):
        if layer.get("type") in _ENDS or not chosen(layer.get("name", "")):
            continue
        count += 1
        notes = layer.find("rt_info")
        if notes is None:
            notes = ET.Element("rt_info")
            layer.insert(0 if layer.find("data") is None else 1, notes)
        if notes.find("attribute[@name='precise']") is None:
            ET.SubElement(notes, "attribute", {"name": "precise", "version": "0"})
    document.write(xml, encoding="utf-8", xml_declaration=True)
    return count


def _from_inputs(model: openvino.Model) -> dict[str, openvino.Node]:
    """Return what an input passes up to the first weighted layer, and what is done to that one's output alone."""
    found: dict[str, openvino.Node] = {}
    behind: set[str] = set()
    waiting: list[openvino.Node] = list(model.get_parameters())
    while waiting:
        node = waiting.pop()
        weighted = node.get_friendly_name() in behind
        for reader in _readers(node):
            name = reader.get_friendly_name()
            if name in found or reader.get_type_name() in _NO_VALUES:
                continue
            if weighted and (reader.get_type_name() in WEIGHTED or len(_computed_inputs(reader)) > 1):
                continue
            if weighted or reader.get_type_name() in WEIGHTED:
                behind.add(name)
            found[name] = reader
            waiting.append(reader)
    return found


def _from_outputs(model: openvino.Model) -> dict[str, openvino.Node]:
    """Return what comes after the last weighted layers, these, and sums that they read."""
    found: dict[str, openvino.Node] = {}
    waiting = [result.input_value(0).get_node() for result in model.get_results()]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() in found or node.get_type_name() in ("Constant", "Parameter"):
            continue
        found[node.get_friendly_name()] = node
        before = _computed_inputs(node)
        if node.get_type_name() not in WEIGHTED:
            waiting += before
        elif before[0].get_type_name() == "Add" and len(_computed_inputs(before[0])) > 1:
            found[before[0].get_friendly_name()] = before[0]
    return found


def _readers(node: openvino.Node) -> Iterator[openvino.Node]:
    for output in node.outputs():
        for target in output.get_target_inputs():
            yield target.get_node()


def _computed_inputs(node: openvino.Node) -> list[openvino.Node]:
    return [value.get_node() for value in node.input_values() if not is_constant(value)]

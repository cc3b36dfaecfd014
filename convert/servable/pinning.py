"""Pin operators of a written graph to f32, whatever the network between them is computed in."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from .surround import SURROUNDING

__all__ = ["pin_surrounding"]

_HOLDING = frozenset({"Parameter", "Result"})


def pin_surrounding(path: Path) -> int:
    """Pin all that `surround` put around a network, and return how many operators that are.

    A device that would compute in bf16 or f16 then leaves them in f32. The mark is an attribute of OpenVINO's own,
    which Python can only give to a graph by way of its file.

    Args:
        path: the `.xml` file, written by us just now; replaced.
    """
    tree = ET.parse(path)  # noqa: S314
    pinned = 0
    for layer in tree.iterfind("layers/layer"):
        if layer.get("name", "").startswith(SURROUNDING) and layer.get("type") not in _HOLDING:
            info = layer.find("rt_info")
            if info is None:
                info = ET.SubElement(layer, "rt_info")
            ET.SubElement(info, "attribute", {"name": "precise", "version": "0"})
            pinned += 1
    tree.write(path, encoding="unicode", xml_declaration=True)
    return pinned

"""OpenVINO imported without what running a model does not need."""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ["import_lean"]


def import_lean() -> None:
    """Import OpenVINO without its converter, which takes a third of the time that all imports of a run take.

    `openvino.convert_model` is then missing in this process; `openvino.tools.ovc.convert_model` can still be imported.
    Nothing happens where OpenVINO is loaded already.
    """
    converter = "openvino.tools.ovc"
    if "openvino" in sys.modules or converter in sys.modules:
        return
    # OpenVINO goes without its converter where that cannot be imported, which None stands for.
    sys.modules[converter] = None  # pyright: ignore[reportArgumentType]
    try:
        import_module("openvino")
    finally:
        del sys.modules[converter]

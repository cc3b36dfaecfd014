"""Checkpoint → ONNX → OpenVINO IR, and the zoo of models that mattekit knows.

What enters: what makes a model's file of another: fetching, loading, exporting, and the check of each of these steps.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

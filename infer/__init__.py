"""Pixels in, pixels out: runtimes, remove, upscale, superimpose and the pipeline of the three.

What enters: what an image passes on its way, as cheap to import as it can be: neither torch, onnx nor nncf.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""The shared words of every room: contract, variant, records, errors, paths. No heavy imports.

What enters: what two rooms must agree on. It imports numpy, pydantic, pooch and packaging, and the standard library.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

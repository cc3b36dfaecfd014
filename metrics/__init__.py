"""Metrics: pure functions on arrays, and their registry.

A metric is added by writing its function in one of this package's files and one line in `_ALL` of `registry.py`.

What enters: pure functions of arrays, without files, models or state.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

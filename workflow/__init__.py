"""A recipe → the whole chain: export, parity, quantize, validate, bench, gate, package, report, each when due.

What enters: what a recipe may say, and when a stage is due. What a stage does is a command, and lives with that.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Records and results → tables, plots and pages. Renders, never measures.

What enters: what turns figures that are there into something to read.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""The pipeline over many machines: references to images, the actors, and the result's table.

What enters: what only work on several machines needs. Ray is imported where it is used, by the extra `ray` alone.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

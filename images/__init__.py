"""Images in and out of files: one type, read upright and written whole.

What enters: what knows a file format, a profile or a depth; nothing that knows a model.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""A model → a folder that a server or a plain script can use, with the proof inside; and its verification.

What enters: what a package holds beside its graph, and what replays it. The graph is built in `convert/servable/`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""mattekit: a checkpoint goes in, a deployable OpenVINO model comes out, with the evidence.

Importing this package is cheap; each name that `__init__.pyi` lists brings in what it needs when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

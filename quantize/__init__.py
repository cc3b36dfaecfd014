"""IR → INT8 IR with NNCF, calibrated on real samples, with accuracy control.

What enters: what decides which layers become 8-bit, and the recipes of the families. Measuring the result is
`bench/`'s.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

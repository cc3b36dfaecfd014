"""Data sets: samples with ground truth, from folders, from the layouts of the field, or made from a seed.

What enters: what finds, reads, checks or makes samples. What they are measured with is `bench/`'s.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

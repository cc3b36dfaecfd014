"""Accuracy, latency and parity, measured into records, and judged.

What enters: here, the statistics that several of its rooms share; in the rooms below, what runs a model to learn how
good or fast it is, and what judges the figures. What shows them is in `reports/`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

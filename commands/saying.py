"""Has moved to `views.console`."""

from __future__ import annotations

from .views.console import say

__all__ = ["say"]

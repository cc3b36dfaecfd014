"""How far some work is, told to whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress"]

Progress = Callable[[str, int, int | None], None]
"""Called as work goes on: with what is being done, how much of it is done, and how much there is.

Both amounts count the same: bytes of a download, frames, samples, images, rounds or steps. The third is None where
nobody knows it, and may change. What is being done may change too; where the amount then begins anew, so does the work.
"""

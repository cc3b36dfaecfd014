"""How much of an image's metadata is written: light, since the command line's options are made of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["KeptMetadata"]

KeptMetadata: TypeAlias = Literal["keep", "copyright", "none"]
"""All, who made the image and on which terms, or nothing."""

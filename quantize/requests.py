"""What a user asks of a quantization, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..core.record import Record
from .settings import QuantizeSettings, Step

__all__ = ["Compress", "Outcome", "Request"]


@dataclass(frozen=True)
class Request:
    """What to quantize, in the user's words.

    ir: an `.xml` file or its folder. out: parent of the model's folder. settings: of the quantization. data: calibrated
    on, as `open_dataset` takes it; the synthetic set where None. validation: measured on; where None, each fifth sample
    of `data` is kept back for that if it is needed. validation_samples: at most so many, spread evenly. tile: side of a
    super-resolution tile in pixels. worth: weigh size, accuracy and speed of FP32, FP16 and INT8 against each other
    afterwards, in so many `rounds`.
    """

    ir: Path
    out: Path
    settings: QuantizeSettings
    data: str | None = None
    validation: str | None = None
    validation_samples: int = 60
    tile: int = 256
    worth: bool = False
    rounds: int = 30


class Outcome(Protocol):
    """What came of it."""

    @property
    def text(self) -> str:
        """Return what is printed."""
        ...

    @property
    def weighed(self) -> Record | None:
        """Return what the verdict was weighed by; None where that was not asked."""
        ...

    @property
    def worth_it(self) -> bool | None:
        """Return whether INT8 is worth it on the device; None where that was not asked."""
        ...


Compress = Callable[[Request, Step], Outcome]
"""Quantizes with validation at hand; this room knows no metric, so the function comes from outside."""

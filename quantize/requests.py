"""What a user asks of a quantization."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .settings import QuantizeSettings

__all__ = ["QuantizeRequest"]


@dataclass(frozen=True)
class QuantizeRequest:
    """What to quantize, in the user's words.

    model: as `open_source` takes it. out: parent of the model's folder. settings: of the quantization. data: calibrated
    on, as `open_dataset` takes it; the synthetic set where None. validation: measured on; where None, each fifth sample
    of `data` is kept back for that if it is needed. validation_samples: at most so many, spread evenly. tile: side of a
    super-resolution tile in pixels. worth: compare size, accuracy and speed of FP32, FP16 and INT8 against each other
    afterwards, in so many `rounds`.
    """

    model: str | Path
    out: Path
    settings: QuantizeSettings
    data: str | None = None
    validation: str | None = None
    validation_samples: int = 60
    tile: int = 256
    worth: bool = False
    rounds: int = 30

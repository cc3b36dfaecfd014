"""What a quantization is asked to do, and how accurate its result must be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core import Arithmetic, InputError

__all__ = [
    "IDENTICAL",
    "Against",
    "MaxDrop",
    "Preset",
    "QuantizeSettings",
    "parse_max_drop",
    "read_scope",
]

Preset = Literal["mixed", "performance"]
"""`mixed`: asymmetric activations, symmetric weights. `performance`: both symmetric."""

IDENTICAL = 100.0
"""dB that stand for the infinite PSNR of identical images, so that a mean of them is a number."""

Against = Literal["truth", "source"]
"""What answers are compared with: the ground truth, or those of the model before quantization."""


@dataclass(frozen=True)
class MaxDrop:
    """How much worse the mean of a metric may become, in the metric's own unit; 0 or more."""

    metric: str
    limit: float


@dataclass(frozen=True)
class QuantizeSettings:
    """How to quantize.

    samples: for calibration, at most. preset: None for the recipe's. max_drop: None for no accuracy control. device: an
    OpenVINO device string, whose integers are aimed at. arithmetic: of what stays in floating point, when it is
    measured. ignored: names of layers that stay as they are, besides the
    recipe's. recipe: a TOML file, `none`, or None for the one of the model's family. patch: side of a calibration patch
    of a super-resolution network in pixels, None for the recipe's. against: what the metric compares with. name: of the
    variant that is made; its source's where empty.
    """

    samples: int = 300
    preset: Preset | None = None
    max_drop: MaxDrop | None = None
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    ignored: tuple[str, ...] = ()
    name: str = ""
    recipe: str | None = None
    patch: int | None = None
    against: Against = "truth"

    def __post_init__(self) -> None:
        """Refuse what makes no sense with an InputError."""
        if self.samples < 1:
            raise InputError(f"calibration on {self.samples} samples makes no sense; give --samples 1 or more")
        if self.patch is not None and self.patch < 16:
            raise InputError(f"calibration on patches of {self.patch} pixels makes no sense; give 16 or more")


def parse_max_drop(text: str | None) -> MaxDrop | None:
    """Read `METRIC=LIMIT`, such as `iou=0.01`; None stays None.

    Raises:
        InputError: it is something else, or the limit is not a number of 0 or more.
    """
    if text is None:
        return None
    metric, equals, limit = text.partition("=")
    try:
        value = float(limit)
    except ValueError:
        value = -1.0
    if not metric.strip() or not equals or not 0 <= value < math.inf:
        raise InputError(f"--max-drop {text}: give a metric and a limit of 0 or more, such as iou=0.01 or psnr_y=0.1")
    return MaxDrop(metric.strip(), value)


def read_scope(path: Path) -> tuple[str, ...]:
    """Read a file of layers that stay unquantized: one name a line; empty lines and what follows a `#` do not count.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as a list of layers; give a text file with one name a line"
        ) from error
    names = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(dict.fromkeys(name for name in names if name))

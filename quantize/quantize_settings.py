"""All options of a quantization; the command line's help is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core import Arithmetic, ContractSettings, InputError, option

__all__ = ["IDENTICAL", "Against", "MaxDrop", "Preset", "QuantizeSettings", "parse_max_drop", "read_scope"]

Preset = Literal["mixed", "performance"]
"""`mixed`: asymmetric activations, symmetric weights. `performance`: both symmetric."""

IDENTICAL = 100.0
"""dB that stand for the infinite PSNR of identical images, so that a mean of them is a number."""

Against = Literal["truth", "source"]
"""What answers are compared with: the ground truth, or those of the model before quantization."""


@dataclass(frozen=True)
class MaxDrop:
    """How much worse the mean of a metric may become.

    Attributes:
        metric: its name.
        limit: in the metric's own unit; 0 or more.
    """

    metric: str
    limit: float

    def __str__(self) -> str:
        """Return what a user types."""
        return f"{self.metric}={self.limit:g}"


def parse_max_drop(text: str) -> MaxDrop:
    """Read `METRIC=LIMIT`, such as `iou=0.01`.

    Raises:
        InputError: it is something else, or the limit is not a number of 0 or more.
    """
    metric, equals, limit = text.partition("=")
    try:
        value = float(limit)
    except ValueError:
        value = -1.0
    if not metric.strip() or not equals or not 0 <= value < math.inf:
        raise InputError(f"--max-drop {text}: give a metric and a limit of 0 or more, such as iou=0.01 or psnr_y=0.1")
    return MaxDrop(metric.strip(), value)


def read_scope(path: str | Path) -> tuple[str, ...]:
    """Read a file of layers that stay unquantized: one name a line; empty lines and what follows a `#` do not count.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as a list of layers; give a text file with one name a line"
        ) from error
    names = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(dict.fromkeys(name for name in names if name))


def _name(text: str) -> str:
    from ..core import parse_name

    return parse_name(text)


@dataclass(frozen=True, kw_only=True)
class QuantizeSettings(ContractSettings):
    """How to quantize, how accurate the result must be, and what is measured of it.

    Data sets count by their content, and a recipe by what it says: where they lie is no part of the identity.

    Attributes:
        data: samples to calibrate on: a folder, LAYOUT:FOLDER, images=…,masks=…; the synthetic set unless given.
        limit: at most so many samples to calibrate on, spread evenly.
        validation: samples to measure on; each fifth of the data is kept back for it, if it is needed, unless given.
        validation_limit: at most so many samples to measure on, spread evenly.
        preset: what quantizers do with activations; the recipe's unless given.
        max_drop: accuracy control: METRIC=LIMIT, such as iou=0.01 or psnr_y=0.1.
        against: what answers are compared with: the truth, or those of the model before quantization (source).
        device: OpenVINO device whose integers are aimed at: CPU, GPU.0, NPU, …
        arithmetic: what the network computes in; device: what the device does unless told.
        ignore_scope: file of layers that stay as they are, besides the recipe's, one name a line.
        recipe: TOML file, or none; that of the model's family unless given.
        patch: side of a calibration patch of a super-resolution network in pixels; the recipe's unless given.
        tile: side of a super-resolution tile in pixels when measuring; 0 never cuts.
        verdict: benchmark FP32, FP16 and INT8 beside each other on the device.
        rounds: rounds of the verdict in which the models take turns.
        name: name of the variant that tells it from others of its model, such as fine-tunes; its source's unless given.
    """

    data: str | Path | None = option(None, identity=False)
    limit: int = option(300, least=1)
    validation: str | Path | None = option(None, identity=False)
    validation_limit: int = option(60, least=1)
    preset: Preset | None = None
    max_drop: MaxDrop | None = option(None, parse=parse_max_drop)
    against: Against = "truth"
    device: str = "CPU"
    arithmetic: Arithmetic = "f32"
    ignore_scope: tuple[str, ...] | None = option(None, parse=read_scope)
    recipe: str | Path | None = option(None, identity=False)
    patch: int | None = option(None, least=16)
    tile: int = option(256, least=0)
    verdict: bool = option(False, identity=False)
    rounds: int = option(30, least=5, identity=False)
    name: str | None = option(None, parse=_name)

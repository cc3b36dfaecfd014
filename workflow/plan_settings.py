"""All options of a plan; the command line's help is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..bench import BenchmarkSettings
from ..core import Arithmetic, ContractSettings, InputError, Precision, option
from ..quantize import MaxDrop, parse_max_drop
from .deployment_settings import listed

__all__ = ["PlanSettings", "Preference"]

Preference = Literal["latency", "throughput", "size"]
"""What the pick is best in."""


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise InputError(f"--layers {text}: give numbers with commas between, such as 0,1,2,4") from error


@dataclass(frozen=True, kw_only=True)
class PlanSettings(ContractSettings):
    """Which variants of a model are looked through, and what the one to deploy must keep.

    Attributes:
        data: samples with their truth: a folder, LAYOUT:FOLDER, images=…,masks=…; a part calibrates and a part is
            searched on, and what is claimed is measured on the rest.
        calibration: samples that INT8 is calibrated on, as for --data; a third of the data unless given.
        calibration_limit: at most so many samples to calibrate on, spread evenly.
        limit: at most so many samples of the data, spread evenly.
        device: OpenVINO device to plan for.
        max_drop: the accuracy that may be lost, METRIC=LIMIT: its drop's upper bound at 95%; iou=0.01 or psnr_y=0.3
            unless given.
        budget_ms: milliseconds that the median query may take.
        max_mb: megabytes (1,000,000 bytes) that the model's files may have.
        prefer: what the pick is best in.
        precision: how weights are stored, of fp32,fp16,int8.
        arithmetic: what is computed in, with commas between; all that the device has unless given.
        layers: how many of the noisiest layers of an INT8 network stay in floating point, with commas between.
        size: input sizes, N or HEIGHTxWIDTH with commas between; the model's own unless given.
        minutes: time for the search; the measurement that the claims rest on comes after it.
        seconds: time for each finalist, in all rounds together.
        rounds: how often the finalists take turns: the more, the smaller a difference that is told from noise.
        threads: processor threads on the CPU; all cores unless given.
        offline: never download.
    """

    data: str | Path | None = None
    calibration: str | Path | None = None
    calibration_limit: int = option(60, least=1)
    limit: int | None = option(None, least=1)
    device: str = "CPU"
    max_drop: MaxDrop | None = option(None, parse=parse_max_drop)
    budget_ms: float | None = option(None, least=0.001)
    max_mb: float | None = option(None, least=0.001)
    prefer: Preference = "latency"
    precision: tuple[Precision, ...] = option(("fp32", "fp16", "int8"), parse=listed)
    arithmetic: tuple[Arithmetic, ...] | None = option(None, parse=listed)
    layers: tuple[int, ...] = option((0, 1, 2, 4), parse=_numbers)
    size: str | None = None
    minutes: float | None = option(None, least=0.01)
    seconds: float = option(10.0, least=0.001)
    rounds: int = option(100, least=12)
    threads: int | None = option(None, least=1)
    offline: bool = option(False, identity=False)

    def __post_init__(self) -> None:
        """Check what the benchmark would, before anything is made for it."""
        super().__post_init__()
        if any(count < 0 for count in self.layers) or not self.layers:
            raise InputError("--layers: give numbers of 0 or more, with commas between, such as 0,1,2,4")
        self.benchmark(("f32",))

    def benchmark(self, arithmetic: tuple[Arithmetic, ...]) -> BenchmarkSettings:
        """Return how the finalists are measured.

        Raises:
            InputError: an option makes no sense.
        """
        names = ("precision", "size", "seconds", "threads", "rounds")
        given: dict[str, Any] = {name: getattr(self, name) for name in names}
        return BenchmarkSettings(
            **given,
            device=(self.device,),
            arithmetic=arithmetic,
            contract=self.contract,
            progress=self.progress,
        )

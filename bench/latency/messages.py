"""What the coordinator tells a worker, and what a worker answers: one line of JSON each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ...core import LayerTime
from .executed import Executed

__all__ = [
    "COMMANDS",
    "Answer",
    "BurstCommand",
    "BurstTimes",
    "Close",
    "Closed",
    "Command",
    "InspectCommand",
    "Inspected",
    "Open",
    "Opened",
    "Refused",
    "StageTimes",
    "StagesCommand",
]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Open(_Message):
    """Compile, run once, warm up, and tell what is executed."""

    do: Literal["open"] = "open"
    warm_up: int


class BurstCommand(_Message):
    """Run a burst of a scenario; fields as of `run_burst`. The first call warms the caches up and is not measured."""

    do: Literal["burst"] = "burst"
    scenario: str
    iterations: int | None
    seconds: float | None
    seed: int


class StagesCommand(_Message):
    """Bring images from file to encoded result, one after another, and time each stage."""

    do: Literal["stages"] = "stages"
    images: list[Path]


class InspectCommand(_Message):
    """Of OpenVINO, in a process that measures nothing else: the time of each layer, and a compilation from a cache."""

    do: Literal["inspect"] = "inspect"
    cache: Path
    iterations: int


class Close(_Message):
    """Tell how much memory was used, and end."""

    do: Literal["close"] = "close"


Command = Annotated[Open | BurstCommand | StagesCommand | InspectCommand | Close, Field(discriminator="do")]
COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


class Answer(_Message):
    """Base of what a worker answers."""


class Opened(Answer):
    """Milliseconds of the compilation and of the first inference behind it, and what is executed."""

    compile_ms: float
    first_ms: float
    executed: Executed


class BurstTimes(Answer):
    """Milliseconds of each query and in all; others: the share of the processors that other processes took meanwhile.

    idle_cpu_s: processor seconds that this worker used since its last burst, while it should have slept.
    """

    latencies_ms: list[float]
    wall_ms: float
    others: float | None
    idle_cpu_s: float


class StageTimes(Answer):
    """Milliseconds of each stage, by stage and image."""

    stages: dict[str, list[float]]


class Inspected(Answer):
    """Milliseconds of a compilation from a filled cache, None where the device kept none; the layers in order."""

    cached_compile_ms: float | None
    layers: list[LayerTime]


class Closed(Answer):
    """The process's peak memory, and what it took before the model was opened, in bytes; None where nobody tells."""

    peak_bytes: int | None
    base_bytes: int | None


class Refused(Answer):
    """What went wrong, as a sentence; unavailable: the device does not compute in the arithmetic that was asked for."""

    error: str
    unavailable: bool = False

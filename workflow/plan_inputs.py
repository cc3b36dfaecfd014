"""What a plan starts from: what the device computes in, and samples for three purposes."""

from __future__ import annotations

from dataclasses import replace

from ..bench import MIN_SAMPLES
from ..core import Arithmetic, InputError, Task
from ..datasets import Dataset, open_dataset
from ..infer import describe_devices
from .plan_settings import PlanSettings

__all__ = ["arithmetics_of", "split_samples"]

_CAPABILITIES: dict[str, Arithmetic] = {"FP32": "f32", "BF16": "bf16", "FP16": "f16"}


def arithmetics_of(device: str) -> tuple[Arithmetic, ...]:
    """Return what a device computes in, by what its plugin tells."""
    wanted = device.partition(":")[0]
    found = next((each for each in describe_devices() if each.name in (wanted, f"{wanted}.0")), None)
    told = found.capabilities if found else ()
    return tuple(dict.fromkeys(("f32", *(_CAPABILITIES[each] for each in told if each in _CAPABILITIES))))


def split_samples(settings: PlanSettings, scale: int, task: Task) -> tuple[Dataset | None, Dataset, Dataset]:
    """Return the samples to calibrate on, to search on, and to show on; none is in two of them."""
    data = open_dataset(str(settings.data), scale=scale, task=task)
    data = data.take(settings.limit) if settings.limit else data
    calibration: Dataset | None = None
    wants = "int8" in settings.precision
    if wants and settings.calibration is not None:
        calibration = open_dataset(settings.calibration, scale=scale, task=task)
    # Taking turns, so that each part has a bit of all: of six samples two calibrate, one is searched on, three show.
    turns = {"calibrate": (0, 3), "search": (1,), "show": (2, 4, 5)}
    if not wants or calibration is not None:
        turns = {"search": (0, 3), "show": (1, 2, 4, 5)}
    parts = {
        name: replace(data, entries=tuple(each for place, each in enumerate(data.entries) if place % 6 in places))
        for name, places in turns.items()
    }
    shown = parts["show"]
    if len(shown) < MIN_SAMPLES:
        share = len(turns["show"])
        raise InputError(
            f"the data set {data.name} has {len(data)} samples, of which {len(shown)} are left to show what is claimed "
            f"on; give at least {-(-MIN_SAMPLES * 6 // share)}"
        )
    return parts.get("calibrate", calibration), parts["search"], shown

"""How fast models are on this machine, as far as somebody measured it: read from the records that the cache keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...convert import cache_dir
from ...core import MODEL, BenchRecord, InputError, Machine, Measurement, read_record
from ...infer import this_processor

__all__ = ["KEPT", "MeasuredSpeed", "measured_speeds"]

KEPT = "records"
"""Below the cache: where a record is kept for which nobody named a file."""

_NEWEST = 100
"""Of how many records: a list of models must not take longer with each benchmark."""


@dataclass(frozen=True)
class MeasuredSpeed:
    """The fastest that a model was measured to be on this machine.

    Attributes:
        megapixels: of the network's input that it computes in a second.
        images: of that size in a second.
        size: of the input, as `HEIGHTxWIDTH`.
        precision: of the stored weights.
        arithmetic: of floating-point numbers.
        runtime: that executed it.
        device: on which.
        measured: when.
    """

    megapixels: float
    images: float
    size: str
    precision: str
    arithmetic: str
    runtime: str
    device: str
    measured: datetime


def measured_speeds() -> dict[str, MeasuredSpeed]:
    """Return by its id how fast each model was on this machine, in the benchmarks that the cache keeps.

    Of several measurements the fastest counts. Records of other processors, and those that can't be read, count for
    nothing.
    """
    folder = cache_dir() / KEPT
    files = sorted(folder.glob("bench-*.json"), reverse=True)[:_NEWEST]
    if not files:
        return {}
    here, fastest = _processor(this_processor()), dict[str, MeasuredSpeed]()
    for record in _readable(files):
        if _processor(record.machine) != here or record.scenario != "single-stream":
            continue
        for figure in record.of_metric("latency_p50"):
            speed = _speed(figure, record.created)
            if speed is None:
                continue
            name = figure.variants[0].id
            if name not in fastest or fastest[name].megapixels < speed.megapixels:
                fastest[name] = speed
    return fastest


def _processor(machine: Machine) -> tuple[object, ...]:
    """Return what a machine is known by: asking for its accelerators would take longer than the list itself."""
    return machine.cpu, machine.cpu_features, machine.cores


def _readable(files: list[Path]) -> Iterator[BenchRecord]:
    for file in files:
        try:
            yield read_record(file, BenchRecord)
        except InputError:
            continue


def _speed(figure: Measurement, created: datetime) -> MeasuredSpeed | None:
    if figure.stage != MODEL or not figure.value or len(figure.variants) != 1 or len(figure.executions) != 1:
        return None
    run = figure.executions[0]
    if run.size is None:
        return None
    images = (run.batch or 1) * 1000 / figure.value
    height, width = run.size
    return MeasuredSpeed(
        megapixels=images * height * width / 1e6,
        images=images,
        size=run.size_text,
        precision=figure.precision,
        arithmetic=figure.arithmetic,
        runtime=run.runtime,
        device=run.device,
        measured=created,
    )

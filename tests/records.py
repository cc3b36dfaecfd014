"""Records built by hand, small and whole, for what reads records: reports, gates, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from typing import Any

from mattekit.core import (
    MODEL,
    BenchRecord,
    CandidateResult,
    Data,
    Execution,
    Machine,
    Measurement,
    RunRecord,
    SampleTable,
    Series,
    Unit,
    ValidateRecord,
    VariantRef,
)
from mattekit.metrics import METRICS

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first record was measured; others are so many days later."""


def machine(cpu: str = "a processor", **more: Any) -> Machine:
    """A machine of four cores."""
    return Machine.model_validate({"cpu": cpu, "cores": 4, "system": "Linux 6 x86_64", "python": "3.12.0"} | more)


def variant(model: str = "m", precision: str = "fp32", *, weights: str = "", **more: Any) -> VariantRef:
    """An IR of a model, whose one file is told apart by model, precision and weights."""
    digest = f"{model} {precision} {weights}".encode().hex()[:64].ljust(64, "0")
    given = {"id": model, "format": "openvino", "precision": precision, "weights_sha256": weights}
    return VariantRef.model_validate({**given, "sha256": {"model.xml": digest}} | more)


def execution(device: str = "CPU", *, runtime: str = "openvino", arithmetic: str = "f32", **more: Any) -> Execution:
    """How a device executes; `device` is what was asked for."""
    given = {"runtime": runtime, "device": device, "devices": (device,), "arithmetic": arithmetic}
    return Execution.model_validate(given | more)


def data(name: str = "photos", *, sha256: str = "d", **more: Any) -> Data:
    """Samples with a truth."""
    return Data.model_validate({"name": name, "sha256": sha256} | more)


def measurement(metric: str, value: float | None, unit: str = "", **more: Any) -> Measurement:
    """A figure of `more`: variants, executions, data, stage, …"""
    return Measurement(metric=metric, value=value, unit=Unit(unit), **more)


def validate_record(
    values: Sequence[float] | Mapping[str, Sequence[float]],
    *,
    of: VariantRef | None = None,
    ran: Execution | None = None,
    on: Data | None = None,
    tags: Mapping[str, Sequence[str | None]] | None = None,
    day: int = 0,
    at: Machine | None = None,
    **more: Any,
) -> ValidateRecord:
    """A validation.

    Args:
        values: of each sample, by metric; of `iou` where there is but one.
        of: what was measured.
        ran: how.
        on: the samples; they are called `photo 0` and so on.
        tags: of each sample, by name; each value is a slice.
        day: when, counted from `START`.
        at: the machine.
        more: fields of the record.
    """
    columns = values if isinstance(values, Mapping) else {"iou": values}
    count = len(next(iter(columns.values())))
    samples = on or data()
    table = SampleTable(
        ids=tuple(f"photo {place}" for place in range(count)),
        tags={name: tuple(texts) for name, texts in (tags or {}).items()},
        values={name: tuple(column) for name, column in columns.items()},
    )
    slices = ["all", *(f"{name}={text}" for name, texts in table.tags.items() for text in dict.fromkeys(texts) if text)]
    figures = [
        measurement(
            name,
            fmean(found.values()),
            METRICS[name].unit,
            higher_is_better=METRICS[name].higher_is_better,
            variants=(of or variant(),),
            executions=(ran or execution(),),
            data=samples.model_copy(update={"slice": part, "count": len(found)}),
        )
        for part in slices
        for name in columns
        if (found := table.of(name, part))
    ]
    given: dict[str, Any] = {
        "created": START + timedelta(days=day),
        "machine": at or machine(),
        "task": "super_resolution" if METRICS[next(iter(columns))].takes == "images" else "segmentation",
        "data": samples.model_copy(update={"count": count}),
        "table": table,
        "measurements": tuple(figures),
    }
    return ValidateRecord(**given | more)


def bench_record(
    times: Mapping[str, Sequence[float]],
    *,
    model: str = "m",
    weights: str = "",
    ran: Execution | None = None,
    scenario: str = "single-stream",
    extra: Sequence[Measurement] = (),
    day: int = 0,
    at: Machine | None = None,
    **more: Any,
) -> BenchRecord:
    """A benchmark of the network alone; a candidate is called `MODEL PRECISION`.

    Args:
        times: milliseconds of each query by precision, the baseline's first.
        model: id.
        weights: hash of the checkpoint.
        ran: how each of them ran.
        scenario: as MLPerf names it.
        extra: further measurements.
        day: when, counted from `START`.
        at: the machine.
        more: fields of the record, which may replace others.
    """
    how = ran or execution(size=(320, 320), batch=1, hint="latency", streams=1, threads=4)
    figures = [
        measurement(
            "latency_p50",
            median(values),
            "ms",
            higher_is_better=False,
            variants=(variant(model, precision, weights=weights),),
            executions=(how,),
            candidate=f"{model} {precision}",
            stage=MODEL,
            scenario=scenario,
        )
        for precision, values in times.items()
    ]
    candidates = {
        f"{model} {precision}": CandidateResult(
            task="segmentation", execution=how, times={MODEL: Series(values=tuple(values), rounds=(0,) * len(values))}
        )
        for precision, values in times.items()
    }
    given: dict[str, Any] = {
        "created": START + timedelta(days=day),
        "machine": at or machine(),
        "scenario": scenario,
        "rounds": 1,
        "iterations": max(map(len, times.values())),
        "threads": how.threads,
        "baseline": next(iter(candidates)),
        "candidates": candidates,
        "measurements": (*figures, *extra),
    }
    return BenchRecord(**given | more)


def run_record(
    values: Mapping[str, Sequence[float]],
    *,
    of: VariantRef | None = None,
    ran: Execution | None = None,
    on: Data | None = None,
    day: int = 0,
    at: Machine | None = None,
    **more: Any,
) -> RunRecord:
    """A run over images.

    Args:
        values: seconds of each image by stage.
        of: the only model.
        ran: how it ran.
        on: the images, where it counts which they were.
        day: when, counted from `START`.
        at: the machine.
        more: fields of the record.
    """
    common: dict[str, Any] = {"variants": (of or variant(),), "executions": (ran or execution(),), "data": on}
    count = max(map(len, values.values()), default=0)
    figures = [measurement("images", count, **common)]
    if count:
        rate = count / sum(map(sum, values.values()))
        figures.append(measurement("throughput", rate, "images/s", higher_is_better=True, **common))
    figures += [
        measurement(
            "latency", median(times) * 1000, "ms", higher_is_better=False, stage=stage, statistic="p50", **common
        )
        for stage, times in values.items()
    ]
    given: dict[str, Any] = {
        "created": START + timedelta(days=day),
        "machine": at or machine(),
        "inputs": tuple(f"{place}.jpg" for place in range(count)),
        "seconds": {stage: tuple(times) for stage, times in values.items()},
        "measurements": tuple(figures),
    }
    return RunRecord(**given | more)

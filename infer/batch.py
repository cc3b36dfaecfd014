"""The pipeline over many files: one bad file stops nothing, and is not forgotten."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pydantic import JsonValue

from ..core.errors import InputError, PartialFailureError
from ..core.record import Figure, Record
from .collect import collect_inputs, output_names
from .images.read import read_picture
from .images.write import format_of, write_mask, write_picture
from .pipeline import STAGES, Pipeline, Result, Stage

__all__ = ["Batch", "Outcome", "OutputSettings", "exit_code_of", "plan_batch", "record_of", "run_batch"]


@dataclass(frozen=True)
class OutputSettings:
    """How results are written.

    extension: decides the format, `.png` or another one that can be written. only_mask: write the greyscale mask, not
    the picture. suffix: added to each name. quality: 1-100 for lossy formats.
    """

    extension: str = ".png"
    only_mask: bool = False
    suffix: str = ""
    quality: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one input: where its result is, or why there is none."""

    source: Path
    target: Path | None = None
    error: InputError | None = None
    seconds: dict[Stage, float] = field(default_factory=dict)
    pixels: int = 0
    confidence: float | None = None
    foreground: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """What is read, and where each result goes."""

    inputs: tuple[Path, ...]
    targets: tuple[Path, ...]
    settings: OutputSettings


def plan_batch(inputs: Sequence[str | Path], out_dir: Path, settings: OutputSettings) -> Batch:
    """Find the inputs, name the results after them and make sure that they can be written: before a model is opened.

    Raises:
        InputError: there is nothing to read, the format is unknown, a result would overwrite an input, or `out_dir`
            cannot be written to.
    """
    format_of(Path(f"picture{settings.extension}"))
    files = collect_inputs(inputs)
    targets = output_names(files, out_dir, suffix=settings.suffix, extension=settings.extension)
    existing = next(folder for folder in (out_dir, *out_dir.absolute().parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{out_dir}: results cannot be written there; choose another folder")
    return Batch(tuple(files), tuple(targets), settings)


def run_batch(batch: Batch, pipeline: Pipeline) -> Iterator[Outcome]:
    """Run each input through the pipeline and write its result.

    Yields one outcome per input, in order; an input that cannot be read or processed is an outcome with its error.

    Raises:
        DeviceError: the device failed.
    """
    for source, target in zip(batch.inputs, batch.targets, strict=True):
        try:
            yield _run_file(source, target, pipeline, batch.settings)
        except InputError as error:
            yield Outcome(source, error=error)


def record_of(outcomes: Sequence[Outcome], pipeline: Pipeline, settings: dict[str, JsonValue]) -> Record:
    """Put what a run measured into a record: the models, each stage's median in ms, and every picture's raw times."""
    done = [outcome for outcome in outcomes if outcome.error is None]
    samples: dict[str, list[JsonValue]] = {
        "input": [str(outcome.source) for outcome in done],
        "pixels": [outcome.pixels for outcome in done],
        "confidence": [outcome.confidence for outcome in done],
    }
    figures = [
        Figure(name="pictures", value=len(done)),
        Figure(name="failed", value=len(outcomes) - len(done), higher_is_better=False),
    ]
    for stage in STAGES:
        times: list[JsonValue] = [outcome.seconds[stage] for outcome in done if stage in outcome.seconds]
        if times:
            samples[f"{stage}_s"] = times
            figures.append(
                Figure(
                    name="latency",
                    value=median(outcome.seconds[stage] for outcome in done) * 1000,
                    unit="ms",
                    higher_is_better=False,
                    labels={"stage": stage, "statistic": "median"},
                )
            )
    failures: list[JsonValue] = [{"input": str(o.source), "error": str(o.error)} for o in outcomes if o.error]
    return Record(
        kind="run",
        artifacts=tuple(model.ref() for model in pipeline.models),
        settings={**settings, **pipeline.describe(), "failures": failures},
        figures=tuple(figures),
        samples=samples,
    )


def exit_code_of(outcomes: Sequence[Outcome]) -> int:
    """Return 0 where every input is done, 5 where some failed, and the first error's own code where none is."""
    failed = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not failed:
        return 0
    return PartialFailureError.exit_code if len(failed) < len(outcomes) else failed[0].exit_code


def _run_file(source: Path, target: Path, pipeline: Pipeline, settings: OutputSettings) -> Outcome:
    started = time.perf_counter()
    picture = read_picture(source)
    decoded = time.perf_counter()
    result = pipeline.run(picture)
    processed = time.perf_counter()
    _write(result, target, settings)
    seconds: dict[Stage, float] = {
        "decode": decoded - started,
        **result.seconds,
        "encode": time.perf_counter() - processed,
    }
    return Outcome(
        source,
        target,
        seconds=seconds,
        pixels=picture.width * picture.height,
        confidence=result.matte.confidence if result.matte else None,
        foreground=result.matte.foreground if result.matte else None,
        notes=result.picture.notes,
    )


def _write(result: Result, target: Path, settings: OutputSettings) -> None:
    if not settings.only_mask:
        write_picture(result.picture, target, quality=settings.quality)
    elif result.matte is None:
        raise InputError("a mask was asked for, but nothing was removed; use it with a segmentation model")
    else:
        write_mask(result.matte.alpha, target)

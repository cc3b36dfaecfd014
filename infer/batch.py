"""The pipeline over many files, overlapped: one bad file stops nothing, and is not forgotten."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError
from ..core.files import sha256_of
from ..images.extensions import format_of
from ..images.picture import Picture
from ..images.read import read_picture
from ..images.write import encode_mask, encode_picture, save
from .engine.budget import Budget, Ticket
from .engine.manifest import Manifest
from .engine.overlap import Stages, in_series, overlapped
from .outcome import Outcome
from .pipeline import Pipeline, Result, Stage
from .plan import Batch, OutputSettings, plan_batch

__all__ = [
    "MEMORY",
    "Batch",
    "OutputSettings",
    "bytes_per_pixel",
    "encoded",
    "plan_batch",
    "run_batch",
    "workers_for",
]

MEMORY = 512 << 20
"""Bytes of pictures that are under way at a time, by default; a larger picture is processed alone."""


def workers_for(batch: Batch, pipeline: Pipeline, jobs: int | None = None) -> dict[Stage, int]:
    """Return how many pictures each stage of a run holds at a time.

    Args:
        batch: what is run; a single picture goes through the stages one after another.
        pipeline: whose models say how many inferences their device works on at a time.
        jobs: how many pictures are encoded at a time, and half as many decoded; as many as there are processors where
            None. With 1 each picture is finished before the next is begun.
    """
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1 or len(batch.inputs) == 1:
        return dict.fromkeys(("decode", "remove", "upscale", "superimpose", "infer", "encode"), 1)
    requests = max((model.runtime.info.requests for model in pipeline.models), default=1)
    # One more than the device takes, so that the next tensor is ready when a request is.
    held = requests + 1 if pipeline.models else jobs
    return {
        "decode": -(-jobs // 2),
        "remove": held,
        "upscale": held,
        "superimpose": held,
        "infer": requests,
        "encode": jobs,
    }


def run_batch(
    batch: Batch,
    pipeline: Pipeline,
    *,
    jobs: int | None = None,
    memory: int = MEMORY,
    manifest: Manifest | None = None,
) -> Generator[Outcome]:
    """Run each input through the pipeline and write its result; the results don't depend on `jobs` or `memory`.

    Args:
        batch: as `plan_batch` gives it.
        pipeline: what is done.
        jobs: see `workers_for`.
        memory: bytes of pictures that are under way at a time.
        manifest: tells what an earlier run has done, which is skipped, and gets what this one does.

    Yields:
        One outcome per input, in order; an input that cannot be read or processed is an outcome with its error.

    Raises:
        DeviceError: the device failed.
    """
    workers = workers_for(batch, pipeline, jobs)
    work = _Work(pipeline, batch.settings, Budget(memory), manifest)
    stages = Stages(work.read, work.process, work.write, workers["decode"], workers["remove"], workers["encode"])
    files = [_File(source, target) for source, target in zip(batch.inputs, batch.targets, strict=True)]
    overlap = max(workers.values()) > 1
    with closing(overlapped(files, stages, work.budget.close) if overlap else in_series(files, stages)) as results:
        for file, result in results:
            try:
                outcome = result()
            except InputError as error:
                outcome = Outcome(file.source, error=_bare(error))
            _note(manifest, file, outcome)
            yield outcome
    if manifest is not None:
        manifest.close()


@dataclass
class _File:
    """One input on its way. The hashes are filled in only where there is a manifest."""

    source: Path
    target: Path
    began: float = 0.0
    input_sha256: str = ""
    output_sha256: str = ""


@dataclass(frozen=True)
class _Read:
    file: _File
    ticket: Ticket
    picture: Picture | None
    seconds: float = 0.0


@dataclass(frozen=True)
class _Processed:
    file: _File
    ticket: Ticket
    result: Result | None
    pixels: int = 0
    decode_s: float = 0.0


@dataclass(frozen=True)
class _Work:
    """The stages of one run."""

    pipeline: Pipeline
    settings: OutputSettings
    budget: Budget
    manifest: Manifest | None

    def read(self, file: _File) -> _Read:
        """Decode a file as soon as there is room for its pixels; no picture where its result is there already."""
        file.began = time.perf_counter()
        if self.manifest is not None and file.source.is_file():
            file.input_sha256 = sha256_of(file.source)
            if self.manifest.is_done(file.target, file.input_sha256):
                return _Read(file, self.budget.ticket(), None)

        def admit(width: int, height: int) -> None:
            ticket.take(width * height * bytes_per_pixel(self.pipeline))

        with ExitStack() as on_error:
            ticket = self.budget.ticket()
            on_error.callback(ticket.release)
            started = time.perf_counter()
            picture = read_picture(file.source, admit=admit)
            seconds = time.perf_counter() - started - ticket.waited
            on_error.pop_all()
        return _Read(file, ticket, picture, seconds)

    def process(self, read: _Read) -> _Processed:
        """Run the pipeline on a picture."""
        picture = read.picture
        if picture is None:
            return _Processed(read.file, read.ticket, None)
        with ExitStack() as on_error:
            on_error.callback(read.ticket.release)
            result = self.pipeline.run(picture)
            on_error.pop_all()
        return _Processed(read.file, read.ticket, result, picture.width * picture.height, read.seconds)

    def write(self, processed: _Processed) -> Outcome:
        """Encode a result and put it under its name."""
        file, result = processed.file, processed.result
        if result is None:
            return Outcome(file.source, file.target, skipped=True)
        with ExitStack() as always:
            always.callback(processed.ticket.release)
            started = time.perf_counter()
            data = encoded(result, self.settings)
            if self.manifest is not None:
                file.output_sha256 = hashlib.sha256(data).hexdigest()
            save(file.target, data)
            ended = time.perf_counter()
        matte = result.matte
        return Outcome(
            file.source,
            file.target,
            seconds={"decode": processed.decode_s, **result.seconds, "encode": ended - started},
            pixels=processed.pixels,
            confidence=matte.confidence if matte else None,
            foreground=matte.foreground if matte else None,
            notes=result.picture.notes,
            began=file.began,
            ended=ended,
        )


def encoded(result: Result, settings: OutputSettings) -> bytes:
    """Return the bytes of a result's file.

    Raises:
        InputError: it cannot be written in that format, or a mask was asked for where nothing was removed.
    """
    kind = format_of(Path(f"picture{settings.extension}"))
    if not settings.only_mask:
        return encode_picture(result.picture, kind, quality=settings.quality)
    if result.matte is None:
        raise InputError("a mask was asked for, but nothing was removed; use it with a segmentation model")
    return encode_mask(result.matte.alpha, kind)


def bytes_per_pixel(pipeline: Pipeline) -> int:
    """Return about what one pixel of a photo takes: its colours, mask, a copy for the network, and the result."""
    scale = 0 if pipeline.upscaler is None else pipeline.upscaler.scale
    return 10 + 10 * scale * scale


def _note(manifest: Manifest | None, file: _File, outcome: Outcome) -> None:
    if manifest is None or outcome.skipped:
        return
    if outcome.error is None:
        manifest.add_done(file.source, file.target, file.input_sha256, file.output_sha256)
    else:
        manifest.add_failed(file.source, file.target, file.input_sha256, str(outcome.error))


def _bare(error: InputError) -> InputError:
    """Return the error without its traceback, whose frames would keep the picture in memory until the run ends."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)

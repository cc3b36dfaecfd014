"""One image's way, for every engine: read, through the pipeline, encoded and written, with its times and its error."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import cv2

from ..core import ImageError, InputError
from ..images import Image, encode_image, encode_mask, format_of, read_image
from .location import STANDARD, Location
from .overlap import Budget, Ticket
from .pipeline import Pipeline, PipelineResult, PipelineStage
from .pipeline_settings import RunSettings
from .stores import open_store

__all__ = ["MEMORY", "ImageJob", "ImageWork", "failure_of", "settle"]

MEMORY = 512 << 20
"""Bytes of images that are under way at a time, by default; a larger image is processed alone."""

_UNFORESEEN = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError, cv2.error)
"""What an image that nobody foresaw may raise: one of a million must not end the others."""


@dataclass
class ImageJob:
    """One image on its way.

    Attributes:
        source: where it lies.
        target: where its result goes.
        is_done: tells whether the result is there already; asked before the image is read, when it has no hash, and
            again when it has one.
        input_tag: what its store says of its state.
        output_tag: what the result's store says.
        input_sha256: of its content, where the work takes hashes.
        output_sha256: of the result's, likewise.
        skipped: the result was there.
        seconds: by stage, without waiting for memory.
        read_s: of its store.
        write_s: of the result's store.
        pixels: of the image.
        confidence: of its matte.
        foreground: of its matte.
        notes: what its owner should know.
        began: when it began, on `time.perf_counter`.
        ended: when it ended, likewise.
        error: why there is no result.
        ticket: of the memory that its pixels are counted by.
        image: as it was read, until it is processed.
        result: until it is written.
    """

    source: Location
    target: Location
    is_done: Callable[[ImageJob], bool] = lambda _: False
    input_tag: str = ""
    output_tag: str = ""
    input_sha256: str = ""
    output_sha256: str = ""
    skipped: bool = False
    seconds: dict[PipelineStage, float] = field(default_factory=dict[PipelineStage, float])
    read_s: float | None = None
    write_s: float | None = None
    pixels: int | None = None
    confidence: float | None = None
    foreground: bool | None = None
    notes: tuple[str, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    error: InputError | None = None
    ticket: Ticket | None = None
    image: Image | None = None
    result: PipelineResult | None = None

    def release(self) -> None:
        """Let go of the pixels, and of the memory that they were counted by."""
        self.image = self.result = None
        if self.ticket is not None:
            self.ticket.release()


@dataclass(frozen=True)
class ImageWork:
    """The stages of a run over images: `read`, `process` and `write`, each in whatever thread.

    Attributes:
        pipeline: what is done.
        settings: how results are written.
        budget: of the pixels under way.
        max_pixels: of an image, as for `read_image`.
        hashes: whether contents are hashed.
    """

    pipeline: Pipeline
    settings: RunSettings
    budget: Budget
    max_pixels: int | None = None
    hashes: bool = False

    def read(self, job: ImageJob) -> ImageJob:
        """Read an image, and decode it as soon as there is room for its pixels; not where its result is there already.

        Raises:
            ImageError: it can't be read.
        """
        job.began = time.perf_counter()
        job.skipped = job.is_done(job)
        if job.skipped:
            return job
        started = time.perf_counter()
        data, job.input_tag = open_store(job.source.root).read(job.source.key)
        job.read_s = time.perf_counter() - started
        if self.hashes:
            job.input_sha256 = hashlib.sha256(data).hexdigest()
            job.skipped = job.is_done(job)
            if job.skipped:
                return job
        job.ticket = ticket = self.budget.ticket()

        def admit(width: int, height: int) -> None:
            ticket.take(width * height * _bytes_per_pixel(self.pipeline))
            job.pixels = width * height

        with ExitStack() as on_error:
            on_error.callback(job.release)
            started = time.perf_counter()
            job.image = read_image(data, name=str(job.source), max_pixels=self.max_pixels, admit=admit)
            job.seconds["decode"] = time.perf_counter() - started - ticket.waited
            on_error.pop_all()
        return job

    def process(self, job: ImageJob) -> ImageJob:
        """Run the pipeline on an image that was read."""
        if job.image is None:
            return job
        with ExitStack() as on_error:
            on_error.callback(job.release)
            job.result = self.pipeline.run(job.image)
            job.image = None
            on_error.pop_all()
        return job

    def write(self, job: ImageJob) -> ImageJob:
        """Encode a result and put it in its place, once: one that is there already with the same content stays.

        Raises:
            InputError: it cannot be written there or in that format.
        """
        result = job.result
        if result is None:
            return job
        with ExitStack() as always:
            always.callback(job.release)
            started = time.perf_counter()
            data = _encoded(result, job, self.settings)
            encoded = time.perf_counter()
            store = open_store(job.target.root)
            try:
                tag = store.write(job.target.key, data, new=True)
            except FileExistsError:
                there, tag = store.read(job.target.key)
                if there != data:
                    tag = store.write(job.target.key, data)
            job.ended = time.perf_counter()
        matte = result.matte
        job.output_tag = tag
        job.output_sha256 = hashlib.sha256(data).hexdigest() if self.hashes else ""
        job.seconds |= {**result.seconds, "encode": encoded - started}
        job.write_s = job.ended - encoded
        job.confidence, job.foreground = (matte.confidence, matte.foreground) if matte else (None, None)
        job.notes = result.image.notes
        return job

    def all(self, job: ImageJob) -> ImageJob:
        """Take an image through all stages."""
        return self.write(self.process(self.read(job)))


def settle(job: ImageJob, result: Callable[[], object]) -> None:
    """Wait for an image; what was wrong with it becomes its error, and nothing of it stays in memory.

    Raises:
        DeviceError: the device failed, which no image is to blame for.
    """
    job.error = failure_of(job.source, result, ImageError)
    job.ended = job.ended or time.perf_counter()
    job.release()


def failure_of(source: object, call: Callable[[], object], kind: type[InputError]) -> InputError | None:
    """Make a call, and return what was wrong with its input, which must not end the run over the others.

    Args:
        source: the input, in messages.
        call: to make.
        kind: of the error that stands for what nobody foresaw.
    """
    try:
        call()
    except InputError as error:
        # Without its traceback, whose frames would keep the input in memory until the run ends.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    except _UNFORESEEN as error:
        said = " ".join(str(error).split())[:200]
        return kind(f"{source}: it cannot be processed ({type(error).__name__}: {said}); convert it anew")
    return None


def _encoded(result: PipelineResult, job: ImageJob, settings: RunSettings) -> bytes:
    """Return the bytes of a result's file.

    Raises:
        InputError: it cannot be written in that format, or a mask was asked for where nothing was removed.
    """
    # The standard output has no name that would say it.
    streamed = job.target.root == STANDARD
    kind = format_of(f"image{settings.extension_of(job.source.name)}" if streamed else job.target.name)
    if not settings.only_mask:
        return encode_image(
            result.image,
            kind,
            quality=settings.quality,
            metadata=settings.metadata,
            png_compression=settings.png_compression,
        )
    if result.matte is None:
        raise InputError("a mask was asked for, but nothing was removed; use it with a segmentation model")
    return encode_mask(result.matte.alpha, kind, settings.png_compression)


def _bytes_per_pixel(pipeline: Pipeline) -> int:
    """Return about what one pixel of a photo takes: its colours, mask, a copy for the network, and the result."""
    scale = 0 if pipeline.upscaler is None else pipeline.upscaler.scale
    return 10 + 10 * scale * scale

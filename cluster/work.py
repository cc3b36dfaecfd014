"""What an actor does: references in, rows of the result's table out; the images never leave it."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core import ImageError
from ..infer import (
    MEMORY,
    Budget,
    ImageJob,
    ImageSource,
    ImageWork,
    Location,
    Pipeline,
    RunSettings,
    Stages,
    in_series,
    name_results,
    open_store,
    overlapped,
    settle,
)
from .marks import MOST, Marks
from .table import Row, packed, schema, unpacked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ImageActor", "OpenPipeline", "Reference", "Work", "batches", "reference_schema", "walk"]


@dataclass(frozen=True)
class Reference:
    """An image that is not read.

    Attributes:
        input: where it lies.
        tag: of its state.
        output: where its result goes.
    """

    input: str
    tag: str
    output: str


def walk(sources: Sequence[ImageSource], out: Location, ending: str | Callable[[str], str]) -> Generator[Reference]:
    """Give every image of the sources with the place of its result; arguments and errors as for `name_results`."""
    for named in name_results(sources, out, ending):
        yield Reference(_told(str(named.place)), named.item.tag, _told(str(out.below(named.name))))


def _told(name: str) -> str:
    """Return a name as a table can hold it: bytes that are no UTF-8 are escaped, and such a file is not found."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def batches(references: Iterable[Reference], size: int) -> Generator[list[Reference]]:
    """Give the references in lists of `size`, the last one shorter."""
    waiting = iter(references)
    while some := list(islice(waiting, size)):
        yield some


# pyright: reportUnknownParameterType=false
# pyarrow has no types.


OpenPipeline = Callable[[Mapping[str, Path], int | None], Pipeline]
"""Opens the pipeline: the models' files by their part in it, and the processor's threads. Sent to the actors."""


@dataclass(frozen=True)
class Work:
    """All that an actor needs.

    Attributes:
        open: opens the pipeline.
        models: the content of the models' files, by the model's part in the pipeline and their names.
        written: how results are written.
        settings: the fingerprint.
        run: the run's name.
        cpus: of the actor.
        max_pixels: of an image.
    """

    open: OpenPipeline
    models: Mapping[str, Mapping[str, bytes]]
    written: RunSettings
    settings: str
    run: str
    cpus: int = 1
    max_pixels: int | None = None


@cache
def reference_schema() -> pa.Schema:
    """Return the columns of references; `known` is the row of an earlier run, or null."""
    import pyarrow as pa

    text = [(name, pa.string()) for name in ("input", "tag", "output")]
    return pa.schema([*text, ("known", pa.struct(list(schema())))])


@dataclass(frozen=True)
class _File:
    """One image as it was asked for, what an earlier run told of it, and its way."""

    reference: Reference
    known: Row | None
    job: ImageJob


class ImageActor:
    """One compiled pipeline; several images are under way in it at a time, and calls from several threads.

    Called with a batch of one row, whose column `references` has the bytes of references; returns the rows of their
    results, likewise.
    """

    def __init__(self, work: Work) -> None:
        cv2.setNumThreads(work.cpus)
        self._work = work
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._marks = Marks(work.run)
        self._alone = threading.Lock()
        # What is read of a model stays readable when its file is gone.
        with tempfile.TemporaryDirectory(prefix="mattekit-", ignore_cleanup_errors=True) as folder:
            pipeline = work.open(_unpack(work.models, Path(folder)), work.cpus)
        requests = max((model.runtime.info.requests for model in pipeline.models), default=work.cpus)
        self._images = ImageWork(pipeline, work.written, Budget(MEMORY), max_pixels=work.max_pixels, hashes=True)
        way = (self._read, self._images.process, self._images.write)
        self._stages = Stages(*way, readers=work.cpus, processors=requests + 1, writers=work.cpus)

    def __call__(self, batch: Mapping[str, NDArray[np.object_]]) -> dict[str, list[bytes]]:
        """Process the images; those on which a process died go last, one at a time in this process."""
        (data,) = batch["references"]
        files = [self._file(**row) for row in unpacked(data, reference_schema()).to_pylist()]
        suspects = [file.job for file in files if self._marks.count(file.reference.input)]
        innocent = [file.job for file in files if file.job not in suspects]
        try:
            with closing(overlapped(innocent, self._stages, lambda: None)) as results:
                for job, result in results:
                    self._settle(job, result)
            for job, result in in_series(suspects, self._stages):
                with self._alone:
                    self._settle(job, result)
        except BaseException:
            # This process lives, so none of them is one on which it died.
            for file in files:
                self._marks.end(file.reference.input)
            raise
        return {"rows": [packed([self._row(file) for file in files], schema())]}

    def _file(self, input: str, tag: str, output: str, known: Row | None) -> _File:  # noqa: A002 - the column's name
        """Return what a row of references asks for; a row of an earlier run with other settings tells nothing."""
        if known is not None and (known["settings"], known["output"]) != (self._work.settings, output):
            known = None
        is_done = partial(_is_done, known)
        job = ImageJob(Location.parse(input), Location.parse(output), is_done, input_tag=tag)
        return _File(Reference(input, tag, output), known, job)

    def _read(self, job: ImageJob) -> ImageJob:
        name = str(job.source)
        deaths = self._marks.count(name)
        self._marks.begin(name)
        if deaths >= MOST:
            raise ImageError(
                f"{name}: the process that worked on it died {deaths} times; look at the image, or give nodes more "
                "memory"
            )
        return self._images.read(job)

    def _settle(self, job: ImageJob, result: Callable[[], object]) -> None:
        settle(job, result)
        self._marks.end(str(job.source))

    def _row(self, file: _File) -> Row:
        """Return the row of an image that is settled."""
        job = file.job
        tag = job.input_tag or None
        if job.skipped and file.known is not None:
            return {**file.known, "input_tag": tag}
        row: Row = {
            **dict.fromkeys(schema().names),
            "input": file.reference.input,
            "input_sha256": job.input_sha256 or None,
            "input_tag": tag,
            "settings": self._work.settings,
            "pixels": job.pixels,
            "read_s": job.read_s,
            **{f"{stage}_s": seconds for stage, seconds in job.seconds.items()},
            "finished": datetime.now(UTC) - timedelta(seconds=time.perf_counter() - job.ended),
            "run": self._work.run,
            "worker": self._name,
        }
        if job.error is not None:
            return {**row, "error": str(job.error)}
        return {
            **row,
            "output": file.reference.output,
            "output_sha256": job.output_sha256,
            "output_tag": job.output_tag or None,
            "confidence": job.confidence,
            "foreground": job.foreground,
            "write_s": job.write_s,
        }


def _is_done(known: Row | None, job: ImageJob) -> bool:
    """Tell whether the result of an earlier run's row is that of this image, and is there as that run left it."""
    if known is None or known["error"] is not None or known["output"] is None:
        return False
    if job.input_sha256:
        same = known["input_sha256"] == job.input_sha256
    else:
        same = bool(job.input_tag) and known["input_tag"] == job.input_tag
    if not same:
        return False
    found = open_store(job.target.root).stat(job.target.key)
    return found is not None and bool(found.tag) and found.tag == known["output_tag"]


def _unpack(models: Mapping[str, Mapping[str, bytes]], folder: Path) -> dict[str, Path]:
    """Write the models' files and return the path of each model's first."""
    paths: dict[str, Path] = {}
    for part, files in models.items():
        (folder / part).mkdir()
        for name, data in files.items():
            (folder / part / name).write_bytes(data)
        paths[part] = folder / part / next(iter(files))
    return paths

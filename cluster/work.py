"""What an actor does: references in, rows of the result's table out; the pictures never leave it."""

# pyright: reportUnknownParameterType=false
# pyarrow has no types.

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import ImageError, InputError
from ..images.read import read_picture
from ..infer.batch import MEMORY, OutputSettings, bytes_per_pixel, encoded
from ..infer.engine.budget import Budget, Ticket
from ..infer.engine.overlap import Stages, overlapped
from ..infer.location import Location, open_store
from ..infer.pipeline import Pipeline, Result
from .marks import MOST, Marks
from .table import Row, packed, schema, unpacked

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OpenPipeline", "PictureActor", "Work", "reference_schema"]

OpenPipeline = Callable[[Mapping[str, Path], int | None], Pipeline]
"""Opens the pipeline: the models' files by their part in it, and the processor's threads. Sent to the actors."""

_UNFORESEEN = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError, cv2.error)
"""What a picture that nobody foresaw may raise: one of a million must not end the others."""


@dataclass(frozen=True)
class Work:
    """All that an actor needs.

    open: the pipeline. models: the content of the models' files, by the model's part in the pipeline and their names.
    written: how results are written. settings: the fingerprint. run: the run's name. cpus: of the actor. max_pixels: of
    a picture.
    """

    open: OpenPipeline
    models: Mapping[str, Mapping[str, bytes]]
    written: OutputSettings
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


@dataclass
class _File:
    """One picture on its way, and its row."""

    input: str
    tag: str
    output: str
    known: Row | None
    row: Row = field(default_factory=dict[str, Any])
    ticket: Ticket | None = None
    result: Result | None = None


class PictureActor:
    """One compiled pipeline; several pictures are under way in it at a time, and calls from several threads.

    Called with a batch of one row, whose column `references` has the bytes of references; returns the rows of their
    results, likewise.
    """

    def __init__(self, work: Work) -> None:
        cv2.setNumThreads(work.cpus)
        self._work = work
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._marks = Marks(work.run)
        self._budget = Budget(MEMORY)
        self._alone = threading.Lock()
        # What is read of a model stays readable when its file is gone.
        with tempfile.TemporaryDirectory(prefix="mattekit-", ignore_cleanup_errors=True) as folder:
            self._pipeline = work.open(_unpack(work.models, Path(folder)), work.cpus)
        requests = max((model.runtime.info.requests for model in self._pipeline.models), default=work.cpus)
        self._stages = Stages(self._read, self._process, self._write, work.cpus, requests + 1, work.cpus)

    def __call__(self, batch: Mapping[str, NDArray[np.object_]]) -> dict[str, list[bytes]]:
        """Process the pictures; those on which a process died go last, one at a time in this process."""
        (data,) = batch["references"]
        files = [_File(**row) for row in unpacked(data, reference_schema()).to_pylist()]
        suspects = [file for file in files if self._marks.count(file.input)]
        innocent = [file for file in files if file not in suspects]
        try:
            with closing(overlapped(innocent, self._stages, lambda: None)) as results:
                for file, result in results:
                    self._settle(file, result)
            for file in suspects:
                with self._alone:
                    self._settle(file, lambda file=file: self._write(self._process(self._read(file))))
        except BaseException:
            # This process lives, so none of them is one on which it died.
            for file in files:
                self._marks.end(file.input)
            raise
        return {"rows": [packed([file.row for file in files], schema())]}

    def _settle(self, file: _File, result: Callable[[], object]) -> None:
        """Wait for a picture and fill in its row."""
        try:
            result()
        except InputError as error:
            self._fail(file, str(error))
        except _UNFORESEEN as error:
            said = " ".join(str(error).split())[:200]
            self._fail(file, f"{file.input}: it cannot be processed ({type(error).__name__}: {said}); convert it anew")
        if file.ticket is not None:
            file.ticket.release()
        file.result = None
        self._marks.end(file.input)

    def _fail(self, file: _File, error: str) -> None:
        none = dict.fromkeys(("output", "output_sha256", "output_tag"))
        file.row |= {**none, "error": error, "finished": datetime.now(UTC)}

    def _read(self, file: _File) -> _File:
        """Read and decode a picture; no more than its tag is looked at where its result is there already."""
        file.row = {
            **dict.fromkeys(schema().names),
            "input": file.input,
            "input_tag": file.tag or None,
            "settings": self._work.settings,
            "run": self._work.run,
            "worker": self._name,
        }
        deaths = self._marks.count(file.input)
        self._marks.begin(file.input)
        if deaths >= MOST:
            raise ImageError(
                f"{file.input}: the process that worked on it died {deaths} times; look at the picture, or give nodes "
                "more memory"
            )
        known = file.known
        if known is not None and (known["settings"], known["output"]) != (self._work.settings, file.output):
            known = None
        if known is not None and file.tag and known["input_tag"] == file.tag and self._is_there(known):
            file.row = known
            return file
        place = Location.parse(file.input)
        started = time.perf_counter()
        data, tag = open_store(place.root).read(place.key)
        file.row |= {
            "read_s": time.perf_counter() - started,
            "input_sha256": hashlib.sha256(data).hexdigest(),
            "input_tag": tag or None,
        }
        if known is not None and known["input_sha256"] == file.row["input_sha256"] and self._is_there(known):
            file.row = {**known, "input_tag": tag or None}
            return file
        file.ticket = ticket = self._budget.ticket()
        waited = 0.0

        def admit(width: int, height: int) -> None:
            nonlocal waited
            asked = time.perf_counter()
            ticket.take(width * height * bytes_per_pixel(self._pipeline))
            waited = time.perf_counter() - asked
            file.row["pixels"] = width * height

        with ExitStack() as on_error:
            on_error.callback(ticket.release)
            started = time.perf_counter()
            try:
                picture = read_picture(data, max_pixels=self._work.max_pixels, admit=admit)
            except ImageError as error:
                raise ImageError(str(error).replace("the picture in memory", file.input, 1)) from error
            file.row["decode_s"] = time.perf_counter() - started - waited
            file.result = Result(picture.with_changes(source=file.input), None)
            on_error.pop_all()
        return file

    def _process(self, file: _File) -> _File:
        if file.result is None:
            return file
        with ExitStack() as on_error:
            if file.ticket is not None:
                on_error.callback(file.ticket.release)
            file.result = self._pipeline.run(file.result.picture)
            on_error.pop_all()
        return file

    def _write(self, file: _File) -> _File:
        """Encode a result and put it in its place, once: one that is there already with the same content stays."""
        result = file.result
        if result is None:
            return file
        with ExitStack() as always:
            if file.ticket is not None:
                always.callback(file.ticket.release)
            started = time.perf_counter()
            data = encoded(result, self._work.written)
            encode_s = time.perf_counter() - started
            digest, place = hashlib.sha256(data).hexdigest(), Location.parse(file.output)
            store = open_store(place.root)
            try:
                tag = store.write(place.key, data, new=True)
            except FileExistsError:
                there, tag = store.read(place.key)
                if hashlib.sha256(there).hexdigest() != digest:
                    tag = store.write(place.key, data)
            write_s = time.perf_counter() - started - encode_s
        matte = result.matte
        file.row |= {
            **{f"{stage}_s": seconds for stage, seconds in result.seconds.items()},
            "encode_s": encode_s,
            "write_s": write_s,
            "output": file.output,
            "output_sha256": digest,
            "output_tag": tag or None,
            "confidence": matte.confidence if matte else None,
            "foreground": matte.foreground if matte else None,
            "finished": datetime.now(UTC),
        }
        return file

    def _is_there(self, known: Row) -> bool:
        """Tell whether an earlier run's result is there as that run left it."""
        if known["error"] is not None or known["output"] is None:
            return False
        place = Location.parse(known["output"])
        found = open_store(place.root).stat(place.key)
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

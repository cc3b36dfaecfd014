"""A run over many machines, from references to the result's table."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import JsonValue

from ..core import ClusterRecord, Data, MattekitError, Measurement, PartialFailureError, Progress, VariantRef
from ..infer import ImageSource, Location, RunSettings, this_machine
from .ray_cluster import Share, rows_of
from .table import Known, ResultTable, Row, known_rows, packed, schema, unpacked
from .work import ImageActor, OpenPipeline, Work, batches, reference_schema, walk

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ClusterJob", "Summary", "run_job"]

# pyright: reportUnknownParameterType=false
# pyarrow has no types.


_SHOWN = 20
"""Errors that a summary keeps; the table has all."""


@dataclass(frozen=True)
class ClusterJob:
    """What is run.

    Attributes:
        sources: the inputs.
        out: the folder or prefix of the results.
        open: as for `Work`.
        models: likewise.
        written: likewise.
        settings: likewise.
        share: of one actor.
        resume: skip what earlier runs have done.
        batch: images that are sent to an actor at a time.
        max_pixels: as for `Work`.
    """

    sources: Sequence[ImageSource]
    out: Location
    open: OpenPipeline
    models: dict[str, dict[str, bytes]]
    written: RunSettings
    settings: str
    share: Share
    resume: bool = False
    batch: int = 16
    max_pixels: int | None = None


@dataclass
class Summary:
    """What came of a run so far.

    Attributes:
        table: where the rows are.
        done: images with a new result.
        failed: images without one.
        skipped: images that an earlier run has done.
        errors: the first of those that images failed with.
    """

    table: str
    done: int = 0
    failed: int = 0
    skipped: int = 0
    errors: list[str] = field(default_factory=list[str])

    @property
    def total(self) -> int:
        """Return how many images have ended, one way or another."""
        return self.done + self.failed + self.skipped

    def exit_code(self, max_failures: int) -> int:
        """Return 0 where no more inputs failed than are let pass, 5 where others are done, else 1."""
        if self.failed <= max_failures:
            return 0
        return PartialFailureError.exit_code if self.done + self.skipped else 1

    def record(
        self, seconds: float, address: str, variants: tuple[VariantRef, ...], settings: dict[str, JsonValue]
    ) -> ClusterRecord:
        """Return it as a record.

        Args:
            seconds: that all of it took, starting included.
            address: of the cluster.
            variants: of the models that ran.
            settings: of the run.
        """
        data = Data(name=f"{self.total} images", reference="", count=self.total)
        common = Measurement(metric="", value=None, variants=variants, data=data)
        speed = self.done / seconds if seconds > 0 else None
        return ClusterRecord(
            machine=this_machine(),
            variants=variants,
            measurements=(
                common.measured("images", self.done),
                common.measured("failed", self.failed, higher_is_better=False),
                common.measured("skipped", self.skipped),
                common.measured("throughput", speed, "images/s", higher_is_better=True),
            ),
            settings=settings,
            table=self.table,
            address=address,
            errors=tuple(self.errors),
        )


def run_job(job: ClusterJob, progress: Progress | None = None) -> Summary:
    """Run the job on the cluster that this process is connected to, see `cluster`.

    Every input has one row in the table when it ends. `resume` goes on with a run that was stopped or whose machines
    died; what lies in its place already is not written again.

    Args:
        job: what is run.
        progress: called when rows have come in, with the images that they are about.

    Raises:
        MattekitError: an input cannot be listed, the table cannot be written, or a device failed.
    """
    import ray

    table = ResultTable(job.out)
    known = known_rows(job.out) if job.resume else Known(schema().empty_table())
    seen = np.zeros(len(known.rows), bool)
    summary = Summary(str(job.out.below("manifest.parquet")))
    work = Work(job.open, job.models, job.written, job.settings, table.run, job.share.cpus, job.max_pixels)
    listing = partial(_listing, job, ray.put(known) if job.resume else None)
    try:
        for data in rows_of(listing, ImageActor, work, job.share):
            rows = unpacked(data, schema())
            table.add(rows)
            seen[known.find(rows["input"].to_pylist())[1]] = True
            _count(summary, rows, table.run)
            if progress is not None:
                what = f"images, {summary.failed} failed, {summary.skipped} skipped"
                progress(what, summary.total, None)
    except BaseException:
        # Whatever ends the run, what is known to be done is not done again; its own error is the one that is told.
        with suppress(MattekitError):
            table.flush()
        raise
    table.flush()
    table.finish(known.rows.filter(_mask(~seen)))
    return summary


def _listing(job: ClusterJob, known: Any) -> Generator[bytes]:
    import ray

    earlier: Known | None = ray.get(known) if known is not None else None
    for some in batches(walk(job.sources, job.out, job.written.ending_of), job.batch):
        rows: list[Row | None] = [None] * len(some)
        if earlier is not None:
            rows, _ = earlier.find([reference.input for reference in some])
        yield packed(
            [{**vars(reference), "known": row} for reference, row in zip(some, rows, strict=True)], reference_schema()
        )


def _count(summary: Summary, rows: pa.RecordBatch, run: str) -> None:
    for error, by in zip(rows["error"].to_pylist(), rows["run"].to_pylist(), strict=True):
        if by != run:
            summary.skipped += 1
        elif error is None:
            summary.done += 1
        else:
            summary.failed += 1
            if len(summary.errors) < _SHOWN:
                summary.errors.append(error)


def _mask(flags: Any) -> pa.Array:
    import pyarrow as pa

    return pa.array(flags)

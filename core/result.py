"""What the functions of the Python API return, and records as tables for pandas and notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from .errors import InputError
from .record import Record
from .records.kinds import read_record, record_files

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Result", "frame_of", "read_records"]

R_co = TypeVar("R_co", bound=Record, covariant=True)

_COLUMNS = ("kind", "created", "machine", "metric", "value", "low", "high", "unit", "higher_is_better")


def frame_of(records: Iterable[Record], names: Iterable[str] = ()) -> pd.DataFrame:
    """Return a row for each measurement of these records, in their order.

    Args:
        records: of any kinds.
        names: what to call each record in a column `record`, such as its file; no such column unless they are given.

    Returns:
        The columns `kind`, `created` (a time with its zone), `machine`, `metric`, `value`, `low` and `high` (of the
        interval with 95% confidence), `unit`, `higher_is_better`, and one for each label that any of them has, such
        as `model`, `precision`, `device`; empty where a measurement has no such label.
    """
    import pandas as pd

    named = list(names)
    rows: list[dict[str, object]] = []
    for place, record in enumerate(records):
        for figure in record.measurements:
            low, high = figure.interval or (None, None)
            values = (record.kind, record.created, record.machine.label, figure.metric, figure.value, low, high)
            common = dict(zip(_COLUMNS, (*values, str(figure.unit), figure.higher_is_better), strict=True))
            rows.append({**({"record": named[place]} if named else {}), **common, **figure.labels})
    frame = pd.DataFrame(rows, columns=None if rows else list(_COLUMNS))
    for number in ("value", "low", "high"):
        frame[number] = frame[number].astype(float)
    return frame


def read_records(paths: str | Path | Iterable[str | Path]) -> pd.DataFrame:
    """Read records into one tidy table.

    Args:
        paths: of records, or of folders, of which all records in them and below are read.

    Returns:
        As `frame_of`, with the file's path in the column `record`.

    Raises:
        InputError: a file cannot be read or is no record, or there is none in a folder.

    Example:
        >>> import mattekit
        >>> mattekit.benchmark("srlite-x2", size="16", rounds=2, iterations=4).record.write("bench.json")
        >>> frame = mattekit.read_records("bench.json")
        >>> frame[frame.metric == "latency_p50"][["model", "precision", "device"]].values.tolist()
        [['srlite-x2', 'fp16', 'CPU']]
    """
    files = record_files([Path(paths)] if isinstance(paths, str | Path) else map(Path, paths))
    return frame_of([read_record(file) for file in files], map(str, files))


@dataclass(frozen=True)
class Result(Generic[R_co]):
    """What came of a job, which a notebook shows as a table of its measurements.

    Attributes:
        records: what was measured, as the command writes it with `--record`.
    """

    records: tuple[R_co, ...]

    @property
    def record(self) -> R_co:
        """The record, where there is one.

        Raises:
            InputError: there are several, as of several models.
        """
        first, *further = self.records
        if further:
            raise InputError(f"there are {len(self.records)} records; take one of `records`")
        return first

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each measurement, as `frame_of`."""
        return frame_of(self.records)

    def _repr_html_(self) -> str:
        return self.to_frame().dropna(axis="columns", how="all").to_html(index=False)

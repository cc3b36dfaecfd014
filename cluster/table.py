"""The result's table: a row for each input, in Parquet files that pandas and DuckDB read as one."""

# pyright: reportUnknownParameterType=false
# pyarrow has no types.

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from ..infer import STAGES, Location, open_store

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TABLE_NAME", "Known", "ResultTable", "Row", "known_rows", "packed", "schema", "unpacked"]

TABLE_NAME = "manifest.parquet"
"""The folder of the table, beside the results."""

ROWS = 10_000
"""Rows that are held before they are written."""

Row = dict[str, Any]
"""One input; `schema` has the columns."""


@cache
def schema() -> pa.Schema:
    """Return the table's columns.

    input, output: locations; output is null where there is none. input_sha256, output_sha256: of their contents.
    input_tag, output_tag: what their stores said of their state, which changes when their contents do. settings: the
    fingerprint of all that the result depends on beside the input. error: why there is no output, or null. pixels: of
    the input. confidence, foreground: of the mask, or null. read_s, write_s, and a column for each stage: seconds.
    finished: when, in UTC. run, worker: the run and the process (host and number) that did it.
    """
    import pyarrow as pa

    text = ("input", "input_sha256", "input_tag", "output", "output_sha256", "output_tag", "settings", "error")
    seconds = ("read_s", *(f"{stage}_s" for stage in STAGES), "write_s")
    return pa.schema(
        [
            *((name, pa.string()) for name in text),
            ("pixels", pa.int64()),
            ("confidence", pa.float64()),
            ("foreground", pa.bool_()),
            *((name, pa.float64()) for name in seconds),
            ("finished", pa.timestamp("us", tz="UTC")),
            ("run", pa.string()),
            ("worker", pa.string()),
        ]
    )


def packed(rows: Sequence[Mapping[str, Any]], columns: pa.Schema) -> bytes:
    """Return rows as bytes of Arrow."""
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=columns).serialize().to_pybytes()


def unpacked(data: bytes, columns: pa.Schema) -> pa.RecordBatch:
    """Return the rows that `packed` made bytes of."""
    import pyarrow as pa

    return pa.ipc.read_record_batch(pa.py_buffer(data), columns)


@dataclass
class Known:
    """The rows of earlier runs, found by their inputs.

    Eight bytes of each input's hash are sorted for it; beside them lie the rows themselves, in Arrow's layout.

    Attributes:
        rows: one for each input.
    """

    rows: pa.Table
    _keys: NDArray[np.uint64] = field(init=False)
    _order: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the keys."""
        keys = np.fromiter((_key(str(value)) for value in self.rows["input"]), np.uint64, len(self.rows))
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def find(self, inputs: Sequence[str]) -> tuple[list[Row | None], list[int]]:
        """Return the row of each input, None where there is none, and the numbers of those that were found."""
        if not len(self._keys):
            return [None] * len(inputs), []
        wanted = np.array([_key(name) for name in inputs], np.uint64)
        places = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        numbers = [int(self._order[place]) for place in places]
        found = self.rows.take(numbers).to_pylist()
        rows = [row if row["input"] == name else None for row, name in zip(found, inputs, strict=True)]
        return rows, [number for number, row in zip(numbers, rows, strict=True) if row is not None]


def known_rows(folder: Location) -> Known:
    """Read the table in a folder of results; of several rows for one input the latest counts.

    Raises:
        InputError: a file of the table cannot be read.
    """
    import pyarrow as pa

    parts = [_read_part(key, folder) for key in sorted(_parts(folder))]
    table = pa.concat_tables(parts) if parts else schema().empty_table()
    names = [str(value) for value in table["input"]]
    finished = table["finished"].to_pylist()
    latest: dict[str, int] = {}
    for number, name in enumerate(names):
        if name not in latest or finished[number] >= finished[latest[name]]:
            latest[name] = number
    return Known(table if len(latest) == len(names) else table.take(sorted(latest.values())))


class ResultTable:
    """The table of one run, written file by file while it goes on; each file appears whole.

    Args:
        folder: of the results.
        rows: that are held before they are written.
    """

    def __init__(self, folder: Location, *, rows: int = ROWS) -> None:
        self.run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(6)}"
        self._folder = folder
        self._earlier = list(_parts(folder))
        self._rows = rows
        self._held: list[pa.RecordBatch] = []
        self._files = 0

    def add(self, rows: pa.RecordBatch) -> None:
        """Take rows in."""
        self._held.append(rows)
        if sum(len(held) for held in self._held) >= self._rows:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._held:
            return
        out = BytesIO()
        pq.write_table(pa.Table.from_batches(self._held, schema()), out, compression="zstd")
        key = self._folder.below(f"{TABLE_NAME}/{self.run}-{self._files:06}.parquet").key
        open_store(self._folder.root).write(key, out.getvalue())
        self._held, self._files = [], self._files + 1

    def finish(self, others: pa.Table) -> None:
        """Write what is held and the rows of inputs that this run had nothing to do with; then earlier files go."""
        for batch in others.to_batches():
            self.add(batch)
        self.flush()
        store = open_store(self._folder.root)
        for key in self._earlier:
            store.remove(key)


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")


def _parts(folder: Location) -> Iterable[str]:
    place = folder.below(TABLE_NAME)
    if not place.root:
        from pathlib import Path

        if not Path(place.key).is_dir():
            return ()
    return (item.key for item in open_store(place.root).walk(place.key) if item.key.endswith(".parquet"))


def _read_part(key: str, folder: Location) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data, _ = open_store(folder.root).read(key)
    try:
        return pq.read_table(BytesIO(data)).select(schema().names).cast(schema())
    except (pa.ArrowException, KeyError) as error:
        raise InputError(
            f"{Location(folder.root, key)}: not a part of a table of this mattekit ({error}); remove it, or run "
            "without --resume"
        ) from error

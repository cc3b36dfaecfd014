"""Where a benchmark's record is kept: in the file that was asked for, else in the cache."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from ...convert import cache_dir
from ...core import InputError, Record

__all__ = ["Kept", "keep"]

_FOLDER = "records"


@dataclass(frozen=True)
class Kept:
    """What became of a record.

    path: where it is; None where it could not be written. sentence: says so. error: why it is not in the file that was
    asked for; None where none was.
    """

    path: Path | None
    sentence: str
    error: InputError | OSError | None = None


def keep(record: Record, target: Path | None) -> Kept:
    """Write a record to `target`, or to a new file in the cache where there is no target or it can't be written.

    A measurement takes minutes: nothing is raised, so that its table can be printed whatever the disk says.
    """
    refused: InputError | OSError | None = None
    if target is not None:
        try:
            record.write(target)
        except (InputError, OSError) as error:
            refused = error
        else:
            return Kept(target, f"record: {target}")
    folder = cache_dir() / _FOLDER
    path = folder / f"{record.kind}-{record.created:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.json"
    try:
        record.write(path)
    except (InputError, OSError) as error:
        return Kept(None, f"note: the record could not be kept ({error}); name a file with --record", refused)
    return Kept(path, f"record: {path}", refused)

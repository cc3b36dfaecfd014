"""A record of any kind, read from its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, overload

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from ..documents import first_mistake
from ..errors import InputError
from ..record import Record
from .conversion import ExportRecord, ParityRecord, QuantizeRecord
from .jobs import BuildRecord, ClusterRecord, RunRecord, VideoRecord
from .judged import GateRecord, VerifyRecord
from .measured import BenchRecord, CompareRecord, PeerRecord, ValidateRecord

__all__ = ["AnyRecord", "is_record", "load_records", "read_record", "record_files"]

_Kind = TypeVar("_Kind", bound=Record)

AnyRecord = (
    BenchRecord
    | BuildRecord
    | ClusterRecord
    | CompareRecord
    | ExportRecord
    | GateRecord
    | ParityRecord
    | PeerRecord
    | QuantizeRecord
    | RunRecord
    | ValidateRecord
    | VerifyRecord
    | VideoRecord
)
"""A record of any kind."""

_ADAPTER: TypeAdapter[AnyRecord] = TypeAdapter(Annotated[AnyRecord, Field(discriminator="kind")])

_MAKERS = {
    "bench": "mattekit bench",
    "build": "mattekit build",
    "cluster": "mattekit run --engine ray",
    "compare": "mattekit bench compare",
    "export": "mattekit export",
    "gate": "mattekit gate",
    "parity": "mattekit parity",
    "quantize": "mattekit quantize",
    "run": "mattekit run",
    "validate": "mattekit validate",
    "verify": "mattekit verify",
    "video": "mattekit video",
}
"""The command that writes a record, by its kind."""

_OLD_KINDS = {
    **_MAKERS,
    "comparison": _MAKERS["compare"],
    "quantization": _MAKERS["quantize"],
    "validation": _MAKERS["validate"],
    "worth": "mattekit quantize --verdict",
}
"""The command that writes what a record of version 1 held, by its kind there."""


@overload
def read_record(path: str | Path) -> AnyRecord: ...


@overload
def read_record(path: str | Path, kind: type[_Kind]) -> _Kind: ...


def read_record(path: str | Path, kind: type[Record] = Record) -> Record:
    """Read a record.

    Args:
        path: of the file.
        kind: the only one that will do; any will unless it is given.

    Raises:
        InputError: the file cannot be read, or is not a record of the version that this mattekit knows, or of another
            kind; of an older version the message names the command that makes it again.
    """
    path = Path(path)
    try:
        content: object = from_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a record that mattekit wrote") from error
    except ValueError as error:
        raise InputError(f"{path}: not a mattekit record (file: not JSON: {error})") from error
    found = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if found.get("version") == 1 and found.get("kind") in _OLD_KINDS:
        raise InputError(
            f"{path}: a record of version 1, which this mattekit does not read; make it again with: "
            f"{_OLD_KINDS[str(found['kind'])]}"
        )
    try:
        record = _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: not a mattekit record ({first_mistake(error, 'file')})") from error
    if not isinstance(record, kind):
        wanted = str(kind.model_fields["kind"].default)
        maker = f"make one with: {_MAKERS[wanted]}" if wanted in _MAKERS else "give one of that kind"
        raise InputError(f"{path}: a record of kind {record.kind!r}, not {wanted!r}; {maker}")
    return record


def load_records(paths: Iterable[str | Path]) -> list[AnyRecord]:
    """Read the records of these files, and of a folder all in it and below.

    Raises:
        InputError: as `read_record`, or there is no record in a folder.
    """
    return [read_record(path) for path in record_files(map(Path, paths))]


def record_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the records' files: those that are given, and of a folder all records in it and below, by their names.

    Raises:
        InputError: there is no record in a folder.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        below = [each for each in sorted(path.rglob("*.json")) if each.is_file() and is_record(each)]
        if not below:
            raise InputError(f"{path}: there is no record in the folder; give one that mattekit wrote")
        found += below
    return tuple(dict.fromkeys(found))


def is_record(path: Path) -> bool:
    """Tell whether a file looks like a record, of whatever version: other JSON lies in folders too."""
    try:
        content: object = from_json(path.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and {"version", "kind", "created", "settings"} <= content.keys()

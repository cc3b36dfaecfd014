"""What a run over a folder has done already, so that one that was stopped can go on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from ...core import atomic_path, json_bytes, sha256_of

__all__ = ["MANIFEST_NAME", "Entry", "Manifest", "fingerprint_of"]

MANIFEST_NAME = "manifest.jsonl"


class Entry(BaseModel):
    """What became of one input.

    target: the result's name below the folder. settings: the fingerprint of all that the result depends on beside the
    input. output_sha256: of the result; None, as `error` otherwise is, where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    source: str
    input_sha256: str
    settings: str
    state: Literal["done", "failed"]
    output_sha256: str | None = None
    error: str | None = None


def fingerprint_of(settings: Mapping[str, JsonValue]) -> str:
    """Return the SHA-256 of settings, in whatever order they come."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


class Manifest:
    """One line of JSON for each input, in the folder of the results.

    A line is added when its result lies under its name. A line that a killed process did not finish is left out, and
    its input is done again; so are inputs and settings that have changed, and results that were changed or removed.
    What a killed process left under temporary names is removed.

    Args:
        folder: of the results; made if need be.
        settings: the fingerprint of this run's settings.
        targets: of this run.
    """

    def __init__(self, folder: Path, settings: str, targets: Iterable[Path]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / MANIFEST_NAME
        self._settings = settings
        self._entries = _read(self._path)
        _remove_leftovers(folder, targets)
        # Whole lines only, so that the next one starts a line.
        self._rewrite()

    def is_done(self, target: Path, input_sha256: str) -> bool:
        """Tell whether the result is there and is what this run would write."""
        entry = self._entries.get(self._name_of(target))
        return (
            entry is not None
            and entry.state == "done"
            and (entry.input_sha256, entry.settings) == (input_sha256, self._settings)
            and target.is_file()
            and sha256_of(target) == entry.output_sha256
        )

    def add_done(self, source: Path, target: Path, input_sha256: str, output_sha256: str) -> None:
        """Note that the result lies at `target`."""
        self._add(source, target, input_sha256, output_sha256=output_sha256)

    def add_failed(self, source: Path, target: Path, input_sha256: str, error: str) -> None:
        """Note that there is no result, and why; one of an earlier run that this manifest knows is removed."""
        entry = self._entries.get(self._name_of(target))
        if entry is not None and entry.state == "done":
            target.unlink(missing_ok=True)
        self._add(source, target, input_sha256, error=error)

    def close(self) -> None:
        """Bring the lines in the order of their results' names, one for each: an undisturbed run ends with the same."""
        self._rewrite()

    def _add(
        self,
        source: Path,
        target: Path,
        input_sha256: str,
        *,
        output_sha256: str | None = None,
        error: str | None = None,
    ) -> None:
        entry = Entry(
            target=self._name_of(target),
            source=str(source),
            input_sha256=input_sha256,
            settings=self._settings,
            state="failed" if error is not None else "done",
            output_sha256=output_sha256,
            error=error,
        )
        self._entries[entry.target] = entry
        with self._path.open("ab") as stream:
            stream.write(_line(entry))

    def _name_of(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()

    def _rewrite(self) -> None:
        with atomic_path(self._path) as temporary:
            temporary.write_bytes(b"".join(_line(self._entries[name]) for name in sorted(self._entries)))


def _line(entry: Entry) -> bytes:
    return json_bytes(entry.model_dump()) + b"\n"


def _read(path: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    if not path.is_file():
        return entries
    for line in path.read_bytes().splitlines():
        try:
            # Not pydantic's own reader: it refuses names that are no UTF-8.
            entry = Entry.model_validate(json.loads(line))
        except (ValueError, RecursionError):
            continue
        entries[entry.target] = entry
    return entries


def _remove_leftovers(folder: Path, targets: Iterable[Path]) -> None:
    """Remove the temporary files of `core.files.atomic_path` for these results and for the manifest."""
    ours = {(target.parent, target.stem[:40], target.suffix) for target in (*targets, folder / MANIFEST_NAME)}
    for place in {parent for parent, *_ in ours}:
        for path in place.glob(".*.tmp.*"):
            found = re.fullmatch(r"\.(?P<stem>.*)\.[0-9a-f]{12}\.tmp(?P<suffix>\.\w+)", path.name)
            if found and (place, found["stem"], found["suffix"]) in ours:
                path.unlink(missing_ok=True)

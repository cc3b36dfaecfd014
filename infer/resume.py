"""What a run over a folder has done already, so that one that was stopped can go on."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from ..core import __version__, atomic_path, json_bytes, sha256_of
from ..images import Image
from .pipeline import Pipeline
from .pipeline_settings import PipelineSettings, described_background
from .stores import MANIFEST_NAME

__all__ = ["MANIFEST_NAME", "Manifest", "ManifestEntry", "settings_fingerprint"]


class ManifestEntry(BaseModel):
    """What became of one input.

    Attributes:
        target: the result's name below the folder.
        source: the input as it was named.
        input_sha256: of its content.
        settings: the fingerprint of all that the result depends on beside the input.
        state: whether there is a result.
        output_sha256: of the result; None where there is none.
        error: why there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    source: str
    input_sha256: str
    settings: str
    state: Literal["done", "failed"]
    output_sha256: str | None = None
    error: str | None = None


class Manifest:
    """One line of JSON for each input, in the folder of the results; several threads may add to it.

    A line is added when its result lies under its name; of several for one result the last counts. A run that resumes
    skips what a line vouches for: the same input and settings, and a result that is as it was written. A line that a
    killed process did not finish vouches for nothing; what such a process left under temporary names is removed. A run
    that does not resume adds its lines and trusts none.

    Args:
        folder: of the results; made if need be.
        settings: the fingerprint of this run's settings.
        targets: of this run.
        resume: go on with what earlier runs have done.
    """

    def __init__(self, folder: Path, settings: str, targets: Iterable[Path], *, resume: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._settings, self._resume = folder, settings, resume
        self._path = folder / MANIFEST_NAME
        self._adding = threading.Lock()
        self._entries: dict[str, ManifestEntry] = {}
        if resume:
            self._entries = _read(self._path)
            _remove_leftovers(folder, targets)
            # Whole lines only, so that the next one starts a line.
            self._rewrite()
        elif self._path.is_file() and self._path.read_bytes()[-1:] != b"\n":
            with self._path.open("ab") as stream:
                stream.write(b"\n")

    def is_done(self, target: Path, input_sha256: str) -> bool:
        """Tell whether the result is there and is what this run would write."""
        entry = self._entries.get(self._name_of(target)) if self._resume else None
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
        self._entries = _read(self._path)
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
        entry = ManifestEntry(
            target=self._name_of(target),
            source=str(source),
            input_sha256=input_sha256,
            settings=self._settings,
            state="failed" if error is not None else "done",
            output_sha256=output_sha256,
            error=error,
        )
        with self._adding, self._path.open("ab") as stream:
            stream.write(_line(entry))

    def _name_of(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()

    def _rewrite(self) -> None:
        with atomic_path(self._path) as temporary:
            temporary.write_bytes(b"".join(_line(self._entries[name]) for name in sorted(self._entries)))


def _line(entry: ManifestEntry) -> bytes:
    return json_bytes(entry.model_dump()) + b"\n"


def _read(path: Path) -> dict[str, ManifestEntry]:
    entries: dict[str, ManifestEntry] = {}
    if not path.is_file():
        return entries
    for line in path.read_bytes().splitlines():
        try:
            # Not pydantic's own reader: it refuses names that are no UTF-8.
            entry = ManifestEntry.model_validate(json.loads(line))
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


def settings_fingerprint(settings: PipelineSettings, pipeline: Pipeline) -> str:
    """Return the fingerprint of all that results depend on beside their inputs.

    Args:
        settings: of the run.
        pipeline: that they describe; its models count by their files' hashes and a background image by its pixels,
            whatever they were called.
    """
    options = {name: value for name, value in settings.described().items() if name not in {"model", "sr"}}
    background = pipeline.background
    told: dict[str, JsonValue] = {
        "mattekit": __version__,
        "options": options,
        "models": [{**model.variant.sha256} for model in pipeline.models],
        "background": described_background(background) if isinstance(background, Image) else None,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

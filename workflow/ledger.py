"""What is kept of earlier builds: of each stage what it read and left, and the lock file of weights and data sets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..core import InputError, atomic_path, json_bytes, sha256_of
from ..infer import package_versions
from .build_result import BuildStage

__all__ = ["Hashes", "Lock", "check_lock", "due", "fingerprint", "read_done", "set_aside", "write_done"]

_TOOLS = ("mattekit", "openvino", "nncf", "torch", "onnx", "numpy", "opencv-python-headless", "pillow")


class _Done(BaseModel):
    """What is kept of a finished stage: what it was made from, and the hashes of what it left, by path below `out`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    inputs: dict[str, str]
    outputs: dict[str, str]
    exit_code: int = 0


class Hashes:
    """SHA-256 of files, each computed once as long as it keeps its size and time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def of(self, path: Path) -> str:
        """Return the file's hash, or `missing`."""
        if not path.is_file():
            return "missing"
        status = path.stat()
        key = (path.resolve(), status.st_size, status.st_mtime_ns)
        if key not in self._known:
            self._known[key] = sha256_of(path)
        return self._known[key]


def _expanded(paths: Iterable[Path]) -> list[Path]:
    """Return the files: a folder's are all below it, in the order of their names."""
    found: list[Path] = []
    for path in paths:
        found += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return found


def fingerprint(stage: BuildStage, out: Path, hashes: Hashes, datasets: dict[str, str]) -> dict[str, str]:
    """Return all that decides what a stage leaves, by name: its command, files, data sets and tools.

    Args:
        stage: whose.
        out: folder of the results; where it lies decides nothing.
        hashes: of files; where those lie that the recipe did not make decides nothing either.
        datasets: content hashes by their keys; nor does it of them.
    """
    named = {str(path): f"FILE {path.name}" for path in stage.files if not path.is_relative_to(out)}
    named |= {data.text: f"DATA {data.key}" for data in stage.datasets}
    words = [named.get(word, word).replace(str(out), "OUT") for word in stage.command]
    inputs = {"command": hashlib.sha256(json.dumps(words).encode()).hexdigest()}
    for path in _expanded(stage.files):
        inputs[f"file {path.relative_to(out) if path.is_relative_to(out) else path.name}"] = hashes.of(path)
    inputs |= {f"data {data.key}": datasets[data.key] for data in stage.datasets}
    inputs |= {f"fact {name}": value for name, value in stage.facts.items() if value}
    return inputs | _tools()


@cache
def _tools() -> dict[str, str]:
    """The versions of the tools, which stay as they are while a build runs."""
    versions = package_versions()
    return {f"tool {name}": versions[name] for name in _TOOLS if name in versions}


def due(stage: BuildStage, out: Path, inputs: dict[str, str], hashes: Hashes) -> str | None:
    """Return why a stage must run, or None where what it left is still right."""
    done = read_done(stage, out)
    if done is None:
        return "it was never finished"
    changed = [name for name in {**done.inputs, **inputs} if done.inputs.get(name) != inputs.get(name)]
    if changed:
        return f"changed: {', '.join(sorted(changed)[:3])}" + (" and more" if len(changed) > 3 else "")
    gone = [name for name, value in done.outputs.items() if hashes.of(out / name) != value]
    return f"missing or altered: {', '.join(gone[:3])}" if gone else None


def read_done(stage: BuildStage, out: Path) -> _Done | None:
    """Return what is kept of a stage; a file that cannot be read counts as none."""
    path = _path(stage, out)
    try:
        return _Done.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None


def write_done(stage: BuildStage, out: Path, inputs: dict[str, str], hashes: Hashes, exit_code: int) -> None:
    """Keep that a stage is finished."""
    outputs = {str(path.relative_to(out)): hashes.of(path) for path in _expanded(stage.outputs)}
    with atomic_path(_path(stage, out)) as temporary:
        done = _Done(inputs=inputs, outputs=outputs, exit_code=exit_code)
        temporary.write_bytes(json_bytes(done.model_dump()))


def set_aside(stage: BuildStage, out: Path, hashes: Hashes) -> None:
    """Move what somebody altered of a stage's outputs to `.build/altered`: they are made again, and nothing is lost."""
    done = read_done(stage, out)
    for name, value in (done.outputs if done else {}).items():
        path = out / name
        if path.is_file() and hashes.of(path) != value:
            kept = out / ".build" / "altered" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)


def _path(stage: BuildStage, out: Path) -> Path:
    return out / ".build" / f"{stage.slug}.json"


class Lock(BaseModel):
    """Hashes of weights by model, and of data sets by what they are for: where both lie is each machine's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[2] = 2
    weights: dict[str, str]
    datasets: dict[str, str]


def check_lock(path: Path, found: Lock, *, update: bool, write: bool = True) -> None:
    """Compare what was found with the lock file; write one where there is none, or where `update` asks for it.

    Raises:
        InputError: something changed since the file was written, or it cannot be read.
    """
    if path.exists() and not update:
        try:
            locked = Lock.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: not a lock file of mattekit; write a new one with --update") from error
        for kind, before, now in (
            ("the weights of", locked.weights, found.weights),
            ("the data set", locked.datasets, found.datasets),
        ):
            changed = [name for name, value in now.items() if before.get(name, value) != value]
            if changed:
                raise InputError(
                    f"{path}: {kind} {changed[0]} changed since the recipe was last built; restore what was there, or "
                    "accept the change with --update"
                )
        if locked == found:
            return
    if write:
        with atomic_path(path) as temporary:
            temporary.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")

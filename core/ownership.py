"""Which folders are ours: a list inside, which mattekit writes with them, names every file with its hash.

A folder may be replaced or removed only where this list covers all that lies in it. So whatever somebody else put
there, and whatever was changed since, is never lost.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath

from .errors import InputError

__all__ = ["LIST_NAME", "check_replaceable", "list_of", "list_text", "read_list", "refusal", "stranger_in"]

LIST_NAME = ".mattekit-files"
"""The list, in the folder that it is of. No suffix: a pattern for records must not find it."""

_ATTEMPTS = 100


def list_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all files that lie in a folder, by their names below it, with slashes; not of the list."""
    files = {_name(path, folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: _sha256(path) for name, path in files.items() if name != LIST_NAME}


def list_text(files: dict[str, str]) -> str:
    """Return the list as it is written; the same files give the same bytes."""
    return json.dumps({"version": 1, "files": dict(sorted(files.items()))}, indent=1) + "\n"


def read_list(folder: Path) -> dict[str, str]:
    """Return the list of a folder; where there is none that can be read, nothing is ours."""
    try:
        files = json.loads((folder / LIST_NAME).read_bytes())["files"]
        return {str(name): str(value) for name, value in files.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def stranger_in(folder: Path) -> str | None:
    """Return what lies in a folder and is not ours, in words that follow "holds"; None where all is."""
    files = read_list(folder)
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    for path in sorted(folder.rglob("*")):
        name = _name(path, folder)
        if path.is_symlink() or name not in {*files, *folders, LIST_NAME}:
            return f"{name}, which is not known to be mattekit's own"
        if name in files:
            try:
                same = _sha256(path) == files[name]
            except OSError:
                same = False
            if not same:
                return f"{name}, which was changed since mattekit wrote it"
    return None


def check_replaceable(folder: Path) -> None:
    """Make sure that nothing is lost if a folder is replaced: it is not there, is empty, or all of it is ours.

    Raises:
        InputError: it holds something else, which the message names.
    """
    for _ in range(_ATTEMPTS):
        before = _state(folder)
        if before is None:
            return
        found = stranger_in(folder)
        if found is None:
            return
        # Another process may have put its own folder into the place of the one that was looked at.
        if _state(folder) == before:
            raise refusal(folder, found)
    raise InputError(f"{folder}: other programs keep the folder in use; end them and try again")


def refusal(folder: Path, found: str) -> InputError:
    """Return the error that says why a folder is not replaced."""
    return InputError(
        f"{folder}: the folder holds {found}, and would be lost; move it elsewhere, or choose another folder"
    )


def _state(folder: Path) -> tuple[int, int, int] | None:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""Folders: where one may be made, which are ours, and locks between processes and threads.

A folder may be replaced or removed only where a list inside, which mattekit writes with its files, covers all that lies
in it, each file by its hash. So whatever somebody else put there, and whatever was changed since, is never lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Generator
from pathlib import Path, PurePosixPath

from .errors import InputError

__all__ = [
    "LIST_NAME",
    "check_replaceable",
    "claim",
    "list_of",
    "list_text",
    "locked",
    "locked_folder",
    "make_folder",
    "parse_name",
    "place_of",
    "read_list",
    "refusal",
    "stranger_in",
]


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


def make_folder(folder: Path) -> None:
    """Make a folder with those around it, where it is not there.

    Raises:
        InputError: a file stands in the way, or the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder}: a file stands where a folder is needed; choose another folder") from error
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another one") from error


def parse_name(text: str | None, what: str = "--name") -> str:
    """Return a variant's name as it is typed, in what was typed; empty where None.

    Raises:
        InputError: it could be no part of a folder's name.
    """
    if text is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise InputError(f"{what} {text}: give letters, digits, dots, dashes and underscores, 64 at most")
    return text or ""


def place_of(target: Path) -> Path:
    """Return where a folder that is to be replaced really lies.

    The new one is another one for the system: a shell inside of the old one would be nowhere.

    Raises:
        InputError: it is the working folder or around it, or a link that leads to itself.
    """
    try:
        place = target.resolve()
        circular = place.is_symlink()
    except (OSError, RuntimeError):
        place, circular = target, True
    if circular:
        raise InputError(f"{target}: the link leads to itself; remove it or choose another name")
    here = Path.cwd()
    if place in {here, *here.parents}:
        raise InputError(
            f"{target}: this is the folder that you are in, or one around it, which is not replaced; name a new one, "
            f"such as {target / 'NAME'}"
        )
    return place if target.is_symlink() or target.name in {"", ".."} else target


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock on `path` (an empty file, made if need be): other processes and threads wait until the block ends.

    The operating system releases it when a process dies, so a leftover file locks nobody out.
    """
    make_folder(path.parent)
    with path.open("ab") as stream:
        _lock(stream.fileno())
        try:
            yield
        finally:
            _unlock(stream.fileno())


@contextlib.contextmanager
def locked_folder(folder: Path) -> Generator[None]:
    """Hold a lock on a folder, made if need be: other processes and threads that lock it wait until the block ends.

    Nothing is written into it, and one that was made and is empty at the end is removed. Windows locks no folders.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    make_folder(folder)
    descriptor = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    try:
        if descriptor is not None:
            _lock(descriptor)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # LK_LOCK gives up after ten seconds; a download takes longer.
        while True:
            os.lseek(descriptor, 0, os.SEEK_SET)
            with contextlib.suppress(OSError):
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def claim(folder: Path) -> int | None:
        """Windows locks no folders."""
        del folder

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def claim(folder: Path) -> int | None:
        """Lock a folder until the descriptor is closed or the process ends; None where somebody else has it."""
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

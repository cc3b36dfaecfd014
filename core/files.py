"""Files and folders that are either whole or not there; hashes."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Generator
from pathlib import Path

from .errors import InputError
from .folders import (
    LIST_NAME,
    check_replaceable,
    claim,
    list_of,
    list_text,
    make_folder,
    place_of,
    read_list,
    refusal,
    stranger_in,
)

__all__ = [
    "add_to_list",
    "atomic_directory",
    "atomic_path",
    "digest_of",
    "remove_if_ours",
    "sha256_of",
]

_ATTEMPTS = 20
_YOUNG_S = 60
_TOKEN_BYTES = 6
"""Of a temporary name."""
_HERE = -100
"""AT_FDCWD of fcntl.h: paths are relative to the working folder."""
_EXCHANGE = 2
"""RENAME_EXCHANGE of linux/fs.h."""


def digest_of(path: Path, algorithm: str) -> str:
    """Return the file's digest in lower-case hexadecimal; `algorithm` as hashlib names it, such as `sha256`."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256: 64 lower-case hexadecimal digits."""
    return digest_of(path, "sha256")


@contextlib.contextmanager
def atomic_path(target: Path) -> Generator[Path]:
    """Give a temporary path to write to, which becomes `target` when the block ends without an exception.

    The temporary file lies in the same folder (made if need be) and has the same suffix, because some writers choose
    their format by it. It reaches the disk before it is renamed, so a crash leaves the old `target` or the new one.
    After an exception nothing is left and `target` is as it was.

    Raises:
        InputError: `target` is a folder.
        FileNotFoundError: the block wrote nothing.
    """
    if target.is_dir():
        raise InputError(f"{target} is a folder, but a file is to be written there; remove it or choose another name")
    make_folder(target.parent)
    temporary = _temporary_name(target)
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(target)
        _flush_to_disk(target.parent)
    except OSError as error:
        raise _naming(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_directory(target: Path, *, whatever: bool = False) -> Generator[Path]:
    """Give a temporary empty folder, which becomes `target` when the block ends without an exception.

    It lies beside `target`, and what killed processes left of earlier ones is removed. It gets a list of its files, by
    which it is known as ours. A folder that is already at `target` is replaced as a whole, and only at the end, if its
    own list covers all that lies in it: what somebody else put there, or changed since, is never lost. A link to a
    folder stays, and what it leads to is replaced. After an exception nothing is left, no folder above it that was made
    for it either, and `target` is as it was.

    Args:
        target: the folder to make.
        whatever: replace whatever lies there; for places that are mattekit's alone, such as its cache.

    Raises:
        InputError: `target` is a file, holds anything that is not ours, or is the working folder or around it.
    """
    target = place_of(target)
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file, but a folder is to be written there; remove it or choose another name")
    if not whatever:
        check_replaceable(target)
    made = [folder for folder in target.parents if not folder.exists()]
    temporary = _temporary_name(target)
    _make_new_folder(temporary)
    _remove_abandoned(target)
    claimed = claim(temporary)
    try:
        yield temporary
        (temporary / LIST_NAME).write_text(list_text(list_of(temporary)), encoding="utf-8")
        for path in sorted(temporary.rglob("*")):
            _flush_to_disk(path)
        _flush_to_disk(temporary)
        _replace_directory(temporary, target, whatever=whatever)
        _flush_to_disk(target.parent)
    except OSError as error:
        raise _naming(error, target) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if claimed is not None:
            os.close(claimed)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def add_to_list(path: Path) -> None:
    """Note that a file which was written later into a folder of ours is ours, too; one without a list gets none."""
    if (path.parent / LIST_NAME).is_file():
        files = read_list(path.parent) | {path.name: sha256_of(path)}
        with atomic_path(path.parent / LIST_NAME) as temporary:
            temporary.write_text(list_text(files), encoding="utf-8")


def remove_if_ours(folder: Path) -> None:
    """Remove a folder where its list covers all that lies in it; leave it as it is otherwise."""
    if (folder / LIST_NAME).is_file() and not folder.is_symlink() and stranger_in(folder) is None:
        shutil.rmtree(folder, ignore_errors=True)


def _make_new_folder(folder: Path) -> None:
    # Another process that fails just now may take the folder around it away.
    for _ in range(100):
        make_folder(folder.parent)
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir()
            return
    raise InputError(f"{folder.parent}: the folder cannot be made; choose another one")


def _naming(error: OSError, target: Path) -> OSError:
    """Return the error with the file that was to be written, where the system names none: a full disk has no name."""
    if error.errno is None or error.filename is not None:
        return error
    return OSError(error.errno, error.strerror, str(target))


def _temporary_name(target: Path) -> Path:
    # Cut, so that the longest name that a file may have still leaves room for the rest.
    return target.with_name(f".{target.stem[:40]}.{secrets.token_hex(_TOKEN_BYTES)}.tmp{target.suffix}")


def _replace_directory(temporary: Path, target: Path, *, whatever: bool) -> None:
    """Rename over `target`; the last of several processes that do so wins.

    What was there is looked at once more when it has another name, where nobody else puts anything: a file that came
    into it meanwhile is not lost.
    """
    for _ in range(_ATTEMPTS):
        if _exchanged(temporary, target):
            # Removed by the caller: it is the old folder now.
            found = None if whatever else stranger_in(temporary)
            if found:
                if not _exchanged(temporary, target):
                    temporary.rename(target)
                raise refusal(target, found)
            return
        try:
            temporary.rename(target)
        except OSError:
            # No system renames over a folder with files in it, so the old one steps aside first.
            aside = _temporary_name(target)
            with contextlib.suppress(FileNotFoundError):
                target.replace(aside)
            found = None if whatever or not aside.exists() else stranger_in(aside)
            if found:
                aside.replace(target)
                raise refusal(target, found) from None
            try:
                temporary.rename(target)
            except OSError:
                if aside.exists() and not target.exists():
                    aside.replace(target)
                continue
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        return
    raise InputError(f"{target}: other programs keep the folder in use; end them and try again")


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step, so that there is one at each name at any time; False where that is not possible."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _remove_abandoned(target: Path) -> None:
    """Remove what killed processes left of folders that were to become `target`: nobody holds their locks.

    A young one may be about to be locked.
    """
    token = "[0-9a-f]" * 2 * _TOKEN_BYTES
    for path in target.parent.glob(f".{glob.escape(target.stem[:40])}.{token}.tmp{glob.escape(target.suffix)}"):
        with contextlib.suppress(OSError):
            if not path.is_dir() or time.time() - path.stat().st_mtime < _YOUNG_S:
                continue
            claimed = claim(path)
            if claimed is None:
                continue
            shutil.rmtree(path, ignore_errors=True)
            os.close(claimed)


def _flush_to_disk(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return  # Windows opens no folders.
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files that are either whole or not there: hashes, atomic writes, and a lock between processes."""

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

__all__ = ["atomic_directory", "atomic_path", "digest_of", "locked", "sha256_of"]

_ATTEMPTS = 20
_YOUNG_S = 60
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
    _make_folder(target.parent)
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
def atomic_directory(target: Path) -> Generator[Path]:
    """Give a temporary empty folder, which becomes `target` when the block ends without an exception.

    It lies beside `target`, and what killed processes left of earlier ones is removed. A folder that is already at
    `target` is replaced as a whole, and only at the end: a file of the old one that the block did not write again is
    gone. After an exception nothing is left, no folder above it that was made for it either, and `target` is as it was.

    Raises:
        InputError: `target` is a file.
    """
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file, but a folder is to be written there; remove it or choose another name")
    made = [folder for folder in target.parents if not folder.exists()]
    temporary = _temporary_name(target)
    _make_new_folder(temporary)
    _remove_abandoned(target)
    claimed = _claim(temporary)
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            _flush_to_disk(path)
        _flush_to_disk(temporary)
        _replace_directory(temporary, target)
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


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock on `path` (an empty file, made if need be): other processes and threads wait until the block ends.

    The operating system releases it when a process dies, so a leftover file locks nobody out.
    """
    _make_folder(path.parent)
    with path.open("ab") as stream:
        _lock(stream.fileno())
        try:
            yield
        finally:
            _unlock(stream.fileno())


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

    def _claim(folder: Path) -> int | None:
        """Windows locks no folders."""
        del folder

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _claim(folder: Path) -> int | None:
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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder}: a file stands where a folder is needed; choose another folder") from error
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another one") from error


def _make_new_folder(folder: Path) -> None:
    # Another process that fails just now may take the folder around it away.
    for _ in range(100):
        _make_folder(folder.parent)
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
    return target.with_name(f".{target.stem[:40]}.{secrets.token_hex(6)}.tmp{target.suffix}")


def _replace_directory(temporary: Path, target: Path) -> None:
    """Rename over `target`; the last of several processes that do so wins."""
    for _ in range(_ATTEMPTS):
        if _exchanged(temporary, target):
            # Removed by the caller: it is the old folder now.
            return
        try:
            temporary.rename(target)
        except OSError:
            # No system renames over a folder with files in it, so the old one steps aside first.
            aside = _temporary_name(target)
            with contextlib.suppress(FileNotFoundError):
                target.replace(aside)
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
    for path in target.parent.glob(f".{glob.escape(target.stem[:40])}.*.tmp{glob.escape(target.suffix)}"):
        with contextlib.suppress(OSError):
            if not path.is_dir() or time.time() - path.stat().st_mtime < _YOUNG_S:
                continue
            claimed = _claim(path)
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

"""Locks between processes and threads."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path

from .places import make_folder

__all__ = ["claim", "locked", "locked_folder"]


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

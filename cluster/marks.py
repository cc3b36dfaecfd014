"""Which images a process died on: marks on the node's disk, so that one image cannot kill actors for ever."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["MOST", "Marks"]

MOST = 3
"""So many times an image may be under way when its process dies; then it is given up."""


class Marks:
    """A small file for each image that is under way on this node; what is left behind, a dead process left.

    Args:
        run: whose images they are.
        folder: on this node's disk; that of temporary files unless given. The marks lie in a folder of their own in it,
            which only the user may enter, and which is there only while a mark is.
    """

    def __init__(self, run: str, folder: Path | None = None) -> None:
        self._folder = (folder or Path(tempfile.gettempdir())) / f"mattekit-{run}"

    def count(self, name: str) -> int:
        """Return how many processes died while the image was under way."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return 0

    def begin(self, name: str) -> None:
        """Note that the image is under way.

        Raises:
            OSError: the folder is another user's, or cannot be kept.
        """
        # Another thread or process of the run may take the folder away, with its last mark, between two of these steps.
        for _ in range(1000):
            with suppress(FileNotFoundError, FileExistsError):
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._check()
                with self._path(name).open("ab") as stream:
                    stream.write(b"x")
                return
        raise FileNotFoundError(f"{self._folder}: it can't be kept; check the disk of temporary files")

    def _check(self) -> None:
        found = self._folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
            raise PermissionError(f"{self._folder}: it is not this user's folder; remove it")

    def end(self, name: str) -> None:
        """Take its mark away, and the folder with the last one."""
        self._path(name).unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24]

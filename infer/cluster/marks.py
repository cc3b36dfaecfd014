"""Which pictures a process died on: marks on the node's disk, so that one picture cannot kill actors for ever."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

__all__ = ["MOST", "Marks"]

MOST = 3
"""So many times a picture may be under way when its process dies; then it is given up."""


class Marks:
    """A small file for each picture that is under way on this node; what is left behind, a dead process left.

    Args:
        run: whose pictures they are.
        folder: on this node's disk; that of temporary files unless given.
    """

    def __init__(self, run: str, folder: Path | None = None) -> None:
        self._run = run
        self._folder = folder or Path(tempfile.gettempdir())

    def count(self, name: str) -> int:
        """Return how many processes died while the picture was under way."""
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return 0

    def begin(self, name: str) -> None:
        """Note that the picture is under way."""
        with self._path(name).open("ab") as stream:
            stream.write(b"x")

    def end(self, name: str) -> None:
        """Take its mark away."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return self._folder / f"mattekit-{self._run}-{digest}"

"""Download a published set whose archive has a known hash."""

from __future__ import annotations

from pathlib import Path

from ..core import (
    MAX_UNKNOWN_SIZE,
    FetchError,
    HashMismatchError,
    InputError,
    atomic_directory,
    download,
    sha256_of,
    unpack,
)
from .layouts import LAYOUTS

__all__ = ["fetch_layout"]


def fetch_layout(name: str, folder: Path) -> None:
    """Download and unpack a published set into a new folder, which appears whole or not at all.

    Raises:
        InputError: the name is unknown, the set has no direct download with a known hash (the error says where to get
            it), the folder is there already with something in it, or the archive is none that `unpack` takes.
        FetchError: the download did not succeed.
        HashMismatchError: what came is not what was published.
    """
    layout = LAYOUTS.get(name)
    if layout is None:
        raise InputError(f"there is no layout {name!r}; choose from {', '.join(sorted(LAYOUTS))}")
    if not layout.url:
        raise InputError(f"{layout.title} has no direct download with a known hash; get it from {layout.homepage}")
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} has something in it; give a new or an empty folder")
    with atomic_directory(folder) as temporary:
        archive = temporary / "archive.zip"
        try:
            download(layout.url, archive, limit=MAX_UNKNOWN_SIZE)
        except FetchError as error:
            raise FetchError(f"{layout.url}: the download did not succeed ({error}); try again later") from error
        found = sha256_of(archive)
        if found != layout.sha256:
            raise HashMismatchError(
                f"{layout.url}: its SHA-256 is {found}, but {layout.sha256} was published; it was not unpacked"
            )
        unpack(archive, temporary)
        archive.unlink()

"""What holds images: folders, buckets and web servers, behind five operations."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..core import ImageError, InputError, needs_extra
from .location import STANDARD, WEB

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

__all__ = ["MANIFEST_NAME", "Store", "StoredFile", "open_store"]


MANIFEST_NAME = "manifest.jsonl"
"""What a run over images leaves in the folder of its results; what lies there is never an input of another's folder."""


@dataclass(frozen=True)
class StoredFile:
    """A file or an object.

    Attributes:
        key: in its store.
        size: in bytes.
        tag: changes when the content does; empty where the store knows none.
    """

    key: str
    size: int
    tag: str


class Store(Protocol):
    """What holds files or objects, by key. What cannot be read or written is an InputError that says why."""

    def walk(
        self, key: str, *, depth: int | None = None, hidden: bool = False, skip: str = ""
    ) -> Generator[StoredFile]:
        """Give what lies below a key, in no certain order, without holding the names.

        Links to folders are not followed, and folders inside with results of an earlier run are left out; a link that
        leads nowhere is given, without a tag.

        Args:
            key: of a folder or a prefix.
            depth: so many names below the key at most; 1 takes no folders inside. A store may give what lies deeper.
            hidden: with what has a name that begins with a dot, which a store may give anyhow.
            skip: the key of a folder that is left out, where it is not empty; a store may give what lies in it.
        """
        ...

    def stat(self, key: str) -> StoredFile | None:
        """Return what lies at the key itself, or None."""
        ...

    def read(self, key: str) -> tuple[bytes, str]:
        """Return the content and its tag."""
        ...

    def write(self, key: str, data: bytes, *, new: bool = False) -> str:
        """Put the content there, whole or not at all, and return its tag.

        Raises:
            FileExistsError: with `new`, something is there already.
        """
        ...

    def remove(self, key: str) -> None:
        """Remove what lies at the key; nothing happens where there is nothing."""
        ...


@lru_cache(maxsize=64)
def open_store(root: str) -> Store:
    """Open the store of a location's root; buckets take their credentials from the environment or the machine's role.

    Raises:
        DependencyError: buckets and web servers need the extra `ray`.
        InputError: the root is not understood.
    """
    if root in ("", STANDARD):
        return _Streams() if root else _Files()
    with needs_extra("reading and writing buckets", "obstore", "ray"):
        from obstore.exceptions import BaseError
        from obstore.store import HTTPStore, from_url
    try:
        if root.partition("://")[0] in WEB:
            store = HTTPStore.from_url(root, client_options={"allow_http": True})
            return _Objects(root, store)
        return _Objects(root, from_url(root))
    except (BaseError, ValueError) as error:
        raise InputError(f"{root}: it cannot be opened ({_said(error)}); check the URL") from error


def holds_results(folder: str) -> bool:
    """Tell whether a run over images wrote its results to a folder: its manifest is there."""
    try:
        with open(os.path.join(folder, MANIFEST_NAME), encoding="utf-8") as lines:  # noqa: PTH118, PTH123 - many a run
            return '"input_sha256"' in lines.readline()
    except (OSError, ValueError):
        return False


class _Files:
    """This machine's files; a key is an absolute path."""

    def walk(
        self, key: str, *, depth: int | None = None, hidden: bool = False, skip: str = ""
    ) -> Generator[StoredFile]:
        # The names of a folder's files are not held, those of folders that are still to come are.
        waiting = [(key, 1)]
        while waiting:
            folder, level = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if (entry.name.startswith(".") and not hidden) or entry.path == skip:
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            if level != depth and not holds_results(entry.path):
                                waiting.append((entry.path, level + 1))
                        elif entry.is_file():
                            try:
                                found = entry.stat()
                            except FileNotFoundError:
                                # What vanishes meanwhile is no input any more.
                                continue
                            yield _item(entry.path, found)
                        elif entry.is_symlink() and not entry.is_dir():
                            yield StoredFile(entry.path, 0, "")
            except OSError as error:
                raise InputError(
                    f"{folder}: the folder can't be listed ({error.strerror}); check its permissions"
                ) from error

    def stat(self, key: str) -> StoredFile | None:
        try:
            found = Path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise InputError(f"{key}: it can't be looked at ({error}); check the name and the permissions") from error
        return _item(key, found) if Path(key).is_file() else None

    def read(self, key: str) -> tuple[bytes, str]:
        from ..images import read_file

        # The tag of what was there before: should the content change meanwhile, the tag does not vouch for it.
        found = self.stat(key)
        return read_file(Path(key)), "" if found is None else found.tag

    def write(self, key: str, data: bytes, *, new: bool = False) -> str:
        from ..images import save

        target = Path(key)
        # Not `Path.is_file`, which raises where the name is too long: `save` tells that.
        if new and os.path.isfile(target):  # noqa: PTH113
            raise FileExistsError(key)
        save(target, data)
        return _item(key, target.stat()).tag

    def remove(self, key: str) -> None:
        Path(key).unlink(missing_ok=True)


class _Streams:
    """The standard input and the standard output; there is one of each."""

    def walk(
        self, key: str, *, depth: int | None = None, hidden: bool = False, skip: str = ""
    ) -> Generator[StoredFile]:
        del key, depth, hidden, skip
        yield from ()

    def stat(self, key: str) -> StoredFile | None:
        del key
        return None

    def read(self, key: str) -> tuple[bytes, str]:
        data = sys.stdin.buffer.read()
        if not data:
            raise ImageError(f"{key}: nothing came in; pipe an image in")
        return data, ""

    def write(self, key: str, data: bytes, *, new: bool = False) -> str:
        del new
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ImageError(f"{key}: what was to read the result has ended") from error
        return ""

    def remove(self, key: str) -> None:
        del key


def _item(path: str, found: os.stat_result) -> StoredFile:
    return StoredFile(path, found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}")


class _Objects:
    """A bucket or a web server."""

    def __init__(self, root: str, store: ObjectStore) -> None:
        self._root = root
        self._store = store

    def walk(
        self, key: str, *, depth: int | None = None, hidden: bool = False, skip: str = ""
    ) -> Generator[StoredFile]:
        # All that lies below is listed in any case; who asked leaves out what it did not want.
        del depth, hidden, skip
        from obstore.exceptions import BaseError

        try:
            for chunk in self._store.list(key or None, chunk_size=1000):
                yield from map(_object, chunk)
        except (BaseError, OSError) as error:
            raise InputError(
                f"{self._root}/{key}: it can't be listed ({_said(error)}); check the name and the credentials"
            ) from error

    def stat(self, key: str) -> StoredFile | None:
        from obstore.exceptions import BaseError

        if not key:
            return None
        try:
            return _object(self._store.head(key))
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise self._refused(key, "looked at", error) from error

    def read(self, key: str) -> tuple[bytes, str]:
        from obstore.exceptions import BaseError

        try:
            found = self._store.get(key)
            return bytes(found.bytes()), _tag(found.meta["e_tag"])
        except FileNotFoundError as error:
            raise ImageError(f"{self._root}/{key}: there is no such object; check the name") from error
        except (BaseError, OSError) as error:
            raise self._refused(key, "read", error) from error

    def write(self, key: str, data: bytes, *, new: bool = False) -> str:
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            # In one request: nothing of a process that dies stays behind.
            done = self._store.put(key, data, mode="create" if new else "overwrite", use_multipart=False)
            return _tag(done["e_tag"])
        except (AlreadyExistsError, FileExistsError) as error:
            raise FileExistsError(key) from error
        except (BaseError, OSError) as error:
            raise self._refused(key, "written", error) from error

    def remove(self, key: str) -> None:
        from obstore.exceptions import BaseError

        try:
            self._store.delete(key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._refused(key, "removed", error) from error

    def _refused(self, key: str, what: str, error: Exception) -> InputError:
        return ImageError(f"{self._root}/{key}: it can't be {what} ({_said(error)}); check the network and credentials")


def _object(meta: ObjectMeta) -> StoredFile:
    return StoredFile(meta["path"], meta["size"], _tag(meta["e_tag"]))


def _tag(text: str | None) -> str:
    # Azure's listing leaves out the quotes that belong to a tag, and its other answers have them.
    return (text or "").strip('"')


def _said(error: Exception) -> str:
    return " ".join(str(error).partition("Debug source")[0].split())[:300]

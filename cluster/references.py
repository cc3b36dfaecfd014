"""References to pictures: which inputs there are and what their results are called, one after another."""

from __future__ import annotations

import glob
import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from ..core.errors import ImageError, InputError
from ..images.read import READABLE_EXTENSIONS
from .location import Item, Location, open_store

__all__ = ["Reference", "Source", "batches", "plan_sources", "walk"]


@dataclass(frozen=True)
class Reference:
    """A picture that is not read: where it lies, its tag, and where its result goes."""

    input: str
    tag: str
    output: str


@dataclass(frozen=True)
class Source:
    """One input of the command: a picture, or a folder or prefix of pictures.

    prefix: put before the names of its results.
    """

    place: Location
    single: bool
    prefix: str = ""


def plan_sources(inputs: Sequence[str], out: Location) -> list[Source]:
    """Look at what the inputs are, before anything is opened; no folder is listed further than its first picture.

    Where there are several, the results of a folder lie in a folder of its name.

    Raises:
        InputError: an input is not there or has no pictures in it, two would have results of the same names, or the
            results would lie among the inputs.
    """
    sources: list[Source] = []
    places = {Location.parse(text): text for text in _matches(inputs)}
    for place, text in places.items():
        store = open_store(place.root)
        web = place.root.startswith("http")
        single = web or (not text.endswith("/") and store.stat(place.key) is not None)
        name = PurePosixPath(place.key or place.root).name
        source = Source(place, single, "" if single or len(places) == 1 else f"{name}/")
        if not single:
            _check_folder(source, out)
        sources.append(source)
    for folder in (source for source in sources if not source.single):
        for other in sources:
            if other is not folder and folder.place.contains(other.place):
                raise InputError(f"{other.place}: it lies in {folder.place}, which is an input too; name one of them")
    if not sources:
        raise ImageError("no inputs were given; name a picture, a folder, or a bucket such as s3://bucket/photos/")
    names = [source.prefix or PurePosixPath(source.place.key).name for source in sources if len(sources) > 1]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two inputs are called {name.rstrip('/')!r}; run them one after another, into two places")
    return sources


def walk(sources: Iterable[Source], out: Location, extension: str) -> Generator[Reference]:
    """Give every picture of the sources with the place of its result: its name below the source, and `extension`.

    A result's name depends on the name of its input alone, and no two are the same: `b/photo.jpg` becomes
    `b/photo.jpg.png`.
    """
    for source in sources:
        root, store = source.place.root, open_store(source.place.root)
        if source.single:
            tag = "" if root.startswith("http") else getattr(store.stat(source.place.key), "tag", "")
            items: Iterable[Item] = (Item(source.place.key, 0, tag),)
        else:
            items = (item for item in store.walk(source.place.key) if _is_picture(source.place.name_of(item.key)))
        for item in items:
            name = PurePosixPath(item.key).name if source.single else source.place.name_of(item.key)
            target = out.below(f"{source.prefix}{name}{extension}")
            yield Reference(_told(str(Location(root, item.key))), item.tag, _told(str(target)))


def _told(name: str) -> str:
    """Return a name as a table can hold it: bytes that are no UTF-8 are escaped, and such a file is not found."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def batches(references: Iterable[Reference], size: int) -> Generator[list[Reference]]:
    """Give the references in lists of `size`, the last one shorter."""
    waiting = iter(references)
    while some := list(islice(waiting, size)):
        yield some


def _matches(inputs: Sequence[str]) -> Generator[str]:
    """Give the inputs, and in place of a pattern of this machine's files what it matches."""
    for text in inputs:
        if "://" in text or os.path.lexists(text) or not glob.has_magic(text):
            yield text
            continue
        found = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - the pattern may be absolute
        if not found:
            raise ImageError(f"{text}: no file matches this pattern")
        yield from found


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in READABLE_EXTENSIONS and not any(part.startswith(".") for part in path.parts)


def _check_folder(source: Source, out: Location) -> None:
    place = source.place
    if place.contains(out):
        raise InputError(f"{out}: the results would lie among the inputs ({place}); choose another place")
    if not place.root and not os.path.lexists(place.key):
        raise InputError(f"{place}: there is no such file or folder; check the name")
    items = open_store(place.root).walk(place.key)
    if not any(_is_picture(place.name_of(item.key)) for item in items):
        raise ImageError(
            f"{place}: no such picture, or no pictures in it (looked for {', '.join(sorted(READABLE_EXTENSIONS))})"
        )

"""References to images, one after another, as a table and an actor take them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from ..infer import Location, Source, name_results

__all__ = ["Reference", "batches", "walk"]


@dataclass(frozen=True)
class Reference:
    """An image that is not read: where it lies, its tag, and where its result goes."""

    input: str
    tag: str
    output: str


def walk(sources: Sequence[Source], out: Location, ending: str) -> Generator[Reference]:
    """Give every image of the sources with the place of its result; arguments and errors as for `name_results`."""
    for named in name_results(sources, out, ending):
        yield Reference(_told(str(named.place)), named.item.tag, _told(str(out.below(named.name))))


def _told(name: str) -> str:
    """Return a name as a table can hold it: bytes that are no UTF-8 are escaped, and such a file is not found."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def batches(references: Iterable[Reference], size: int) -> Generator[list[Reference]]:
    """Give the references in lists of `size`, the last one shorter."""
    waiting = iter(references)
    while some := list(islice(waiting, size)):
        yield some

"""What results are called: after their inputs' stems, and apart where stems are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["stems_apart"]

_T = TypeVar("_T")

_AT_A_TIME = 256
"""Inputs that are looked up together, which is faster than one by one."""


def stems_apart(
    listing: Callable[[], Iterable[_T]], name_of: Callable[[_T], str], order: Callable[[_T], Any] | None = None
) -> Generator[tuple[_T, str]]:
    """Give each input with the name of its result, without the extension: `a/b.jpg` becomes `a/b`.

    No two are the same, capitals aside. Inputs whose results would fall together keep their own extensions (`a.jpg` and
    `a.png` become `a-jpg` and `a-png`); those that still would are numbered from the second on (`a`, `a-2`). So the
    names depend on the inputs alone, never on what lies where the results go.

    The listing is gone through twice. Of each input 8 bytes are held, and whole only a few at a time, and those whose
    results would fall together: they come last. What was not there the first time takes nobody's name.

    Args:
        listing: gives the inputs.
        name_of: an input's name, with slashes between folders, which its result keeps.
        order: sorts the inputs that are named apart, where the listing has no order of its own.
    """
    import numpy as np

    keys = np.sort(np.fromiter((_key(_parted(name_of(item))[0]) for item in listing()), np.uint64))
    given = np.zeros(len(keys), bool)
    together: list[_T] = []
    waiting = iter(listing())
    while some := list(islice(waiting, _AT_A_TIME)):
        stems = [_parted(name_of(item))[0] for item in some]
        for item, stem, (place, count) in zip(some, stems, _found(keys, stems), strict=True):
            if count != 1 or given[place]:
                together.append(item)
                continue
            given[place] = True
            yield item, stem
    if order is not None:
        together.sort(key=order)
    yield from zip(together, _apart([name_of(item) for item in together], partial(_is_borne, keys)), strict=True)


def _apart(names: Sequence[str], is_borne: Callable[[str], bool]) -> list[str]:
    """Return different stems for names whose own are not; `is_borne` tells which others have."""
    groups: dict[str, set[str]] = {}
    for stem, suffix in map(_parted, names):
        groups.setdefault(stem.casefold(), set()).add(suffix.casefold())
    stems = [
        f"{stem}-{suffix[1:]}" if len(groups[stem.casefold()]) > 1 and suffix else stem
        for stem, suffix in map(_parted, names)
    ]
    # A stem that some input bears unnumbered is never given to another by numbering.
    reserved = {stem.casefold() for stem in stems}
    used: set[str] = set()
    apart: list[str] = []
    for stem in stems:
        name, number = stem, 2
        while name.casefold() in used or (name != stem and name.casefold() in reserved) or is_borne(name):
            name, number = f"{stem}-{number}", number + 1
        used.add(name.casefold())
        apart.append(name)
    return apart


def _parted(name: str) -> tuple[str, str]:
    """Return a name without its extension, and the extension with its dot, as `pathlib` parts them."""
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem.strip(".") or not suffix:
        return name, ""
    return f"{folder}{slash}{stem}", f"{dot}{suffix}"


def _key(stem: str) -> int:
    data = stem.casefold().encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _found(keys: NDArray[np.uint64], stems: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Return for each stem where the sorted keys have its own, and how many times."""
    import numpy as np

    wanted = np.fromiter(map(_key, stems), np.uint64, len(stems))
    first, last = (np.searchsorted(keys, wanted, side) for side in ("left", "right"))
    return zip(first.tolist(), (last - first).tolist(), strict=True)


def _is_borne(keys: NDArray[np.uint64], stem: str) -> bool:
    """Tell whether one input alone has this stem, which its result then has."""
    ((_, count),) = _found(keys, [stem])
    return count == 1

"""Which images to read, on this machine and in buckets, and what to call the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from ..core import ImageError, InputError
from .inputs import IMAGES, ImageSource, SourceKind
from .location import Location
from .naming import stems_apart
from .stores import StoredFile

__all__ = ["Named", "collect_inputs", "find_sources", "name_results", "require_local"]


@dataclass(frozen=True)
class Named:
    """An image that is not read yet, and the name of its result below the place where the results go.

    Attributes:
        source: which it is of.
        index: of its source among the sources.
        item: where it lies.
        name: of its result.
    """

    source: ImageSource
    index: int
    item: StoredFile
    name: str

    @property
    def place(self) -> Location:
        """Return where it lies."""
        return Location(self.source.place.root, self.item.key)

    @property
    def order(self) -> tuple[int, list[str]]:
        """Return what inputs are sorted by: the order of the arguments, within one their names."""
        return self.index, _parts(self.source, self.item)


def find_sources(
    inputs: Sequence[str], out: Location, *, recursive: bool = True, kind: SourceKind = IMAGES
) -> list[ImageSource]:
    """Look at what the inputs of a run are, before anything is opened; nothing is listed further than its first image.

    A folder stands for all that lies below it, except the folder of the results. Where there are several inputs, the
    results of a folder lie in a folder of its name. An input that is named twice comes once.

    Raises:
        InputError: an input is not there or has no images in it, two would have results in folders of one name, one
            lies in another, or the results would lie among the inputs.
    """
    if not inputs:
        raise ImageError("no inputs were given; name an image, a folder, a pattern, or a bucket for --engine ray")
    found: dict[object, ImageSource] = {}
    for source in (ImageSource.of(each, deep=recursive, kind=kind) for each in inputs):
        found.setdefault((source.place, source.pattern), source)
    sources = [_placed(source, out, alone=len(found) == 1) for source in found.values()]
    folders = [source for source in sources if source.is_folder]
    by_place = {folder.place.real: folder for folder in folders}
    for source in sources:
        for around in source.place.real.around():
            other = by_place.get(around, source)
            if other is not source:
                raise InputError(f"{source.place}: it lies in {other.place}, which is an input too; name one of them")
    by_prefix = Counter(folder.prefix.casefold() for folder in folders)
    for folder in folders:
        if folder.prefix and by_prefix[folder.prefix.casefold()] > 1:
            name = folder.prefix.rstrip("/")
            raise InputError(f"two inputs are called {name!r}; run them one after another, into two places")
    for source in sources:
        source.require_images()
    return sources


def name_results(sources: Sequence[ImageSource], out: Location, ending: str | Callable[[str], str]) -> Generator[Named]:
    """Give every image of the sources with the name of its result, see `stems_apart`; in a folder's, its folders stay.

    Args:
        sources: as `find_sources` gives them; an image that two of them stand for comes with the first.
        out: where the results go.
        ending: of the names, such as `.png` or `-mask.png`; or what returns it for an input's name.

    Raises:
        InputError: a result would overwrite an input or lie among the inputs, or a folder can't be listed.
    """
    inputs = _Inputs(sources, out)

    def listed(indices: Iterable[int]) -> Generator[Named]:
        for index in indices:
            source = sources[index]
            for item in source.items():
                if index and inputs.have(Location(source.place.root, item.key), before=index):
                    continue
                name = (
                    source.place.name_of(item.key) if source.is_folder else Location(source.place.root, item.key).name
                )
                yield Named(source, index, item, f"{source.prefix}{name}")

    # What is no folder's has no folder among the results either: those names are told apart together.
    folders = [index for index, source in enumerate(sources) if source.is_folder]
    flat = [index for index, source in enumerate(sources) if not source.is_folder]
    for group in (flat, *([index] for index in folders)):
        for named, stem in stems_apart(partial(listed, group), lambda named: named.name, lambda named: named.order):
            name = f"{stem}{ending if isinstance(ending, str) else ending(named.name)}"
            inputs.require_apart(name)
            yield Named(named.source, named.index, named.item, name)


def collect_inputs(inputs: Sequence[str | Path], *, recursive: bool = False) -> list[Path]:
    """Return the files of this machine that files, folders and patterns stand for, as `ImageSource` takes them.

    The order is that of the arguments; within a folder or a pattern it is sorted by name. A file that is named twice
    comes once, at its first place.

    Args:
        inputs: paths, or patterns.
        recursive: take the folders inside folders too.

    Raises:
        ImageError: there are no inputs; or one of them doesn't exist, can't be listed, or gives nothing.
    """
    if not inputs:
        raise ImageError("no inputs were given; name an image, a folder or a pattern such as 'photos/*.jpg'")
    require_local(inputs)
    found: dict[str, Path] = {}
    for each in inputs:
        source = ImageSource.of(str(each), deep=recursive)
        source.require_images()
        for item in sorted(source.items(), key=partial(_parts, source)):
            found.setdefault(item.key, source.path_of(item))
    return list(found.values())


def require_local(inputs: Iterable[str | Path]) -> None:
    """Refuse URLs of buckets and web servers with an ImageError."""
    for each in inputs:
        if Location.parse(str(each)).root:
            raise ImageError(f"{each}: buckets and web servers are read by mattekit run --engine ray; add that")


class _Inputs:
    """All inputs of a run, to be asked about places.

    Args:
        sources: the inputs.
        out: where the results go.
    """

    def __init__(self, sources: Sequence[ImageSource], out: Location) -> None:
        self._out = out
        self._singles = {each.place.literal: index for index, each in reversed(list(enumerate(sources))) if each.single}
        self._others = [(index, source) for index, source in enumerate(sources) if not source.single]
        # Of ten million results none needs to be looked for in a bucket that none of them goes to.
        self._near = [each for _, each in self._others if each.place in out.around() or out in each.place.around()]

    def have(self, place: Location, *, before: int) -> bool:
        """Tell whether one of the first `before` sources stands for the file at this place."""
        single = self._singles.get(place.literal, before)
        return single < before or any(source.has(place) for index, source in self._others if index < before)

    def require_apart(self, name: str) -> None:
        """Make sure that a result of this name is no input."""
        if not self._singles and not self._near:
            return
        target = self._out.below(name)
        if target.literal in self._singles:
            raise ImageError(f"{target}: the result would overwrite an input; choose another folder or a suffix")
        for source in self._near:
            if source.has(target):
                raise _among_inputs(target, source)


def _among_inputs(place: Location, source: ImageSource) -> InputError:
    return InputError(f"{place}: the results would lie among the inputs ({source.text}); choose another place")


def _placed(source: ImageSource, out: Location, *, alone: bool) -> ImageSource:
    """Return a source of a run with the place of its results, whose folder is left out of it."""
    skip = source.place.inside(out) if not source.single else None
    if source.is_folder and skip == "":
        raise _among_inputs(out, source)
    name = source.place.name or PurePosixPath(source.place.root).name
    prefix = f"{name}/" if source.is_folder and not alone and name else ""
    return replace(source, prefix=prefix, skip=skip or "")


def _parts(source: ImageSource, item: StoredFile) -> list[str]:
    return source.place.name_of(item.key).split("/")

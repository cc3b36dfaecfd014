"""What an argument stands for, on this machine and in buckets: an image, a folder or prefix of them, or a pattern.

A run over videos finds its inputs in the same way; which kind is looked for, a `SourceKind` says.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ..core import ImageError, InputError
from ..images import READABLE_EXTENSIONS, WRITABLE_EXTENSIONS
from .location import BESIDE, Location
from .stores import StoredFile, open_store
from .video.formats import VIDEO_EXTENSIONS

__all__ = ["BESIDE", "IMAGES", "ImageSource", "SourceKind"]


@dataclass(frozen=True)
class SourceKind:
    """What is looked for.

    Attributes:
        name: of one, in messages.
        extensions: in lower case, by which files in folders are taken.
        require: called with a file that was named itself; raises where that is of another kind.
        takes: looks into a file of a folder whose extension doesn't tell enough.
        error: what is raised.
    """

    name: str
    extensions: frozenset[str]
    require: Callable[[Path], None]
    takes: Callable[[Path], bool] | None = None
    error: type[InputError] = ImageError

    @property
    def looked_for(self) -> str:
        """Say which extensions those are."""
        return f"looked for {', '.join(sorted(self.extensions))}"


def _require_image(path: Path) -> None:
    if path.suffix.lower() in VIDEO_EXTENSIONS:
        raise ImageError(f"{path}: it is a video; run it with: mattekit video {path} -o OUT")


IMAGES = SourceKind("image", frozenset(READABLE_EXTENSIONS), _require_image)


@dataclass(frozen=True)
class ImageSource:
    """What one argument stands for.

    Attributes:
        text: as the user named it.
        place: of the image or the folder; of a pattern, the folder below which its images lie.
        single: an image.
        pattern: the parts of a pattern below its place.
        deep: whether the folders inside a folder are searched.
        prefix: put before the names of its results.
        skip: a name below the place where nothing is an input, such as that of the folder of the results.
        kind: of what it stands for.
    """

    text: str
    place: Location
    single: bool = False
    pattern: tuple[str, ...] = ()
    deep: bool = True
    prefix: str = ""
    skip: str = ""
    kind: SourceKind = IMAGES

    @classmethod
    def of(cls, text: str, *, deep: bool = True, kind: SourceKind = IMAGES) -> ImageSource:
        """Look at what `text` names. A name that exists is never read as a pattern: `photo[1].jpg` works.

        Args:
            text: a path or a URL, or a pattern with `*`, `?`, `[...]`, and `**` for any folders between.
            deep: as the field.
            kind: as the field.

        Raises:
            ImageError: there is no such file, it is a video, or it can't be looked at; of another kind, its error.
            InputError: as `Location.parse`.
        """
        place = Location.parse(text)
        return _of_path(text, place, deep=deep, kind=kind) if not place.root else _of_url(text, place)

    @property
    def is_folder(self) -> bool:
        """Tell whether it stands for all images of a folder or a prefix."""
        return not self.single and not self.pattern

    def items(self) -> Generator[StoredFile]:
        """Give the images, of a folder or a pattern in no certain order and without holding them.

        Those are files with an extension that is read. Names that begin with a dot are left out, but where a pattern
        says the dot; links to files are taken, links to folders are not followed. A pattern stands for files alone, not
        for folders that it matches. A single file is taken whatever it is called.

        Raises:
            InputError: a folder or a prefix can't be listed.
        """
        store = open_store(self.place.root)
        if self.single:
            found = None if self.place.root.startswith("http") else store.stat(self.place.key)
            yield found or StoredFile(self.place.key, 0, "")
            return
        depth = None if "**" in self.pattern or (self.is_folder and self.deep) else len(self.pattern) or 1
        hidden = any(part.startswith(".") for part in self.pattern)
        skip = self.place.below(self.skip).key if self.skip else ""
        for item in store.walk(self.place.key, depth=depth, hidden=hidden, skip=skip):
            if self._takes(self.place.name_of(item.key)) and (self.place.root or self._wants(item.key)):
                yield item

    def left_out(self) -> Generator[str]:
        """Give the extensions, in lower case, of what a folder on this machine holds beside its images."""
        if not self.is_folder or self.place.root:
            return
        skip = self.place.below(self.skip).key if self.skip else ""
        for item in open_store(self.place.root).walk(self.place.key, depth=None if self.deep else 1, skip=skip):
            name = self.place.name_of(item.key)
            if not self._takes(name) and not any(part.startswith(".") for part in name.split("/")):
                yield Path(name).suffix.lower() or "without an extension"

    def has(self, place: Location) -> bool:
        """Tell whether a file at `place` would be one of its images; links are not followed."""
        mine, its = self.place.literal, place.literal
        if self.single or mine[0] != its[0]:
            return self.single and mine == its
        slash = "/" if place.root else os.sep
        inside = not mine[1] or its[1].startswith(f"{mine[1].rstrip(slash)}{slash}")
        return inside and self._takes(self.place.name_of(place.key))

    def path_of(self, item: StoredFile) -> Path:
        """Return the path of one of its images on this machine, below what the user typed."""
        named = Path(self.text) if "://" not in self.text else Path(self.place.key)
        if self.single:
            return named
        if not self.pattern:
            return named / self.place.name_of(item.key)
        parts = named.parts[: len(named.parts) - len(self.pattern)]
        return Path(*parts, self.place.name_of(item.key))

    def require_images(self) -> None:
        """List until the first image.

        Raises:
            ImageError: there is none.
        """
        if self.single or next(self.items(), None) is not None:
            return
        name, error = self.kind.name, self.kind.error
        if self.pattern:
            raise error(f"{self.text}: no {name} matches this pattern; {self.kind.looked_for}")
        if self.place.root:
            raise error(f"{self.text}: no such {name}, and no {name}s in this folder ({self.kind.looked_for})")
        deeper = "" if self.deep else "; the folders inside it were not searched"
        raise error(f"{self.text}: no {name}s in this folder{deeper} ({self.kind.looked_for})")

    def _wants(self, key: str) -> bool:
        """Tell whether a file of this machine is an input, by what is in it and beside it."""
        if self.kind is IMAGES:
            return not _is_beside(key)
        return self.kind.takes is None or self.kind.takes(Path(key))

    def _takes(self, name: str) -> bool:
        parts = tuple(name.split("/"))
        if os.path.splitext(parts[-1])[1].lower() not in self.kind.extensions:  # noqa: PTH122 - thousands a second
            return False
        if self.skip and f"{name}/".startswith(f"{self.skip}/"):
            return False
        if self.pattern:
            return _fits(parts, self.pattern)
        return not any(part.startswith(".") for part in parts) and (self.deep or len(parts) == 1)


def _is_beside(key: str) -> bool:
    """Tell whether a file is the result that a command laid beside the image that is called so without its ending."""
    stem, ending = os.path.splitext(key)  # noqa: PTH122 - as above
    image = next((stem.removesuffix(f"-{word}") for word in BESIDE.values() if stem.endswith(f"-{word}")), None)
    if image is None or ending.lower() not in WRITABLE_EXTENSIONS:
        return False
    path = Path(image)
    return any(each.suffix.lower() in READABLE_EXTENSIONS for each in path.parent.glob(f"{glob.escape(path.name)}.*"))


def _of_path(text: str, place: Location, *, deep: bool, kind: SourceKind) -> ImageSource:
    path = Path(place.key if "://" in text else text)
    try:
        if path.is_dir():
            return ImageSource(text, place, deep=deep, kind=kind)
        if path.exists():
            kind.require(path)
            return ImageSource(text, place, single=True, kind=kind)
    except (OSError, ValueError) as error:
        # An OSError's own text holds the name once more.
        reason = getattr(error, "strerror", None) or str(error)
        raise kind.error(f"{text}: it can't be looked at ({reason}); check the name and the permissions") from error
    if not glob.has_magic(text):
        raise kind.error(f"{text}: there is no such file or folder; check the name")
    parts, fixed = path.parts, 0
    while fixed < len(parts) - 1 and (not glob.has_magic(parts[fixed]) or Path(*parts[: fixed + 1]).is_dir()):
        fixed += 1
    folder = Path(*parts[:fixed])
    if not folder.is_dir():
        raise kind.error(f"{text}: no {kind.name} matches this pattern, for there is no folder {folder}")
    return ImageSource(text, Location.parse(str(folder)), pattern=parts[fixed:], kind=kind)


def _of_url(text: str, place: Location) -> ImageSource:
    store = open_store(place.root)
    if place.root.startswith("http") or (not text.endswith("/") and store.stat(place.key) is not None):
        return ImageSource(text, place, single=True)
    if not glob.has_magic(place.key) or next(store.walk(place.key), None) is not None:
        return ImageSource(text, place)
    parts = place.key.split("/")
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return ImageSource(text, Location(place.root, "/".join(parts[:fixed])), pattern=tuple(parts[fixed:]))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a name's parts are as the pattern's; `**` stands for any folders, wildcards for no dot in front."""
    if not parts or not pattern:
        return not parts and not pattern
    if pattern[0] == "**" and len(pattern) > 1 and _fits(parts, pattern[1:]):
        return True
    if parts[0].startswith(".") and not pattern[0].startswith("."):
        return False
    if pattern[0] == "**":
        return len(parts) == 1 == len(pattern) or _fits(parts[1:], pattern)
    return fnmatch(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])

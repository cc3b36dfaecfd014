"""Which files to read, and what to call the results."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import ImageError
from ..images.extensions import READABLE_EXTENSIONS
from .video import VIDEO_EXTENSIONS

__all__ = ["collect_inputs", "output_names"]


def collect_inputs(
    inputs: Sequence[str | Path], *, recursive: bool = False, extensions: frozenset[str] = READABLE_EXTENSIONS
) -> list[Path]:
    """Return the files that files, folders and glob patterns stand for.

    The order is that of the arguments; within a folder or a pattern it is sorted by name. A file that is named twice
    comes once, at its first place. In folders, files with one of `extensions` are taken, hidden ones left out; a file
    named outright is taken whatever it is called. A name that exists is never read as a pattern: `photo[1].jpg` works.

    Args:
        inputs: paths, or patterns with `*`, `?`, `[...]`, and `**` for any folders between.
        recursive: take the folders inside folders too.
        extensions: lower case, with the dot.

    Raises:
        ImageError: there are no inputs; or one of them doesn't exist, can't be listed, or gives nothing.
    """
    if not inputs:
        raise ImageError("no inputs were given; name a picture, a folder or a pattern such as 'photos/*.jpg'")
    found: dict[str, Path] = {}
    for item in inputs:
        for path in _expand(item, recursive, extensions):
            found.setdefault(os.path.normpath(path.absolute()), path)
    return list(found.values())


def output_names(inputs: Sequence[Path], out_dir: Path, suffix: str = "", extension: str = ".png") -> list[Path]:
    """Return a path in `out_dir` for each input, in order: the input's stem, `suffix`, `extension`.

    No two are the same, capitals aside. Inputs whose names would fall together keep their own extensions
    (`a.jpg` and `a.png` give `a-jpg.png` and `a-png.png`); those that still would (`x/a.jpg` and `y/a.jpg`) are
    numbered from the second on (`a.png`, `a-2.png`), in the order of the inputs. So the names depend on the list of
    inputs alone, never on what lies in `out_dir`.

    Args:
        inputs: as `collect_inputs` gives them.
        out_dir: the folder of the results.
        suffix: put behind the stem, such as `-mask`.
        extension: of the results, with the dot.

    Raises:
        ImageError: a result would overwrite one of the inputs.
    """
    groups: dict[str, set[str]] = {}
    for path in inputs:
        groups.setdefault(path.stem.casefold(), set()).add(path.suffix.casefold())
    stems = [
        f"{path.stem}-{path.suffix[1:]}" if len(groups[path.stem.casefold()]) > 1 and path.suffix else path.stem
        for path in inputs
    ]
    # A stem that some input bears unnumbered is never given to another by numbering.
    reserved = {stem.casefold() for stem in stems}
    used: set[str] = set()
    names: list[Path] = []
    for stem in stems:
        name, number = stem, 2
        while name.casefold() in used or (name != stem and name.casefold() in reserved):
            name, number = f"{stem}-{number}", number + 1
        used.add(name.casefold())
        names.append(out_dir / f"{name}{suffix}{extension}")
    originals = {os.path.normcase(path.absolute()) for path in inputs}
    for name in names:
        if os.path.normcase(name.absolute()) in originals:
            raise ImageError(f"{name}: the result would overwrite an input; choose another folder or a suffix")
    return names


def _expand(item: str | Path, recursive: bool, extensions: frozenset[str]) -> list[Path]:
    """Return the files of one argument, at least one."""
    path = Path(item)
    try:
        if path.is_dir():
            return _in_folder(path, recursive, extensions)
        if path.exists():
            if path.suffix.lower() in VIDEO_EXTENSIONS:
                raise ImageError(f"{path}: it is a video; run it with: mattekit video {path} -o OUT")
            return [path]
    except (OSError, ValueError) as error:
        # An OSError's own text holds the name once more.
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"{item}: it can't be looked at ({reason}); check the name and the permissions") from error
    if "://" in str(item):
        raise ImageError(f"{item}: buckets and web servers are read by mattekit run --engine ray; add that")
    if not glob.has_magic(str(item)):
        raise ImageError(f"{item}: there is no such file or folder; check the name")
    matches: list[Path] = []
    for match in sorted(glob.glob(str(item), recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute patterns
        found = Path(match)
        if found.is_file() and found.suffix.lower() in extensions:
            matches.append(found)
    if not matches:
        raise ImageError(f"{item}: no picture matches this pattern; looked for {', '.join(sorted(extensions))}")
    return matches


def _in_folder(folder: Path, recursive: bool, extensions: frozenset[str]) -> list[Path]:
    """Return the pictures in a folder, sorted; symbolic links to folders are not followed."""

    def refuse(error: OSError) -> None:
        raise ImageError(f"{error.filename}: the folder can't be listed ({error.strerror}); check its permissions")

    found: list[Path] = []
    for top, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [] if not recursive else [name for name in folders if not name.startswith(".")]
        found += [
            Path(top) / name for name in files if not name.startswith(".") and Path(name).suffix.lower() in extensions
        ]
    if not found:
        deeper = "" if recursive else "; the folders inside it were not searched"
        raise ImageError(f"{folder}: no pictures in this folder{deeper} (looked for {', '.join(sorted(extensions))})")
    return sorted(found)

"""Where the results of a command go: a folder, one file, the standard output, or beside the image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..core import InputError
from ..images import READABLE_EXTENSIONS, WRITABLE_EXTENSIONS
from .location import BESIDE, STANDARD, Location
from .pipeline_settings import RunSettings

__all__ = ["is_file_name", "require_folder_name", "settle_destination"]

_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{2,3}")


def is_file_name(out: str) -> bool:
    """Tell whether a result's place is one file or the standard output: a name of an image that is no folder."""
    if Location.parse(out).root:
        return False
    path = Path(out)
    named = path.suffix.lower() in {*READABLE_EXTENSIONS, *WRITABLE_EXTENSIONS}
    return out == STANDARD or (named and not path.is_dir())


def require_folder_name(out: str, inputs: Sequence[str | Path]) -> None:
    """Refuse the name of a new folder that looks like one file's, of a format that no image is written in.

    Args:
        out: not by `is_file_name`.
        inputs: a folder for the results of several may be called as one likes.

    Raises:
        InputError: a result of one file would lie in a folder of a name such as `out.jgp`.
    """
    alone = len(inputs) == 1 and Path(inputs[0]).is_file()
    if alone and _ENDING.fullmatch(Path(out).suffix) and not out.endswith("/") and not Path(out).exists():
        raise InputError(
            f"{out}: no image can be written as {Path(out).suffix}; use one of {', '.join(WRITABLE_EXTENSIONS)}, or "
            f"{out}/ if it is to be a folder"
        )


def settle_destination(
    inputs: Sequence[str], out: str | None, settings: RunSettings, command: str
) -> tuple[list[str], str]:
    """Return the inputs of a command, and where its results go.

    Where no option says so, the last of several arguments is the place; a single image's result lies beside it, under
    a name of its own; and what is read from the standard input goes to the standard output. None of these ever takes
    the place of a file that is there.

    Args:
        inputs: the arguments.
        out: what the option says; None where it is left out.
        settings: of the run.
        command: a key of `BESIDE`.

    Raises:
        ImageError: the one input is not there.
        InputError: the place is a file that is there already, or must be named.
    """
    given = list(inputs)
    if out is not None:
        return given, out
    if len(given) > 1:
        *given, out = given
        if Path(out).is_file():
            raise InputError(
                f"{out}: it is there already, and would be overwritten by the result of {given[0]}; name the place of "
                "the results with -o"
            )
        return given, out
    (source,) = given
    if source == STANDARD:
        return given, STANDARD
    path = Path(source)
    if not path.is_file():
        from .inputs import ImageSource

        # What is not there at all is said to be so.
        ImageSource.of(source)
        raise InputError(f"{source}: it is no single image, so name the folder of its results with -o")
    beside = path.with_name(f"{path.stem}-{BESIDE[command]}{settings.extension_of(path.name)}")
    if beside.exists():
        raise InputError(f"{beside}: it is there already; move it away, or name the result with -o")
    return given, str(beside)

"""Where a folder goes that is asked for."""

from __future__ import annotations

from pathlib import Path

from .errors import InputError

__all__ = ["make_folder", "place_of"]


def make_folder(folder: Path) -> None:
    """Make a folder with those around it, where it is not there.

    Raises:
        InputError: a file stands in the way, or the system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{folder}: a file stands where a folder is needed; choose another folder") from error
    except OSError as error:
        raise InputError(f"{folder}: the folder cannot be made ({error.strerror}); choose another one") from error


def place_of(target: Path) -> Path:
    """Return where a folder that is to be replaced really lies.

    The new one is another one for the system: a shell inside of the old one would be nowhere.

    Raises:
        InputError: it is the working folder or around it, or a link that leads to itself.
    """
    try:
        place = target.resolve()
        circular = place.is_symlink()
    except (OSError, RuntimeError):
        place, circular = target, True
    if circular:
        raise InputError(f"{target}: the link leads to itself; remove it or choose another name")
    here = Path.cwd()
    if place in {here, *here.parents}:
        raise InputError(
            f"{target}: this is the folder that you are in, or one around it, which is not replaced; name a new one, "
            f"such as {target / 'NAME'}"
        )
    return place if target.is_symlink() or target.name in {"", ".."} else target

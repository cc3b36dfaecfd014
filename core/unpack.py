"""ZIP archives from elsewhere, unpacked within limits and into their folder only."""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from .errors import InputError

__all__ = ["MAX_MEMBERS", "MAX_RATIO", "unpack"]

MAX_MEMBERS = 200_000
"""Files that an archive may hold."""

MAX_RATIO = 20
"""How many times its own size an archive may unpack to; images hardly shrink."""

_ALWAYS_ALLOWED = 64 << 20


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a ZIP archive into a folder that is there.

    Raises:
        InputError: it is no ZIP archive or is damaged, a name in it leads out of the folder, or it would unpack to
            more than `MAX_RATIO` times its size or to more than `MAX_MEMBERS` files. What was unpacked until then is
            for the caller to remove.
    """
    limit = max(_ALWAYS_ALLOWED, MAX_RATIO * archive.stat().st_size)
    try:
        with zipfile.ZipFile(archive) as content:
            members = content.infolist()
            if len(members) > MAX_MEMBERS:
                raise InputError(f"{archive.name} holds {len(members)} files, more than {MAX_MEMBERS}; not unpacked")
            for member in members:
                _require_inside(archive, member)
            # A member is never read beyond the size that is stated for it.
            total = sum(member.file_size for member in members)
            if total > limit:
                raise InputError(f"{archive.name} would unpack to {total:,} bytes, more than {limit:,}; not unpacked")
            for member in members:
                target = folder / member.filename
                if member.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{archive.name} is not a ZIP archive that can be unpacked ({error})") from error
    except FileExistsError as error:
        raise InputError(f"{archive.name} holds {Path(error.filename).name} twice; not unpacked") from error


def _require_inside(archive: Path, member: zipfile.ZipInfo) -> None:
    """Refuse names that lead out of the folder, and what is neither a file nor a folder, such as a link."""
    name = member.filename
    path = PurePosixPath(name)
    kind = member.external_attr >> 28
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not name.isprintable():
        raise InputError(f"{archive.name}: the name {name!r} in it leads out of the folder; not unpacked")
    if kind not in {0, 0o4, 0o10}:
        raise InputError(f"{archive.name}: {name!r} in it is neither a file nor a folder; not unpacked")

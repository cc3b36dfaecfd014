"""One file out of a folder, the same bytes for the same contents."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ...core import atomic_path

__all__ = ["write_zip"]


def write_zip(folder: Path, target: Path) -> None:
    """Write every file of a folder into a ZIP archive, in the order of their names and without their times."""
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())

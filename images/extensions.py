"""Which files are images, by their names: light, so that inputs are known before what reads them is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from ..core import ImageError

__all__ = ["READABLE_EXTENSIONS", "WRITABLE_EXTENSIONS", "PngCompression", "format_of"]

PngCompression: TypeAlias = Literal["fast", "small"]
"""Quick, or as small as other writers' files."""

READABLE_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("avif", "bmp", "gif", "heic", "heif", "hif", "j2k", "jfif", "jp2", "jpe", "jpeg", "jpg"),
        *("arw", "cr2", "cr3", "dng", "nef", "orf", "pef", "raf", "rw2", "srw"),
        *("pbm", "pgm", "png", "pnm", "ppm", "tif", "tiff", "webp"),
    )
)
"""The extensions, in lower case, by which images are found in folders; the content decides how a file is read."""

WRITABLE_EXTENSIONS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".avif": "avif",
}
"""The extensions, in lower case, that an image can be written to, and the format of each."""


def format_of(path: str | Path) -> str:
    """Return the format that a file's extension stands for: png, jpeg, webp, tiff, bmp or avif.

    Raises:
        ImageError: no image can be written to that extension; the message lists those that can.
    """
    extension = Path(path).suffix.lower()
    if extension not in WRITABLE_EXTENSIONS:
        asked = f"the extension {extension!r}" if extension else "a name without an extension"
        raise ImageError(f"{path}: can't write {asked}; use one of {', '.join(WRITABLE_EXTENSIONS)}")
    return WRITABLE_EXTENSIONS[extension]

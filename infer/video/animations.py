"""How long the last frame of an animation is shown, which FFmpeg's encoders don't take from it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

__all__ = ["lengthen_webp"]


def lengthen_webp(path: Path, milliseconds: int) -> None:
    """Let the last frame of an animated WebP last until the whole is as long as is said; nothing where it has none."""
    with path.open("r+b") as file:
        data = memoryview(file.read())
        frames = [start for kind, start in _chunks(data) if kind == b"ANMF"]
        if not frames:
            return
        # A frame's duration is a number of three bytes behind its place and size.
        places = [start + 12 for start in frames]
        durations = [int.from_bytes(data[at : at + 3], "little") for at in places]
        last = milliseconds - sum(durations[:-1])
        if last > 0:
            file.seek(places[-1])
            file.write(min(last, (1 << 24) - 1).to_bytes(3, "little"))


def _chunks(data: memoryview) -> Iterator[tuple[bytes, int]]:
    """Yield the name of each chunk of a RIFF file, and where its content begins."""
    at = 12
    while at + 8 <= len(data):
        name, (size,) = bytes(data[at : at + 4]), struct.unpack_from("<I", data, at + 4)
        yield name, at + 8
        at += 8 + size + size % 2

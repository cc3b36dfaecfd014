"""How long the last frame of an animation is shown, which FFmpeg's encoders don't take from it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

__all__ = ["lengthen"]


def lengthen(path: Path, milliseconds: int) -> None:
    """Let the last frame of an animated GIF or WebP last until the whole is as long as is said."""
    with path.open("r+b") as file:
        data = memoryview(file.read())
        if bytes(data[:3]) == b"GIF":
            # A number of two bytes behind the flags, in hundredths of a second.
            places, size, unit = [at + 4 for at in _controls(data)], 2, 10
        else:
            # One of three bytes behind the frame's place and size, in thousandths.
            places, size, unit = [at + 12 for name, at in _chunks(data) if name == b"ANMF"], 3, 1
        durations = [int.from_bytes(data[at : at + size], "little") for at in places]
        last = round(milliseconds / unit) - sum(durations[:-1])
        if places and last > 0:
            file.seek(places[-1])
            file.write(min(last, (1 << 8 * size) - 1).to_bytes(size, "little"))


def _controls(data: memoryview) -> Iterator[int]:
    """Yield where each block begins that says how a GIF's next frame is shown."""

    def table(flags: int) -> int:
        return 3 << (flags & 7) + 1 if flags & 128 else 0

    def behind(at: int) -> int:
        """Return what follows a row of pieces, each behind its length."""
        while at < len(data) and data[at]:
            at += data[at] + 1
        return at + 1

    at = 13 + table(data[10])
    while at + 10 < len(data) and data[at] in (0x21, 0x2C):
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                yield at
            at = behind(at + 2)
        else:
            at = behind(at + 11 + table(data[at + 9]))


def _chunks(data: memoryview) -> Iterator[tuple[bytes, int]]:
    """Yield the name of each chunk of a RIFF file, and where its content begins."""
    at = 12
    while at + 8 <= len(data):
        name, (size,) = bytes(data[at : at + 4]), struct.unpack_from("<I", data, at + 4)
        yield name, at + 8
        at += 8 + size + size % 2

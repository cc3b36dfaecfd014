"""How many bits a file stores for each sample, for formats of which Pillow gives 8 without a word."""

from __future__ import annotations

import re

__all__ = ["stored_bits"]

_PPM = re.compile(rb"P[36](?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+\d+(?:\s+|#[^\n]*\n)+(\d{1,5})\s")
_SIZ = b"\xff\x4f\xff\x51"
_HIGH, _TWELVE = 0x40, 0x20


def stored_bits(kind: str | None, data: bytes) -> int:
    """Return the bits of a sample in a file of Pillow's format `kind`; 0 where they are unknown."""
    if kind == "PNG" and len(data) > 24:
        return data[24]
    if kind == "PPM":
        found = _PPM.match(data[:1024])
        return int(found[1]).bit_length() if found else 0
    if kind == "JPEG2000":
        # The first component's precision less one, behind the size of the image and of its tiles.
        at = data.find(_SIZ) + len(_SIZ) + 38
        return (data[at] & 0x7F) + 1 if _SIZ in data and at < len(data) else 0
    if kind == "AVIF":
        at = data.find(b"av1C") + 6
        if at < 6 or at >= len(data):
            return 0
        return (12 if data[at] & _TWELVE else 10) if data[at] & _HIGH else 8
    return 0

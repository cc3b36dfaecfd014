"""How a stored image is turned to be shown, as containers say it."""

from __future__ import annotations

import struct

__all__ = ["orientation_of"]

# Where the stored axes go: the signs of the matrix's upper left four numbers (a, b, c, d), for which
# x' = a x + c y and y' = b x + d y with y pointing down.
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


def orientation_of(matrix: bytes) -> int | None:
    """Return the EXIF orientation (1-8) that a display matrix stands for.

    Args:
        matrix: nine native 32-bit integers, as FFmpeg hands them on.

    Returns:
        None for a matrix that turns by anything else than a multiple of 90 degrees.
    """
    if len(matrix) != 36:
        return None
    a, b, _, c, d = struct.unpack("=9i", matrix)[:5]
    largest = max(abs(a), abs(b), abs(c), abs(d))
    # A camera's quarter turn is exact; 1% of skew is rounding.

    def sign(value: int) -> int:
        return 0 if abs(value) * 100 <= largest else (1 if value > 0 else -1)

    return _ORIENTATIONS.get((sign(a), sign(b), sign(c), sign(d)))

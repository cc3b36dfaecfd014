"""Text from outside, made safe to show: names and messages may hold anything."""

from __future__ import annotations

__all__ = ["last_line", "printable"]


def printable(text: str, *, lines: bool = False) -> str:
    r"""Return the text with everything that a terminal could obey written out, such as `\x1b` and `\n`.

    Args:
        text: anything; half of a surrogate pair, as names of bytes that are no UTF-8 have, is written out too.
        lines: leave line feeds and tabs as they are.
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(
        letter if letter.isprintable() or letter in kept else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def last_line(error: BaseException) -> str:
    """Return what a native library's long message ends with, in at most 200 characters; its class where it is empty."""
    rows = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(rows[-1])[:200] if rows else type(error).__name__
